//! Counts are exact, whatever came in whatever order; latencies are told within their error.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use sanso_watch::*;

use crate::rig::*;

/// The chains of the plan, by leg.
const CHAINS: [(&str, &[&[&str]]); 3] = [
    ("main-model", &[&["a"], &["b"]]),
    ("flash", &[&["g"], &["h"]]),
    ("pool", &[&["k1", "k2"], &["d"], &["e"]]),
];

/// A request of one of the chains with some faults on its way.
fn random(rng: &mut fastrand::Rng) -> Finished {
    let (group, legs) = CHAINS[rng.usize(0..CHAINS.len())];
    let mut attempts = Vec::new();
    for (leg, deployments) in legs.iter().enumerate().take(rng.usize(1..=legs.len())) {
        for _ in 0..rng.usize(0..3) {
            let kind = Kind::ALL[rng.usize(0..Kind::ALL.len())];
            let deployment = deployments[rng.usize(0..deployments.len())];
            attempts.push((deployment, leg as u32, Outcome::Fault(kind)));
        }
    }
    let leg = rng.usize(0..legs.len());
    if rng.bool() {
        let deployment = legs[leg][rng.usize(0..legs[leg].len())];
        attempts.push((deployment, leg as u32, Outcome::Success));
    }
    let mut request = request(group, &attempts);
    if request.degradation == Degradation::Unavailable {
        let others = [Degradation::Unavailable, Degradation::Cancelled, Degradation::Rejected];
        request.degradation = others[rng.usize(0..others.len())];
    }
    request.cost_usd = rng.bool().then(|| f64::from(rng.u32(0..1000)));
    request
}

/// What was put in, counted by hand.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    totals: Totals,
    served: BTreeMap<String, u32>,
    attempts: BTreeMap<String, u32>,
    faults: BTreeMap<(String, Kind), u32>,
}

impl Counted {
    fn add(&mut self, request: &Finished) {
        let totals = &mut self.totals;
        let count = match request.degradation {
            Degradation::Full => &mut totals.full,
            Degradation::Partial => &mut totals.partial,
            Degradation::Degraded => &mut totals.degraded,
            Degradation::Unavailable => &mut totals.unavailable,
            Degradation::Cancelled => &mut totals.cancelled,
            Degradation::Rejected => &mut totals.rejected,
        };
        *count += 1;
        let tells = [Degradation::Cancelled, Degradation::Rejected];
        totals.requests += u32::from(!tells.contains(&request.degradation));
        if let Some(usd) = request.cost_usd {
            totals.cost_usd = Some(totals.cost_usd.unwrap_or(0.0) + usd);
        }
        if let Some(deployment) = &request.deployment {
            *self.served.entry(deployment.to_string()).or_default() += 1;
        }
        for attempt in &request.attempts {
            *self.attempts.entry(attempt.deployment.to_string()).or_default() += 1;
            if let Some(kind) = attempt.outcome.kind() {
                *self.faults.entry((attempt.deployment.to_string(), kind)).or_default() += 1;
            }
        }
    }

    /// The same as the page says it.
    fn shown(overview: &Overview) -> Self {
        let mut counted = Self { totals: overview.totals.clone(), ..Self::default() };
        let legs = overview.chains.iter().flat_map(|chain| &chain.legs);
        for shown in legs.flat_map(|leg| &leg.deployments) {
            let name = shown.deployment.to_string();
            if shown.requests > 0 {
                *counted.served.entry(name.clone()).or_default() += shown.requests;
            }
            if shown.attempts > 0 {
                counted.attempts.insert(name.clone(), shown.attempts);
            }
            for (kind, count) in &shown.faults {
                counted.faults.insert((name.clone(), *kind), *count);
            }
        }
        counted
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sums_of_a_thousand_requests_are_what_was_put_in(seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let now = START.plus(HOUR + rng.u64(0..HOUR));
        let mut watch = Watch::new(plan(), Thresholds::default(), None, START);
        let mut counted = Counted::default();
        for _ in 0..1000 {
            // In any order, at any time of the last hour.
            let at = now.minus(rng.u64(0..HOUR));
            let request = Finished { at, ..random(&mut rng) };
            counted.add(&request);
            watch.note(&Event::Request(Arc::new(request)));
        }
        prop_assert_eq!(watch.uncounted(), (0, 0));
        for range in [Range::Hour, Range::SixHours, Range::Day] {
            let shown = Counted::shown(&watch.overview(now, range, &[]));
            prop_assert_eq!(&shown, &counted, "{:?}", range);
        }
        // Over time the same, chain by chain.
        let series = watch.series(now, Range::SixHours, 140, None);
        let asked = series.model_groups.values().flat_map(|group| group.requests.iter().flatten());
        prop_assert_eq!(asked.sum::<u32>(), counted.totals.requests);
        let lost: f64 = series.model_groups.values().map(|group| {
            let each = group.requests.iter().zip(&group.fallback_rate);
            each.map(|(asked, rate)| f64::from(asked.unwrap_or(0)) * rate.unwrap_or(0.0)).sum::<f64>()
        }).sum();
        prop_assert!((lost - f64::from(counted.totals.partial)).abs() < 1e-6);
        let paid: f64 = series.cost_usd.answers.iter().flatten().sum();
        prop_assert_eq!(paid, counted.totals.cost_usd.unwrap_or(0.0));
    }

    #[test]
    fn quantiles_are_within_their_error(mut millis in prop::collection::vec(1_u64..600_000, 1..400), q in 0.0..=1.0_f64) {
        let (mut sketch, mut other) = (Sketch::default(), Sketch::default());
        for (place, millis) in millis.iter().enumerate() {
            if place % 2 == 0 { sketch.add(*millis) } else { other.add(*millis) }
        }
        sketch.merge(&other);
        millis.sort_unstable();
        let rank = (q * millis.len() as f64).ceil().max(1.0) as usize;
        let exact = millis[rank - 1] as f64;
        let told = sketch.quantile(q).unwrap();
        // Of a single millisecond there is no half.
        prop_assert!((told - exact).abs() <= (Sketch::ERROR * exact).max(0.2), "{} for {}", told, exact);
        prop_assert_eq!(sketch.count(), millis.len() as u64);
    }
}

#[test]
fn nothing_has_no_quantile() {
    assert_eq!(Sketch::default().quantile(0.5), None);
    let mut absurd = Sketch::default();
    absurd.add(0);
    absurd.add(u64::MAX);
    assert_eq!(absurd.quantile(0.0), Some(1.0));
    assert!(absurd.quantile(1.0).unwrap() > 600_000.0, "counted in the last bin");
}

#[test]
fn names_that_are_not_planned_make_no_series() {
    let mut rig = Rig::new();
    rig.ask(own());
    let before = serde_json::to_string(&rig.watch.series(rig.now, Range::Hour, 60, None)).unwrap();
    for number in 0..1000 {
        let name: Arc<str> = format!("hostile-{number}").into();
        let mut request = request("main-model", &[("a", 0, Outcome::Success)]);
        request.model_group = Arc::clone(&name);
        request.deployment = Some(Arc::clone(&name));
        request.attempts[0].deployment = name;
        rig.ask(request);
    }
    let after = serde_json::to_string(&rig.watch.series(rig.now, Range::Hour, 60, None)).unwrap();
    assert_eq!(after, before);
    assert_eq!(rig.watch.uncounted(), (0, 2000), "the chains and the attempts");
}

#[test]
fn a_day_is_kept_and_no_more() {
    let mut rig = Rig::new();
    rig.ask(own());
    rig.now = rig.now.plus(DAY - MINUTE);
    rig.tick();
    let day = |rig: &Rig| rig.watch.overview(rig.now, Range::Day, &[]).totals.requests;
    assert_eq!(day(&rig), 1);
    rig.now = rig.now.plus(2 * MINUTE);
    rig.ask(own());
    assert_eq!(day(&rig), 1, "the first one has gone");
    // What comes later than a day is not counted, and that is said.
    let late = Finished { at: START, ..own() };
    rig.watch.note(&Event::Request(Arc::new(late)));
    assert_eq!(day(&rig), 1);
    assert_eq!(rig.watch.uncounted(), (1, 0));
}

#[test]
fn a_price_that_is_no_number_spoils_no_sum() {
    let mut rig = Rig::new();
    rig.ask(Finished { cost_usd: Some(f64::NAN), ..own() });
    assert_eq!(rig.watch.overview(rig.now, Range::Hour, &[]).totals.cost_usd, None);
    rig.ask(own());
    assert_eq!(rig.watch.overview(rig.now, Range::Hour, &[]).totals.cost_usd, Some(0.25));
}

#[test]
fn a_clock_that_goes_back_forgets_what_never_was() {
    let mut rig = Rig::new();
    rig.run(10, 10, |_| own());
    rig.now = rig.now.minus(5 * MINUTE);
    rig.tick();
    rig.ask(own());
    let requests = rig.watch.overview(rig.now, Range::Hour, &[]).totals.requests;
    assert!((41..=61).contains(&requests), "five minutes, and the one of now: {requests}");
}
