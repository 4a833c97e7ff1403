//! Figures to an order.

/// A group's figures; of both, lower is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    /// What counts first.
    pub(super) first: f64,
    /// What decides among those that are as good as each other by the first; `None` decides nothing.
    pub(super) then: Option<f64>,
}

/// An order of the places of `figures`.
///
/// Who has no figure keeps the place that it is listed at; the others share the places that are left.
/// There the better comes first, but who stood before gives way only to one that is better by more
/// than the margin, a share of the better figure: figures that differ by noise alone leave an order as it is. `standing` is the last
/// order, at first that of the list.
pub(super) fn settle(standing: &[usize], figures: &[Option<Figure>], margin: f64) -> Vec<usize> {
    let figure = |place: &usize| figures.get(*place).copied().flatten();
    let mut rest: Vec<(usize, Figure)> =
        standing.iter().filter_map(|place| Some((*place, figure(place)?))).collect();
    let places = 0..figures.len();
    places
        .map(|place| if figure(&place).is_some() { next(&mut rest, margin) } else { place })
        .collect()
}

/// Takes out the one that comes next; `rest` is in the standing order and not empty.
fn next(rest: &mut Vec<(usize, Figure)>, margin: f64) -> usize {
    let best = rest.iter().map(|(_, figure)| figure.first).fold(f64::INFINITY, f64::min);
    let is_as_low = |figure: f64, best: f64| figure <= best * (1.0 + margin);
    let is_close = |figure: &Figure| is_as_low(figure.first, best);
    let close = rest.iter().filter(|(_, figure)| is_close(figure));
    let then = close.filter_map(|(_, figure)| figure.then).fold(f64::INFINITY, f64::min);
    // The first of the standing order that nobody beats by either figure.
    let is_as_good = |figure: &Figure| figure.then.is_none_or(|it| is_as_low(it, then));
    let unbeaten = |(_, figure): &(usize, Figure)| is_close(figure) && is_as_good(figure);
    let index = rest.iter().position(unbeaten).unwrap_or_default();
    rest.remove(index).0
}
