//! What is told stays true: after a restart, beside other alerts, and when it lasts.

use sanso_watch::*;

use crate::rig::*;

#[test]
fn a_restart_keeps_the_cause_of_an_open_alert() {
    let mut rig = Rig::new();
    rig.run(10, 60, |_| fallback(Kind::ServerError));
    let before = [Signal::FallbackRate, Signal::ProviderErrorRate].map(|of| rig.alert(of));
    assert_eq!(before[0].cause.code, CauseCode::ProviderIncident);
    assert_eq!(before[0].served_instead.as_deref(), Some("b"));
    rig.restart();
    rig.pass(2 * MINUTE);
    for before in before {
        let after = rig.alert(before.signal);
        assert_eq!(after.cause, before.cause);
        assert_eq!(after.served_instead, before.served_instead);
        assert_eq!(after.same_model_share, before.same_model_share);
    }
}

/// Seconds go by, with a tick each, until `is` holds.
fn seconds_until(rig: &mut Rig, is: impl Fn(&Rig) -> bool) {
    for _ in 0..3600 {
        if is(rig) {
            return;
        }
        rig.now = rig.now.plus(SECOND);
        rig.tick();
    }
    panic!("it did not come to that in an hour");
}

#[test]
fn a_resolution_that_was_held_back_does_not_end_a_newer_alert() {
    let mut rig = Rig::new();
    let fails = |rig: &mut Rig, kind| {
        rig.ask(fallback(kind));
        rig.tick();
    };
    let is_open = |signal| move |rig: &Rig| rig.firing().contains(&signal);
    let is_well = |signal| move |rig: &Rig| !rig.firing().contains(&signal);
    fails(&mut rig, Kind::NotFound);
    let later = rig.now.plus(20 * SECOND);
    seconds_until(&mut rig, |rig| rig.now == later);
    fails(&mut rig, Kind::Authentication);
    seconds_until(&mut rig, |rig| is_open(Signal::Authentication)(rig) && rig.now > later);
    let later = rig.now.plus(MINUTE);
    seconds_until(&mut rig, |rig| rig.now == later);
    rig.told();
    // The first is well and told, the second is well within half a minute of it and waits.
    seconds_until(&mut rig, is_well(Signal::NotFound));
    assert_eq!(rig.told(), ["resolved not_found critical main-model"]);
    seconds_until(&mut rig, is_well(Signal::Authentication));
    assert_eq!(rig.told(), [""; 0], "it waits");
    // The key is refused again.
    fails(&mut rig, Kind::Authentication);
    let told =
        ["resolved authentication critical main-model", "fired authentication critical main-model"];
    assert_eq!(rig.told(), told);
    let later = rig.now.plus(MINUTE);
    seconds_until(&mut rig, |rig| rig.now == later);
    assert_eq!(rig.told(), [""; 0], "nothing that would end it");
    assert!(is_open(Signal::Authentication)(&rig));
}

#[test]
fn a_critical_alert_does_not_show_a_value_below_its_own_limit_alone() {
    let mut rig = Rig::new();
    rig.run(5, 200, |n| if n < 5 { nobody(Kind::BadRequest) } else { own() });
    let critical = rig.alert(Signal::Unavailable);
    assert_eq!(
        (critical.severity, critical.amount().as_str()),
        (Severity::Critical, "2.5 %, limit 1 %")
    );
    // One in two hundred goes on for so long that all since the onset is below the critical line.
    rig.run(90, 200, |n| if n < 1 { nobody(Kind::BadRequest) } else { own() });
    let diluted = rig.alert(Signal::Unavailable);
    assert_eq!(diluted.severity, Severity::Critical);
    assert!(diluted.value < 0.01, "{}", diluted.value);
    assert_eq!(diluted.amount(), "0.6 %, 5.0 % at its worst, limit 1 %");
    let worst = serde_json::to_value(&diluted).unwrap()["cause"]["worst"].clone();
    assert_eq!(worst, 0.05, "five of the first hundred");
    rig.restart();
    rig.tick();
    assert_eq!(rig.alert(Signal::Unavailable).amount(), diluted.amount());
}

#[test]
fn one_revoked_key_fires_one_alert_beside_a_literal_key() {
    let mut plan = plan();
    // `h` is of the same provider, and its key stands in the configuration itself.
    plan.chains[1].legs[1].deployments[0].key_name = None;
    let mut rig = Rig::with(plan);
    for kind in [Kind::Authentication, Kind::QuotaExhausted] {
        rig.ask(fallback(kind));
    }
    rig.tick();
    let alerts = rig.watch.overview(rig.now, Range::Hour, &[]).alerts;
    let of = |signal| alerts.iter().filter(move |alert| alert.signal == signal);
    for signal in [Signal::Authentication, Signal::Quota] {
        let keys: Vec<_> = of(signal).map(|alert| alert.subject.key_name.as_deref()).collect();
        assert_eq!(keys, [Some("ANTHROPIC_API_KEY")]);
    }
}

#[test]
fn an_alert_inhibits_no_warning_about_something_else() {
    let config = include_str!("../../../../deploy/alertmanager/alertmanager.yml");
    let list = |key: &str| {
        let line = config.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        let names = line.trim_matches(|c| " :[]".contains(c)).split(", ");
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    // Whatever tells two alerts of one name apart, of sanso's own and of the rules for Prometheus.
    let Ok(serde_json::Value::Object(subject)) = serde_json::to_value(Subject::default()) else {
        panic!("a subject is an object")
    };
    for label in subject.keys().map(String::as_str).chain(["alertname", "instance"]) {
        assert!(list("equal").iter().any(|name| name == label), "{label}");
    }
    assert!(list("group_by").iter().any(|name| name == "model"));
}

#[test]
fn counts_that_begin_after_the_onset_say_since_when() {
    let mut rig = Rig::new();
    rig.run(12, 20, |_| nobody(Kind::ServerError));
    let before = rig.alert(Signal::Unavailable);
    assert_eq!(before.cause.counted_since, None);
    let started = rig.now;
    rig.restart();
    rig.tick();
    let kept = rig.alert(Signal::Unavailable);
    assert_eq!((kept.count, kept.cause), (before.count, before.cause), "what was counted before");
    rig.run(2, 12, |n| if n == 0 { own() } else { nobody(Kind::ServerError) });
    let after = rig.alert(Signal::Unavailable);
    assert!(after.count < before.count && after.since == before.since);
    assert_eq!(after.cause.counted_since, Some(started));
    let line = "counted since 00:12 UTC, the start, and not since the onset";
    assert!(after.cause.evidence.iter().any(|said| said == line), "{:?}", after.cause.evidence);
    let said = after.sentence(rig.now);
    assert!(said.contains(", since 00:00 UTC (counted since 00:12 UTC, the start), "), "{said}");
    let said = rig.sentence();
    assert!(said.contains(" since 00:00 UTC (counted since 00:12 UTC, the start), "), "{said}");
}
