//! The live figures and the history say the same of the same requests: the page goes from one to the
//! other without a seam.

use std::sync::Arc;
use std::time::Duration;

use sanso_history::{History, Range};
use sanso_watch::{
    BreakerMoved, BreakerState, Event, Finished, GroupSeries, Kind, Mark, MarkKind, Millis,
    Outcome, PercentileSeries, Plan, PlannedChain, ProviderSeries, Series, Sketch, Soft,
    Thresholds, Watch,
};

use crate::support::{DAY, Dir, HOUR, MINUTE, NOW, attempt, finished, mixed, plan};

#[test]
fn a_day_of_mixed_requests() {
    let dir = Dir::new();
    let plan = with_task(plan());
    let history = History::start(dir.settings(), plan.clone()).unwrap();
    let mut watch = Watch::new(plan, Thresholds::default(), None, NOW.minus(2 * DAY));
    for event in requests().chain(what_else()) {
        watch.note(&event);
        history.note(event);
    }
    history.flush().unwrap();
    let range = Range::last(Duration::from_millis(DAY), NOW);
    // Latencies are in other buckets here and there.
    let off = Sketch::ERROR + 1.0 / 16.0;
    for chain in [None, Some("main"), Some("sum"), Some("small")] {
        let live = watch.series(NOW, sanso_watch::Range::Day, 96, chain);
        let kept = without_first(history.series(range, 96, chain).unwrap());
        assert_eq!((live.t.len(), live.step_s), (96, 900));
        assert_eq!((&kept.t, kept.step_s), (&live.t, live.step_s));
        assert_eq!(kept.model_groups.len(), if chain.is_none() { 3 } else { 1 });
        assert_eq!(kept.model_groups, live.model_groups);
        assert_eq!(kept.marks, live.marks);
        near(&kept.cost_usd.answers, &live.cost_usd.answers, 1e-9);
        for (kept, live) in [(&kept.ttft_ms, &live.ttft_ms), (&kept.duration_ms, &live.duration_ms)]
        {
            near(&kept.p50, &live.p50, off);
            near(&kept.p95, &live.p95, off);
            near(&kept.p99, &live.p99, off);
        }
        // The live figures of a provider are those of all chains.
        if chain.is_none() {
            assert_eq!(kept.providers, live.providers);
            assert_eq!(kept.soft, live.soft);
            assert_eq!(kept.breakers, live.breakers);
        }
    }
}

/// `main` has a second chain, which requests for a task go through.
fn with_task(mut plan: Plan) -> Plan {
    let task = Some(Arc::clone(&plan.tasks[0]));
    let of_task = PlannedChain { task, ..plan.chains[0].clone() };
    plan.chains.push(of_task);
    plan
}

fn requests() -> impl Iterator<Item = Event> {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut requests: Vec<Finished> =
        (0..3000).map(|n| mixed(&mut rng, &format!("r{n}"), NOW.minus(DAY), NOW)).collect();
    for (number, request) in requests.iter_mut().enumerate() {
        if number % 5 == 0 {
            *request = Finished {
                model_group: "small".into(),
                answered_by_group: Some("small".into()),
                deployment: Some("small-a".into()),
                attempts: vec![attempt("small-a", 0, Outcome::Success)],
                ..finished(&request.request_id, request.at)
            };
        }
        let soft = |outcome| (outcome == Outcome::Fault(Kind::Soft)).then_some(Soft::Empty);
        request.attempts.iter_mut().for_each(|attempt| attempt.soft = soft(attempt.outcome));
    }
    requests.sort_by_key(|request| request.at);
    requests.into_iter().map(|request| Event::Request(request.into()))
}

fn what_else() -> impl Iterator<Item = Event> {
    let moved = |ago, from, to| {
        let (deployment, kind) = ("main-a".into(), Some(Kind::ServerError));
        let (forced, next_probe, window) = (false, None, None);
        let at = NOW.minus(ago);
        Event::Breaker(BreakerMoved { deployment, at, from, to, kind, forced, next_probe, window })
    };
    let mark = |at, kind, what: &str| Event::Mark(Mark { at, kind, what: what.into() });
    let events = [
        mark(NOW.minus(2 * DAY), MarkKind::Start, "started"),
        moved(9 * HOUR, BreakerState::Closed, BreakerState::Open),
        moved(8 * HOUR, BreakerState::Open, BreakerState::HalfOpen),
        moved(7 * HOUR, BreakerState::HalfOpen, BreakerState::Closed),
        mark(NOW.minus(HOUR), MarkKind::Reload, "configuration reloaded"),
        moved(10 * MINUTE, BreakerState::Closed, BreakerState::Open),
    ];
    events.into_iter()
}

/// The history's first step is one that the range begins in, the live figures' the first whole one.
fn without_first(mut series: Series) -> Series {
    fn rest<T>(values: &mut Vec<T>) {
        values.remove(0);
    }
    let percentiles = |series: &mut PercentileSeries| {
        [&mut series.p50, &mut series.p95, &mut series.p99].into_iter().for_each(rest);
    };
    rest::<Millis>(&mut series.t);
    for group in series.model_groups.values_mut() {
        let GroupSeries { requests, fallback_rate, unavailable_rate, degraded_rate, served } =
            group;
        rest(requests);
        [fallback_rate, unavailable_rate, degraded_rate].into_iter().for_each(rest);
        served.iter_mut().flatten().for_each(rest);
    }
    for ProviderSeries { attempts, kinds } in series.providers.values_mut() {
        rest(attempts);
        kinds.values_mut().for_each(rest);
    }
    series.soft.values_mut().for_each(rest);
    percentiles(&mut series.ttft_ms);
    percentiles(&mut series.duration_ms);
    rest(&mut series.cost_usd.answers);
    series
}

/// Known at the same points, and as near as the two ways of summing up allow.
fn near(kept: &[Option<f64>], live: &[Option<f64>], share: f64) {
    assert_eq!(kept.len(), live.len());
    for (kept, live) in kept.iter().zip(live) {
        assert_eq!(kept.is_some(), live.is_some(), "{kept:?} and {live:?}");
        let Some((kept, live)) = kept.zip(*live) else { continue };
        assert!((kept - live).abs() <= share * live.max(kept), "{kept} and {live}");
    }
}
