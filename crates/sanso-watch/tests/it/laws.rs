//! What holds whatever happens, in whatever order, by whatever clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use sanso_watch::*;

use crate::rig::*;

/// One thing that happens to a gateway, or to its clock.
#[derive(Clone, Debug)]
enum Step {
    /// So many requests of a kind within so many seconds.
    Ask(u8, u32, u64),
    Pass(u64),
    /// The clock leaps, ahead or back.
    Leap(i64),
    Opening,
    Restart,
    Reload(bool),
    Silence(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..7_u8, 1..80_u32, 1..600_u64).prop_map(|(kind, n, s)| Step::Ask(kind, n, s)),
        3 => (1..7200_u64).prop_map(Step::Pass),
        1 => (-7200..7200_i64).prop_map(Step::Leap),
        1 => (-400_000..400_000_i64).prop_map(Step::Leap),
        1 => Just(Step::Opening),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(Step::Reload),
        1 => (0..9000_u64).prop_map(Step::Silence),
    ]
}

fn asked(kind: u8) -> Finished {
    match kind {
        0 => own(),
        1 => fallback(Kind::RateLimited),
        2 => nobody(Kind::ServerError),
        3 => soft(Soft::Empty),
        4 => stored(),
        5 => fallback(Kind::Authentication),
        _ => {
            request("pool", &[("k1", 0, Outcome::Fault(Kind::Timeout)), ("e", 2, Outcome::Success)])
        }
    }
}

fn take(rig: &mut Rig, step: &Step) {
    match *step {
        Step::Ask(kind, count, seconds) => {
            for _ in 0..count {
                rig.pass(seconds * SECOND / u64::from(count));
                rig.ask(asked(kind));
            }
        }
        Step::Pass(seconds) => rig.pass(seconds * SECOND),
        Step::Leap(seconds) => {
            let by = seconds.unsigned_abs() * SECOND;
            rig.now = if seconds < 0 { rig.now.minus(by) } else { rig.now.plus(by) };
        }
        Step::Opening => rig.opening("a", Kind::ServerError),
        Step::Restart => rig.restart(),
        Step::Reload(all) => {
            let mut plan = plan();
            plan.chains.truncate(if all { 3 } else { 1 });
            rig.watch.renew(plan, Thresholds::default());
        }
        Step::Silence(seconds) => {
            let open = rig.watch.overview(rig.now, Range::Hour, &[]).alerts;
            if let Some(alert) = open.first() {
                rig.watch.silence(&alert.id, rig.now.plus(seconds * SECOND)).unwrap();
            }
        }
    }
    rig.tick();
}

/// What was told of each alert, by id.
fn told(notices: &[Notice]) -> BTreeMap<Arc<str>, Vec<Change>> {
    let mut told: BTreeMap<Arc<str>, Vec<Change>> = BTreeMap::new();
    for notice in notices {
        told.entry(Arc::clone(&notice.alert.id)).or_default().push(notice.change);
        for also in &notice.also {
            told.entry(Arc::clone(&also.alert.id)).or_default().push(also.change);
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_alert_is_told_once_each(steps in prop::collection::vec(step(), 1..24)) {
        let mut rig = Rig::new();
        for step in &steps {
            take(&mut rig, step);
            // All that is asked for can be answered, and written.
            for range in [Range::Quarter, Range::Day] {
                let overview = rig.watch.overview(rig.now, range, &rig.live);
                prop_assert!(serde_json::to_string(&overview).is_ok());
                prop_assert!(!overview.verdict.sentence(rig.now, range).is_empty());
                let totals = &overview.totals;
                let parts = totals.full + totals.partial + totals.degraded + totals.unavailable;
                prop_assert_eq!(totals.requests, parts);
            }
        }
        for (id, changes) in told(&rig.notices) {
            use Change::{Escalated, Fired, Resolved};
            let well = matches!(
                changes.as_slice(),
                [Fired] | [Fired, Escalated] | [Fired, Resolved] | [Fired, Escalated, Resolved]
            );
            prop_assert!(well, "{}: {:?}", id, changes);
        }
    }

    #[test]
    fn what_is_well_all_the_time_tells_nothing(leaps in prop::collection::vec(-400_000..400_000_i64, 0..8)) {
        let mut rig = Rig::new();
        for leap in leaps {
            take(&mut rig, &Step::Ask(0, 40, 300));
            take(&mut rig, &Step::Leap(leap));
        }
        prop_assert!(rig.notices.is_empty());
    }
}
