//! Series agree with the requests that they are made of.

use std::collections::BTreeMap;
use std::time::Duration;

use sanso_history::Range;
use sanso_watch::{
    BreakerMoved, BreakerState, Degradation, Event, Finished, JustBefore, Kind, Mark, MarkKind,
    Millis, Outcome, Series,
};

use crate::support::{DAY, Dir, HOUR, MINUTE, NOW, finished, mixed, note};

fn counted(series: &Series, requests: &[Finished], of: impl Fn(&Finished) -> bool) -> Vec<u64> {
    let mut counts = vec![0; series.t.len()];
    for request in requests.iter().filter(|request| of(request)) {
        let point = series.t.iter().rposition(|start| *start <= request.at).unwrap();
        counts[point] += 1;
    }
    counts
}

fn rates(counts: &[u64], of: &[u64]) -> Vec<Option<f64>> {
    counts.iter().zip(of).map(|(n, of)| (*of > 0).then(|| *n as f64 / *of as f64)).collect()
}

fn told(counts: &[Option<u32>]) -> Vec<u64> {
    counts.iter().map(|count| count.expect("the gateway had started").into()).collect()
}

fn is_asked(request: &Finished) -> bool {
    match request.degradation {
        Degradation::Full
        | Degradation::Partial
        | Degradation::Degraded
        | Degradation::Unavailable => true,
        Degradation::Cancelled | Degradation::Rejected => false,
    }
}

#[test]
fn every_value_is_that_of_the_requests_at_every_step() {
    let mut rng = fastrand::Rng::with_seed(5);
    let dir = Dir::new();
    let history = dir.history();
    let requests: Vec<Finished> =
        (0..1500).map(|n| mixed(&mut rng, &format!("r{n}"), NOW.minus(2 * DAY), NOW)).collect();
    history.note(Event::Mark(mark(NOW.minus(3 * DAY), MarkKind::Start, "started")));
    note(&history, &requests);
    history.flush().unwrap();
    // Of minutes, of hours, of days.
    for (points, step_s) in [(2000, 120), (100, 1800), (48, 3600), (2, 86_400)] {
        let range = Range::last(Duration::from_millis(2 * DAY), NOW);
        let series = history.series(range, points, None).unwrap();
        assert_eq!(series.step_s, step_s);
        let count = |of: &dyn Fn(&Finished) -> bool| counted(&series, &requests, of);
        let main = &series.model_groups["main"];
        let asked = count(&is_asked);
        let level = |level| rates(&count(&|r| r.degradation == level), &asked);
        assert_eq!(told(&main.requests), asked);
        assert_eq!(main.fallback_rate, level(Degradation::Partial));
        assert_eq!(main.unavailable_rate, level(Degradation::Unavailable));
        assert_eq!(main.degraded_rate, level(Degradation::Degraded));
        let served = |id: &str| {
            rates(&count(&|r| r.deployment.as_deref() == Some(id) && is_asked(r)), &asked)
        };
        let expected = vec![vec![served("main-a"), served("main-b")], vec![served("small-a")]];
        assert_eq!(main.served, expected);
        assert_eq!(told(&series.model_groups["small"].requests), vec![0; series.t.len()]);
        providers(&series, &requests);
        soft(&series, &requests);
        cost_and_latency(&series, &requests);
    }
}

fn attempts(requests: &[Finished], of: impl Fn(&str, Outcome) -> bool) -> Vec<Finished> {
    let made = requests.iter().flat_map(|request| {
        let of = &of;
        request.attempts.iter().filter(move |a| of(&a.deployment, a.outcome)).map(move |_| request)
    });
    made.cloned().collect()
}

fn providers(series: &Series, requests: &[Finished]) {
    for (provider, is_its) in [("azure", true), ("openai", false)] {
        let its = |id: &str| (id == "main-b") == is_its;
        let all = counted(series, &attempts(requests, |id, _| its(id)), |_| true);
        assert_eq!(told(&series.providers[provider].attempts), all);
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Cancelled) {
            let failed =
                attempts(requests, |id, outcome| its(id) && outcome == Outcome::Fault(kind));
            let expected = rates(&counted(series, &failed, |_| true), &all);
            assert_eq!(series.providers[provider].kinds[&kind], expected, "{kind}");
        }
        assert!(!series.providers[provider].kinds.contains_key(&Kind::Cancelled));
    }
}

fn soft(series: &Series, requests: &[Finished]) {
    let is_soft = |outcome| outcome == Outcome::Fault(Kind::Soft);
    let of_model = |id: &str| id.starts_with("main");
    let looked_at = attempts(requests, |id, outcome| {
        of_model(id) && (is_soft(outcome) || outcome == Outcome::Success)
    });
    let mut soft = attempts(requests, |id, outcome| of_model(id) && is_soft(outcome));
    let given = requests.iter().filter(|request| {
        request.soft.is_some() && request.deployment.as_deref().is_some_and(of_model)
    });
    soft.extend(given.cloned());
    let all = |requests: &[Finished]| counted(series, requests, |_| true);
    assert_eq!(series.soft["gpt-4.1"], rates(&all(&soft), &all(&looked_at)));
}

fn cost_and_latency(series: &Series, requests: &[Finished]) {
    let mut cost = BTreeMap::<usize, u64>::new();
    let mut durations = vec![Vec::new(); series.t.len()];
    for request in requests {
        let point = series.t.iter().rposition(|start| *start <= request.at).unwrap();
        durations[point].push(request.duration_ms);
        if let Some(usd) = request.cost_usd {
            *cost.entry(point).or_default() += (usd * 1e9).round() as u64;
        }
    }
    for (point, told) in series.cost_usd.answers.iter().enumerate() {
        assert_eq!(*told, cost.get(&point).map(|nano| *nano as f64 / 1e9), "no price is not 0");
    }
    for (point, durations) in durations.iter_mut().enumerate() {
        durations.sort_unstable();
        let rank = (durations.len() as f64 * 0.95).ceil() as usize;
        let exact = rank.checked_sub(1).map(|rank| durations[rank] as f64);
        let told = series.duration_ms.p95[point];
        assert_eq!(told.is_some(), exact.is_some());
        if let Some((told, exact)) = told.zip(exact) {
            assert!((told - exact).abs() <= exact * 0.1 + 1.0, "{told} for {exact}");
        }
    }
}

#[test]
fn one_chain_alone() {
    let dir = Dir::new();
    let history = dir.history();
    let mut other = finished("other", NOW.minus(MINUTE));
    other.model_group = "small".into();
    note(&history, &[finished("one", NOW.minus(MINUTE)), other]);
    history.flush().unwrap();
    let range = Range::last(Duration::from_mins(5), NOW);
    let series = history.series(range, 140, Some("small")).unwrap();
    assert_eq!(series.model_groups.keys().map(|name| &**name).collect::<Vec<_>>(), ["small"]);
    assert_eq!(series.model_groups["small"].requests.iter().flatten().sum::<u32>(), 1);
    assert_eq!(series.cost_usd.answers.iter().flatten().sum::<f64>(), 0.000_25);
    assert_eq!(series.providers.keys().map(|name| &**name).collect::<Vec<_>>(), ["openai"]);
}

#[test]
fn a_group_that_is_no_longer_configured_has_its_series() {
    let dir = Dir::new();
    let history = dir.history();
    let mut old = finished("old", NOW.minus(MINUTE));
    old.model_group = "gone".into();
    note(&history, &[finished("one", NOW.minus(MINUTE)), old]);
    history.flush().unwrap();
    assert_eq!(history.model_groups().unwrap(), ["gone".into(), "main".into()]);
    let range = Range::last(Duration::from_mins(5), NOW);
    let series = history.series(range, 140, Some("gone")).unwrap();
    assert_eq!(series.model_groups.keys().map(|name| &**name).collect::<Vec<_>>(), ["gone"]);
    assert_eq!(series.model_groups["gone"].requests.iter().flatten().sum::<u32>(), 1);
    assert_eq!(series.model_groups["gone"].served, Vec::<Vec<Vec<Option<f64>>>>::new());
    // It stands on no page beside those that are configured.
    let all = history.series(range, 140, None).unwrap();
    assert!(!all.model_groups.contains_key("gone"));
}

fn moved(at: Millis, from: BreakerState, to: BreakerState) -> Event {
    Event::Breaker(BreakerMoved {
        deployment: "main-a".into(),
        at,
        from,
        to,
        kind: Some(Kind::ServerError),
        forced: false,
        next_probe: None,
        window: None,
    })
}

fn mark(at: Millis, kind: MarkKind, what: &str) -> Mark {
    Mark { at, kind, what: what.into() }
}

#[test]
fn breakers_and_marks_in_their_time() {
    use BreakerState::{Closed, HalfOpen, Open};
    let dir = Dir::new();
    let history = dir.history();
    let before = |minutes: u64| NOW.minus(minutes * MINUTE);
    let deploy = mark(before(15), MarkKind::Deploy, "deploy of 14");
    for event in [
        // Open as the range begins.
        moved(before(90), Closed, Open),
        moved(before(50), Open, HalfOpen),
        moved(before(49), HalfOpen, Open),
        moved(before(40), Open, HalfOpen),
        moved(before(39), HalfOpen, Closed),
        moved(before(20), Closed, Open),
        Event::Mark(deploy.clone()),
        // After a start breakers are closed, and nobody says so.
        Event::Mark(mark(before(10), MarkKind::Start, "started")),
        moved(before(5), Closed, Open),
        Event::Mark(mark(before(90), MarkKind::Reload, "too early")),
    ] {
        history.note(event);
    }
    history.flush().unwrap();
    let series = history.series(Range::last(Duration::from_hours(1), NOW), 140, None).unwrap();
    let told: Vec<_> = series.breakers[0]
        .segments
        .iter()
        .map(|s| (NOW.since(s.from) / MINUTE, s.to.map(|to| NOW.since(to) / MINUTE), s.state))
        .collect();
    let expected = [
        (60, Some(50), Open),
        (50, Some(49), HalfOpen),
        (49, Some(40), Open),
        (40, Some(39), HalfOpen),
        (20, Some(10), Open),
        (5, None, Open),
    ];
    assert_eq!(told, expected);
    assert_eq!(series.breakers[0].openings, [before(20), before(5)]);
    assert_eq!(series.breakers.len(), 1, "who stayed closed has no lane");
    assert_eq!(series.marks[0], JustBefore { at: deploy.at, what: deploy.what });
    assert_eq!(series.marks.len(), 2);
}

#[test]
fn a_breaker_that_a_start_closed_before_the_range_has_no_lane() {
    use BreakerState::{Closed, Open};
    let dir = Dir::new();
    let history = dir.history();
    history.note(moved(NOW.minus(3 * HOUR), Closed, Open));
    history.note(Event::Mark(mark(NOW.minus(2 * HOUR), MarkKind::Start, "started")));
    history.flush().unwrap();
    let series = history.series(Range::last(Duration::from_hours(1), NOW), 140, None).unwrap();
    assert_eq!(series.breakers, []);
}
