//! Since when a signal is over its line.

use super::reading::Ratio;
use crate::figures::HOUR;
use crate::millis::Millis;

/// The first minute over the line of those that stayed over, up to now.
///
/// A single minute says little of a quiet group, so it is windows that must stay over: those of `width`
/// that begin at each minute. The first of them begins before the onset, so the onset is the first
/// minute in it that is over the line itself. An hour without requests ends the search.
pub(crate) fn onset(
    minutes: &[(Millis, Ratio)],
    line: f64,
    width: u64,
    now: Millis,
) -> Option<Millis> {
    let is_over = |ratio: Ratio| ratio.rate().is_some_and(|rate| rate > line);
    // Windows that begin later are not whole.
    let last = minutes.partition_point(|(at, _)| *at < now.minus(width));
    let mut first = last;
    let mut sum = minutes[last..].iter().fold(Ratio::default(), |sum, (_, r)| sum.plus(*r));
    let mut end = minutes.len();
    for place in (0..last).rev() {
        let (begin, ratio) = minutes[place];
        if minutes.get(place + 1).is_some_and(|(next, _)| next.since(begin) >= HOUR) {
            break;
        }
        sum = sum.plus(ratio);
        while end > 0 && minutes[end - 1].0 >= begin.plus(width) {
            end -= 1;
            let gone = minutes[end].1;
            sum = Ratio { count: sum.count - gone.count, of: sum.of - gone.of };
        }
        if !is_over(sum) {
            break;
        }
        first = place;
    }
    minutes[first..].iter().find(|(_, ratio)| is_over(*ratio)).map(|(at, _)| *at)
}
