//! The traffic generator, against providers in the place of a gateway.

use std::time::Duration;

use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use sanso_sim::traffic::{Outcome, Reply, Traffic};

fn traffic(provider: &Provider) -> Traffic {
    Traffic {
        key: Some("simulated".into()),
        per_second: 200,
        ..Traffic::new(provider.base_url(), "gpt-4.1")
    }
}

async fn replies(traffic: Traffic, count: usize) -> Vec<Reply> {
    let mut replies = traffic.start().unwrap();
    let mut got = Vec::new();
    while got.len() < count {
        got.push(replies.next().await.unwrap());
    }
    got.sort_by_key(|reply| reply.number);
    got
}

#[tokio::test]
async fn streams_and_plain_calls_are_answered_in_turn() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    for reply in replies(traffic(&provider), 10).await {
        assert_eq!(reply.outcome, Outcome::Answered, "{reply:?}");
        assert_eq!(reply.stream, reply.number.is_multiple_of(2));
        assert_eq!(reply.first_content.is_some(), reply.stream);
        assert!(reply.first_content.unwrap_or_default() <= reply.took);
        assert!(!reply.fallback && reply.served_by.is_none() && reply.attempts.is_empty());
    }
    assert!(provider.stats().completed >= 10);
}

#[tokio::test]
async fn each_kind_of_failure_is_told_from_an_answer() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let outcomes = async |behaviour: Behaviour| -> Vec<Outcome> {
        provider.set(behaviour);
        replies(traffic(&provider), 2).await.into_iter().map(|reply| reply.outcome).collect()
    };
    for behaviour in [
        Behaviour::Cut { after_tokens: 2 },
        Behaviour::EndsEarly { after_tokens: 2 },
        Behaviour::ErrorInStream { after_tokens: 2 },
        Behaviour::Html,
    ] {
        let met = outcomes(behaviour.clone()).await;
        let plain_is_refused = matches!(behaviour, Behaviour::ErrorInStream { .. });
        assert!(matches!(met[0], Outcome::Broken(_)), "{behaviour:?} {met:?}");
        assert_eq!(matches!(met[1], Outcome::Refused { .. }), plain_is_refused, "{met:?}");
        assert_ne!(met[1], Outcome::Answered);
    }
    let met = outcomes(Problem::Status(503).into()).await;
    assert!(matches!(met[0], Outcome::Refused { status: 503, .. }), "{met:?}");
    let met = outcomes(Behaviour::HangUp).await;
    assert!(matches!(met[0], Outcome::Unreachable(_)), "{met:?}");
}

#[tokio::test]
async fn a_silent_gateway_is_given_up_and_the_loop_stays_open() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    provider.set(Behaviour::Silent);
    let traffic = Traffic { timeout: Duration::from_millis(100), ..traffic(&provider) };
    let mut replies = traffic.start().unwrap();
    // Requests go out although none is answered.
    provider.stats_when(|stats| stats.in_flight >= 3).await;
    let reply = replies.next().await.unwrap();
    assert!(matches!(reply.outcome, Outcome::Unreachable(_)), "{reply:?}");
    assert!(reply.took >= Duration::from_millis(100));
    drop(replies);
    provider.stats_when(|stats| stats.in_flight == 0).await;
}

#[tokio::test]
async fn who_is_not_there_is_unreachable() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let traffic = traffic(&provider);
    provider.stop().await;
    let met = replies(traffic, 1).await;
    assert!(matches!(met[0].outcome, Outcome::Unreachable(_)), "{met:?}");
}
