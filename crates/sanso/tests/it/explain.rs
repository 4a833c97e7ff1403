//! What would become of a request, told without a call.

use bytes::Bytes;
use sanso::{Explanation, Gateway, Turn};
use sanso_sim::provider::{Problem, Provider, Vendor};
use serde_json::{Value, json};

use crate::strategies::{PRICES, Stage};
use crate::support::{Setup, soon};

fn calls(stage: &Stage) -> u64 {
    stage.0.iter().map(|provider| provider.stats().calls).sum()
}

fn body(more: &Value) -> Bytes {
    let mut body =
        json!({"model": "task/t", "messages": [{"role": "user", "content": "x".repeat(400)}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string().into()
}

fn explain(gateway: &Gateway, more: &Value) -> Explanation {
    gateway.explain(body(more), &gateway.arrive()).unwrap()
}

fn order(told: &Explanation) -> Vec<(&str, Turn)> {
    told.legs.iter().map(|leg| (&*leg.model_group, leg.turn)).collect()
}

async fn ask(gateway: &Gateway, more: &Value) {
    let _ = soon(gateway.relay(body(more), gateway.arrive())).await;
}

const SCORES: [&str; 3] = ["quality: 70", "quality: 90", "quality: 85"];

#[tokio::test]
async fn an_order_is_told_with_its_reasons_and_no_one_is_called() {
    let stage = Stage::start().await;
    let gateway = stage.setup(SCORES, "quality").gateway();
    let told = explain(&gateway, &json!({}));
    use Turn::{First, Later};
    assert_eq!(order(&told), [("spare", First), ("third", Later), ("main", Later)]);
    assert_eq!((told.task.as_deref(), told.strategy), (Some("t"), Some("quality")));
    assert_eq!(told.legs[0].why, "quality 90");
    assert_eq!(calls(&stage), 0);
}

#[tokio::test]
async fn a_price_is_that_of_this_request() {
    let stage = Stage::start().await;
    let gateway = stage.setup(PRICES, "cost").gateway();
    let told = explain(&gateway, &json!({"max_tokens": 10}));
    assert_eq!(told.output_tokens, 10);
    let input = told.input_tokens as f64;
    assert!((100.0..130.0).contains(&input), "a quarter of the bytes: {input}");
    let cost = |leg: usize| told.legs[leg].cost_usd.unwrap();
    let names: Vec<&str> = order(&told).into_iter().map(|leg| leg.0).collect();
    assert_eq!(names, ["spare", "main", "third"]);
    assert!((cost(0) - (input * 1e-6 + 10.0 * 1e-4)).abs() < 1e-12);
    assert_eq!(told.legs[0].cost_usd, told.legs[0].deployments[0].cost_usd);
    assert_eq!(told.legs[0].why, format!("${:.6}", cost(0)));
    // As long as nothing is known of answers, they are taken for long ones.
    let long = explain(&gateway, &json!({}));
    assert_eq!((long.output_tokens, order(&long)[0].0), (500, "main"));
}

#[tokio::test]
async fn what_was_measured_is_told_and_telling_it_moves_nothing() {
    let stage = Stage::start().await;
    let gateway = stage.setup([""; 3], "latency").gateway();
    // Of requests, one in twenty would go out to measure the others.
    for _ in 0..200 {
        let told = explain(&gateway, &json!({}));
        assert_eq!(order(&told)[0].0, "main");
        assert_eq!(told.legs[0].why, "no measured pace is known: where it is listed");
    }
    stage.0[0].set(Problem::Overloaded);
    for _ in 0..8 {
        ask(&gateway, &json!({})).await;
    }
    let told = explain(&gateway, &json!({}));
    let of = |told: &Explanation, name: &str| {
        told.legs.iter().find(|leg| &*leg.model_group == name).cloned().unwrap()
    };
    assert!(of(&told, "spare").latency_ms.unwrap() < 5000);
    assert!(of(&told, "main").latency_ms.unwrap() >= 5000, "failures are slow");
    assert!(of(&told, "spare").why.starts_with("answers after 0."), "{told}");
    assert_eq!(order(&told)[0].0, "spare");
    // Streams are measured apart.
    assert_eq!(of(&explain(&gateway, &json!({"stream": true})), "spare").latency_ms, None);
}

#[tokio::test]
async fn who_is_shut_keeps_its_place_and_is_passed_over() {
    let stage = Stage::start().await;
    let gateway = stage.setup(SCORES, "quality").gateway();
    stage.0[1].set(Problem::BadKey);
    ask(&gateway, &json!({})).await;
    let told = explain(&gateway, &json!({}));
    use Turn::{First, Later, PassedOver};
    assert_eq!(order(&told), [("spare", PassedOver), ("third", First), ("main", Later)]);
    let why = &told.legs[0].deployments[0].not_now;
    assert!(why[0].contains("key refused"), "{why:?}");

    let denying = stage.setup(SCORES, "quality, fallback: deny").gateway();
    ask(&denying, &json!({})).await;
    let told = explain(&denying, &json!({}));
    use Turn::Denied;
    assert_eq!(order(&told), [("spare", PassedOver), ("third", Denied), ("main", Denied)]);
    assert!(told.to_string().contains("no one can be called now"), "{told}");
}

#[tokio::test]
async fn who_cannot_do_what_is_asked_is_passed_over() {
    let stage = Stage::start().await;
    let infos = ["quality: 90, supports_function_calling: false", "quality: 80", "quality: 70"];
    let gateway = stage.setup(infos, "quality").gateway();
    let tools =
        json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]});
    let told = explain(&gateway, &tools);
    assert_eq!(order(&told)[0], ("main", Turn::PassedOver));
    assert_eq!(told.legs[0].deployments[0].not_now, ["does not support tools"]);
    assert_eq!(order(&told)[1], ("spare", Turn::First));
    assert_eq!(order(&explain(&gateway, &json!({})))[0], ("main", Turn::First));
}

#[tokio::test]
async fn a_groups_own_chain_is_told_and_what_the_request_brings_along() {
    let stage = Stage::start().await;
    let fallbacks = "router_settings: { fallbacks: [{ main: [spare] }] }";
    let gateway = stage.setup([""; 3], "order").set(fallbacks).gateway();
    use Turn::{First, Later};
    let told = explain(&gateway, &json!({"model": "main"}));
    assert_eq!(order(&told), [("main", First), ("spare", Later)]);
    assert_eq!((told.task, told.strategy), (None, None));
    let own = explain(&gateway, &json!({"model": "main", "fallbacks": ["third"]}));
    assert_eq!(order(&own), [("main", First), ("third", Later)]);
    let denied = explain(&gateway, &json!({"model": "main", "fallback": "deny"}));
    assert_eq!(order(&denied), [("main", First)]);
}

#[tokio::test]
async fn siblings_are_told_with_their_shares() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let model = |setup: Setup, rpm: &str| setup.provider("main", &provider).info(rpm);
    let gateway = model(model(Setup::default(), "rpm: 3"), "rpm: 1").gateway();
    let told = explain(&gateway, &json!({"model": "main"}));
    let shares: Vec<f64> = told.legs[0].deployments.iter().map(|one| one.share).collect();
    assert_eq!(shares, [0.75, 0.25], "{told}");
}

#[tokio::test]
async fn a_request_that_no_one_is_asked_for_is_told_so() {
    let stage = Stage::start().await;
    let gateway = stage.setup(SCORES, "quality").gateway();
    let refused = |more: Value| gateway.explain(body(&more), &gateway.arrive()).unwrap_err();
    assert_eq!(refused(json!({"model": "task/u"})).code(), Some("task_not_found"));
    assert_eq!(refused(json!({"model": "nope"})).code(), Some("model_not_found"));
    assert_eq!(refused(json!({"messages": 5})).status(), 400);
}

#[tokio::test]
async fn an_explanation_is_json() {
    let stage = Stage::start().await;
    let gateway = stage.setup(PRICES, "cost").gateway();
    let told = serde_json::to_value(explain(&gateway, &json!({"max_tokens": 10}))).unwrap();
    assert_eq!(told["task"], "t");
    assert_eq!(told["legs"][0]["turn"], "first");
    assert_eq!(told["legs"][0]["deployments"][0]["not_now"], json!([]));
    assert!(!told.to_string().contains("sk-test"), "{told}");
}
