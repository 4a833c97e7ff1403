//! A day of traffic, from a seed: exactly the alerts that it should come to, and no others.

use sanso_watch::*;

use crate::rig::*;

/// A request that fares as `main-model` does in `minute` of the day.
fn fares(rng: &mut fastrand::Rng, minute: u64) -> Finished {
    let chance = |rng: &mut fastrand::Rng, of_thousand: u32| rng.u32(0..1000) < of_thousand;
    match minute {
        // 03:00: the primary's limit is too small, for two hours.
        180..300 if chance(rng, 140) => fallback(Kind::RateLimited),
        // 08:00: forty minutes in which one in ten answers is not the JSON asked for.
        480..520 if chance(rng, 100) => soft(Soft::Schema),
        // 12:00: an outage of ten minutes that nothing answers.
        720..730 => nobody(Kind::ServerError),
        // 18:00: half a minute of trouble, which is none.
        1080 if chance(rng, 500) => fallback(Kind::Overloaded),
        // The noise of every day: one in two hundred.
        _ if chance(rng, 5) => fallback(Kind::ContextWindow),
        _ => own(),
    }
}

#[test]
fn a_day_comes_to_the_alerts_that_it_should() {
    let mut rig = Rig::new();
    let mut rng = fastrand::Rng::with_seed(20);
    let mut told = Vec::new();
    for minute in 0..24 * 60 {
        // More in the daytime.
        let per_minute = if (360..1320).contains(&minute) { 30 } else { 15 };
        for _ in 0..per_minute {
            rig.ask(fares(&mut rng, minute));
        }
        rig.now = rig.now.plus(MINUTE);
        rig.tick();
        let clock = rig.now.clock();
        told.extend(rig.told().into_iter().map(|what| format!("{} {what}", &clock[..5])));
    }
    assert_eq!(told, WANTED);
    assert_eq!(rig.firing(), []);
    assert_eq!(rig.verdict().state, State::Healthy);
    assert_eq!(rig.watch.uncounted(), (0, 0));
}

/// 14 % of 20 minutes are 5 % of an hour, of 40 minutes 10 %; it is over ten minutes after its end: the
/// window in which it still was, and another. Soft failures have windows of an hour. The outage has both
/// providers in trouble; half a minute of trouble and the day's noise are not told.
const WANTED: [&str; 12] = [
    "03:06 fired provider_error_rate warn main-model",
    "03:21 fired fallback_rate warn main-model",
    "03:41 escalated fallback_rate critical main-model",
    "03:42 escalated provider_error_rate critical main-model",
    "05:09 resolved fallback_rate critical main-model",
    "05:10 resolved provider_error_rate critical main-model",
    "08:11 fired soft_failure_rate warn main-model",
    "08:30 escalated soft_failure_rate critical main-model",
    "10:30 resolved soft_failure_rate critical main-model",
    "12:01 fired unavailable critical main-model + fired provider_error_rate critical main-model \
     + fired provider_error_rate warn main-model",
    "12:07 escalated provider_error_rate critical main-model",
    "12:20 resolved unavailable critical main-model + resolved provider_error_rate critical \
     main-model + resolved provider_error_rate critical main-model",
];
