//! The page's JSON: its names, its values, and the requests that it finds.

use std::collections::BTreeSet;

use sanso_watch::*;
use serde_json::{Value, json};

use crate::rig::*;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn overview(rig: &Rig) -> Value {
    serde_json::to_value(rig.watch.overview(rig.now, Range::Hour, &rig.live)).unwrap()
}

fn has(value: &Value, names: &str) {
    let missing: Vec<_> = names.split(' ').filter(|name| !keys(value).contains(name)).collect();
    assert_eq!(missing, [""; 0], "not in {value}");
}

#[test]
fn the_overview_has_the_names_of_the_design() {
    let mut rig = Rig::new();
    rig.run(70, 20, |n| if n < 3 { fallback(Kind::RateLimited) } else { own() });
    rig.opening("a", Kind::RateLimited);
    rig.stands("a", BreakerState::Open, rig.now);
    let page = overview(&rig);
    has(
        &page,
        "now started_at version instance utc_offset_min range verdict totals chains alerts history \
         delivery",
    );
    has(
        &page["verdict"],
        "state severity model_group task served_instead rate since trend same_model_share \
         other_model_rate others cause just_before answers",
    );
    has(&page["verdict"]["cause"], "code provider model key_name kind kind_share");
    has(&page["verdict"]["answers"], "scope since requests full partial degraded unavailable");
    let chain = &page["chains"][0];
    has(
        chain,
        "name model_group task strategy fallback cascade requests_per_min fallback_rate escalation_rate \
         chain_health legs",
    );
    assert_eq!(keys(&chain["fallback_rate"]), BTreeSet::from(["5m", "1h", "since_onset"]));
    let deployment = &chain["legs"][0]["deployments"][0];
    has(
        deployment,
        "deployment provider model region share requests attempts faults reasons_on in_flight \
         ttft_ms soft_failure_rate parity breaker gates",
    );
    assert_eq!(keys(&deployment["ttft_ms"]), BTreeSet::from(["p50", "p95", "p99"]));
    let breaker = &deployment["breaker"];
    assert_eq!(
        keys(breaker),
        BTreeSet::from(["state", "since", "next_probe", "window", "openings_1h", "forced"])
    );
    assert_eq!(breaker["openings_1h"], json!([{ "at": rig.now, "kind": "RateLimited" }]));
    let alert = &page["alerts"][0];
    has(
        alert,
        "id signal severity state since model_group deployment model provider value threshold \
         window count of served_instead same_model_share cause silenced_until",
    );
    assert!(alert["cause"]["evidence"].is_array());
    assert_eq!((&page["range"], &page["now"]), (&json!("1h"), &json!(rig.now.to_string())));
    assert_eq!(page["verdict"]["state"], "open");
}

#[test]
fn a_deployment_is_told_with_what_moved_requests_on() {
    let mut rig = Rig::new();
    rig.run(1, 20, |n| match n {
        0..4 => fallback(Kind::RateLimited),
        4 => passed(Passed::Breaker),
        _ => own(),
    });
    let page = overview(&rig);
    let first = &page["chains"][0]["legs"][0]["deployments"][0];
    assert_eq!(first["reasons_on"], json!({ "RateLimited": 4, "breaker open": 1 }));
    assert_eq!(first["faults"], json!({ "RateLimited": 4 }));
    assert_eq!((&first["share"], &first["requests"]), (&json!(0.75), &json!(15)));
    assert_eq!(first["attempts"], 19);
    let second = &page["chains"][0]["legs"][1]["deployments"][0];
    assert_eq!((&second["share"], &second["requests"]), (&json!(0.25), &json!(5)));
    assert_eq!(page["chains"][0]["fallback_rate"]["5m"], 0.25);
    assert_eq!(page["chains"][0]["requests_per_min"], 4.0, "over five minutes");
    assert_eq!(page["chains"][1]["fallback_rate"]["5m"], Value::Null, "nothing was asked");
}

#[test]
fn a_breaker_of_which_the_gates_do_not_tell_is_as_was_last_heard() {
    let mut rig = Rig::new();
    let breaker =
        |rig: &Rig| overview(rig)["chains"][0]["legs"][0]["deployments"][0]["breaker"].clone();
    assert_eq!(breaker(&rig)["state"], "closed");
    assert_eq!(breaker(&rig)["since"], json!(START));
    rig.pass(MINUTE);
    rig.opening("a", Kind::ServerError);
    assert_eq!(breaker(&rig)["state"], "open");
    assert_eq!(breaker(&rig)["since"], json!(rig.now));
}

#[test]
fn chain_health_is_the_share_that_is_not_shut() {
    let mut rig = Rig::new();
    rig.stands("a", BreakerState::Closed, START);
    rig.stands("b", BreakerState::Closed, START);
    let health = |rig: &Rig| overview(rig)["chains"][0]["chain_health"].clone();
    assert_eq!(health(&rig), 1.0);
    rig.stands("a", BreakerState::Open, START);
    assert_eq!(health(&rig), 0.5);
    rig.pass(7 * SECOND);
    assert_eq!(health(&rig), 1.0, "its probe is due");
}

#[test]
fn a_quota_that_shut_of_late_is_shown_and_one_of_before_is_not() {
    let mut rig = Rig::new();
    let gates =
        |rig: &Rig| overview(rig)["chains"][0]["legs"][0]["deployments"][0]["gates"].clone();
    for _ in 0..3 {
        rig.gate("a", GateName::Quota, true, Some(Kind::RateLimited));
        rig.pass(SECOND);
        rig.gate("a", GateName::Quota, false, None);
    }
    rig.gate("a", GateName::Host, true, Some(Kind::Connection));
    rig.gate("a", GateName::Host, false, None);
    let shown = gates(&rig);
    assert_eq!(shown.as_array().unwrap().len(), 1);
    let wanted = json!({ "gate": "quota", "shut": false, "dimension": "tokens per minute", "closings_1h": 3 });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&shown[0][name], value, "{name}");
    }
    rig.pass(6 * MINUTE);
    assert_eq!(gates(&rig), json!([]));
}

#[test]
fn series_have_a_value_for_each_step() {
    let mut rig = Rig::new();
    rig.run(30, 60, |n| if n < 6 { fallback(Kind::RateLimited) } else { own() });
    rig.now = rig.now.minus(1);
    let series = rig.watch.series(rig.now, Range::Quarter, 15, None);
    assert_eq!((series.step_s, series.t.len()), (60, 15));
    assert_eq!(
        series.t.last(),
        Some(&rig.now.minus(MINUTE - 1)),
        "the running one, from its begin"
    );
    let main = &series.model_groups["main-model"];
    assert_eq!(main.requests, [Some(60); 15]);
    assert_eq!(main.fallback_rate, [Some(0.1); 15]);
    assert_eq!(main.unavailable_rate, [Some(0.0); 15]);
    assert_eq!(main.served, [[[Some(0.9); 15]], [[Some(0.1); 15]]]);
    let kinds = &series.providers["anthropic"].kinds;
    assert_eq!(kinds[&Kind::RateLimited], [Some(0.1); 15]);
    assert_eq!(kinds.len(), 1);
    assert_eq!(series.cost_usd.answers, [Some(15.0); 15]);
    assert!(series.ttft_ms.p50.iter().all(|p50| p50.is_some_and(|p50| (p50 - 450.0).abs() < 45.0)));
    let flash = &series.model_groups["flash"];
    assert_eq!((flash.requests[0], flash.fallback_rate[0]), (Some(0), None), "nothing was asked");
}

#[test]
fn before_the_start_nothing_is_known() {
    let mut rig = Rig::new();
    rig.run(5, 60, |_| own());
    let series = rig.watch.series(rig.now, Range::Hour, 60, None);
    let requests = &series.model_groups["main-model"].requests;
    assert_eq!(requests.iter().flatten().sum::<u32>(), 300);
    let known: Vec<_> = series.t.iter().zip(requests).filter(|(_, n)| n.is_some()).collect();
    assert!(known.iter().all(|(at, _)| **at >= START), "{known:?}");
    assert!(requests[0].is_none());
}

#[test]
fn series_of_one_group_are_of_that_group() {
    let mut rig = Rig::new();
    rig.run(
        5,
        60,
        |n| if n < 20 { request("pool", &[("k1", 0, Outcome::Success)]) } else { own() },
    );
    let series = rig.watch.series(rig.now, Range::Hour, 60, Some("pool"));
    assert_eq!(series.model_groups.keys().map(|name| &**name).collect::<Vec<_>>(), ["pool"]);
    assert_eq!(series.cost_usd.answers.iter().flatten().sum::<f64>(), 25.0);
    let none = rig.watch.series(rig.now, Range::Hour, 60, Some("no such group"));
    assert!(none.model_groups.is_empty());
}

#[test]
fn any_number_of_points_is_borne() {
    let rig = Rig::new();
    for range in Range::ALL {
        for points in [0, 1, 140, usize::MAX] {
            let series = rig.watch.series(Millis(0), range, points, None);
            assert!(series.t.len() <= 1001, "{range:?} {points}");
            let series = rig.watch.series(Millis(u64::MAX), range, points, None);
            assert!(!series.t.is_empty(), "{range:?} {points}");
        }
    }
}

#[test]
fn breakers_that_moved_are_drawn_with_their_openings() {
    let mut rig = Rig::new();
    rig.pass(10 * MINUTE);
    let opened = rig.now;
    rig.opening("a", Kind::ServerError);
    rig.pass(MINUTE);
    rig.breaker("a", BreakerState::Open, BreakerState::HalfOpen, None);
    let half = rig.now;
    rig.mark(MarkKind::Reload, "config reload");
    let series = rig.watch.series(rig.now, Range::Hour, 60, None);
    let shown = serde_json::to_value(&series.breakers).unwrap();
    assert_eq!(
        shown,
        json!([{
            "deployment": "a",
            "segments": [
                { "from": opened, "to": half, "state": "open" },
                { "from": half, "to": null, "state": "half-open" },
            ],
            "openings": [opened],
        }])
    );
    let marks = serde_json::to_value(&series.marks).unwrap();
    assert_eq!(marks, json!([{ "at": half, "what": "config reload" }]));
}

#[test]
fn requests_are_found_by_what_they_were() {
    let mut rig = Rig::new();
    rig.ask(own());
    rig.ask(fallback(Kind::RateLimited));
    rig.ask(nobody(Kind::Timeout));
    rig.ask(request("flash", &[("g", 0, Outcome::Success)]));
    rig.ask(soft(Soft::Schema));
    let found = |filter: Filter| {
        let found = rig.watch.requests(&filter).requests;
        found.iter().map(|request| request.request_id.to_string()).collect::<Vec<_>>()
    };
    let q = |text: &str| found(Filter { q: Some(text.into()), ..Filter::default() });
    assert_eq!(found(Filter::default()), ["r5", "r4", "r3", "r2", "r1"], "the newest first");
    assert_eq!(found(Filter { limit: Some(2), ..Filter::default() }), ["r5", "r4"]);
    assert_eq!(found(Filter { before: Some("r3".into()), ..Filter::default() }), ["r2", "r1"]);
    assert_eq!(found(Filter { before: Some("gone".into()), ..Filter::default() }), [""; 0]);
    assert_eq!(found(Filter { model_group: Some("flash".into()), ..Filter::default() }), ["r4"]);
    let unanswered =
        Filter { degradation_level: Some(Degradation::Unavailable), ..Filter::default() };
    assert_eq!(found(unanswered), ["r3"]);
    assert_eq!(found(Filter { kind: Some(Kind::RateLimited), ..Filter::default() }), ["r2"]);
    assert_eq!(q("fallback"), ["r2"]);
    assert_eq!(q("kind:RateLimited"), ["r2"]);
    assert_eq!(q("kind:rate_limited"), ["r2"], "as the log writes it");
    assert_eq!(q("kind:nonsense"), [""; 0]);
    assert_eq!(q("GPT-4.1 main"), ["r3", "r2"], "all words, whatever their case");
    assert_eq!(q("gemini"), ["r4"]);
    assert_eq!(q("soft"), ["r5"]);
    assert_eq!(q("r1"), ["r1"]);
    assert_eq!(q(""), ["r5", "r4", "r3", "r2", "r1"]);
    assert!(rig.watch.requests(&Filter { limit: Some(4), ..Filter::default() }).has_more);
    assert!(!rig.watch.requests(&Filter { limit: Some(5), ..Filter::default() }).has_more);
    assert_eq!(rig.watch.request("r2").map(|found| found.attempts.len()), Some(2));
    assert_eq!(rig.watch.request("r9"), None);
}

#[test]
fn a_thousand_requests_are_kept() {
    let mut rig = Rig::new();
    for _ in 0..1001 {
        rig.ask(own());
    }
    assert_eq!(rig.watch.request("r1"), None);
    assert!(rig.watch.request("r2").is_some());
    let all = rig.watch.requests(&Filter { limit: Some(usize::MAX), ..Filter::default() });
    assert_eq!((all.requests.len(), all.has_more), (1000, false));
}

#[test]
fn traffic_is_what_came_since_the_last_time() {
    let mut rig = Rig::new();
    rig.stands("a", BreakerState::Closed, START);
    rig.ask(own());
    rig.ask(fallback(Kind::RateLimited));
    let tick = serde_json::to_value(rig.watch.traffic(rig.now, &rig.live)).unwrap();
    let main = &tick["model_groups"]["main-model"];
    assert_eq!(
        (&main["requests"], &main["full"], &main["partial"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(main["served"], json!([[1], [1]]));
    let wanted = json!({ "attempts": 2, "faults": { "RateLimited": 1 }, "in_flight": 3 });
    assert_eq!(tick["deployments"]["a"], wanted);
    let tick = serde_json::to_value(rig.watch.traffic(rig.now, &rig.live)).unwrap();
    assert_eq!(tick["model_groups"]["main-model"]["requests"], 0);
    let wanted = json!({ "attempts": 0, "faults": {}, "in_flight": 3 });
    assert_eq!(tick["deployments"]["a"], wanted);
}

#[test]
fn chains_of_one_group_are_told_apart_by_their_task() {
    let of_task = |task| PlannedChain { task, ..plan().chains.remove(0) };
    let chains = vec![of_task(None), of_task(Some("translate".into()))];
    let mut rig = Rig::with(Plan { chains, tasks: vec!["translate".into()] });
    rig.ask(own());
    rig.ask(own());
    rig.ask(Finished { task: Some("translate".into()), ..fallback(Kind::ServerError) });
    let series = rig.watch.series(rig.now, Range::Hour, 60, None);
    let asked = |name: &str| series.model_groups[name].requests.iter().flatten().sum::<u32>();
    assert_eq!((asked("main-model"), asked("translate")), (2, 1));
    let names = rig.watch.overview(rig.now, Range::Hour, &[]).chains.into_iter().map(|c| c.name);
    assert_eq!(names.collect::<Vec<_>>(), ["main-model".into(), "translate".into()]);
}

#[test]
fn numbers_are_read_as_people_write_them() {
    use sanso_watch::words::{number, ratio, share, short, time};
    assert_eq!(
        [number(0), number(999), number(1000), number(1_234_567)].join(" "),
        "0 999 1,000 1,234,567"
    );
    assert_eq!(ratio(3, 7), "3 of 7");
    assert_eq!(ratio(19, 19), "19 of 19", "below 20 no rate");
    assert_eq!(ratio(0, 20), "0 %");
    assert_eq!(ratio(20, 20), "100 %");
    assert_eq!(ratio(1, 2000), "<0.1 %", "not none of them");
    assert_eq!(ratio(1999, 2000), ">99.9 %", "not all of them");
    assert_eq!(ratio(124, 1000), "12.4 %");
    assert_eq!(share(0.001), "0.1 %");
    assert_eq!(short("openai/gpt-4.1"), "gpt-4.1");
    assert_eq!(time(START.plus(HOUR), START.plus(DAY - 1)), "01:00 UTC");
    assert_eq!(time(START.plus(HOUR), START.plus(DAY)), "2026-11-24 01:00 UTC");
}

#[test]
fn what_a_sibling_answered_did_not_go_on() {
    let mut rig = Rig::new();
    let failed = ("k1", 0, Outcome::Fault(Kind::ServerError));
    rig.ask(request("pool", &[failed, ("k2", 0, Outcome::Success)]));
    let first = |rig: &Rig| overview(rig)["chains"][2]["legs"][0]["deployments"][0].clone();
    assert_eq!(first(&rig)["reasons_on"], json!({}));
    rig.ask(request("pool", &[failed, ("d", 1, Outcome::Success)]));
    assert_eq!(first(&rig)["reasons_on"], json!({ "ServerError": 1 }));
    assert_eq!(first(&rig)["faults"], json!({ "ServerError": 2 }));
}
