//! A half-open probe that says nothing, over real sockets: its request is served by the fallback, and
//! the breaker still learns how it ended.

use sanso_core::BreakerState;
use sanso_sim::provider::{Problem, Provider, Vendor};

use crate::support::{Setup, ask, in_flight, metric, soon, trail, until};
use crate::upstream::{Act, Upstream, answer, json, response};

const FAST: &str = "sanso: { breaker: { cooldown_time: 10ms, success_threshold: 1 } }";

/// Refuses twenty times, then is silent until it is released, and answers.
async fn refuses_then_is_silent() -> Upstream {
    let refusal = response("500 Oops", "application/json", r#"{"error":{"message":"down"}}"#);
    let refuse = vec![Act::Read, Act::Send(refusal)];
    let late = vec![Act::Read, Act::Pause, Act::Send(json(answer("late")))];
    let mut scripts = vec![refuse; 10];
    scripts.push(late);
    Upstream::start(scripts).await
}

#[tokio::test]
async fn a_silent_probes_request_is_served_by_the_fallback_and_its_late_answer_counts() {
    let primary = refuses_then_is_silent().await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &primary).provider("spare", &spare);
    let gateway = setup.with_spare().set(FAST).gateway();
    for _ in 0..10 {
        assert!(soon(gateway.chat(ask())).await.unwrap().served().fallback);
    }
    let state = || gateway.deployments()[0].breaker;
    until(|| state() == BreakerState::HalfOpen).await;
    let served = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(served.served()), "openai/gpt-scripted=silent openai/gpt-4.1=200");
    assert_eq!((state(), in_flight(&gateway)), (BreakerState::HalfOpen, 1), "it runs on");
    primary.release();
    until(|| state() == BreakerState::Recovering).await;
    until(|| in_flight(&gateway) == 0).await;
    let attempts = |outcome: &str| {
        metric(&gateway, "sanso_attempts_total", &[&format!("outcome=\"{outcome}\"")])
    };
    assert_eq!(attempts("success"), 12.0, "eleven answers of the fallback, and the probe's");
}

#[tokio::test]
async fn with_all_shut_one_call_is_forced_and_the_rest_are_told_at_once() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &primary).without_retries();
    let gateway = gateway.set("sanso: { breaker: { cooldown_time: 60s, min_calls: 2 } }").gateway();
    primary.set(Problem::Status(500));
    for _ in 0..2 {
        assert_eq!(soon(gateway.chat(ask())).await.unwrap_err().status(), 500);
    }
    assert_eq!(gateway.deployments()[0].breaker, BreakerState::Open);
    let forced = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(forced.status(), 500, "it was called");
    let told = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(told.status(), 503);
    assert!(told.to_string().contains("circuit breaker open"), "{told}");
    assert_eq!(primary.stats().calls, 3);
}

#[tokio::test]
async fn what_may_be_shed_is_turned_away_while_the_chain_is_weak() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let shed = "sanso: { shed_below: 0.6, breaker: { min_calls: 2, cooldown_time: 60s } }";
    let gateway = setup.with_spare().set(shed).gateway();
    primary.set(Problem::Status(500));
    for _ in 0..2 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    assert_eq!(metric(&gateway, "sanso_chain_health", &["model_group=\"main\""]), 0.5);
    let error = soon(gateway.chat(ask().set("priority", 1))).await.unwrap_err();
    assert_eq!(error.status(), 503);
    assert!(error.to_string().contains("weak: 1 of the 2 deployments"), "{error}");
    let calls = spare.stats().calls;
    assert!(soon(gateway.chat(ask().set("priority", 0))).await.is_ok());
    assert_eq!(spare.stats().calls, calls + 1);
}
