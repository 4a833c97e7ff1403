//! A client that goes away: the provider is let go at once, and every place is given back.

use sanso::Degradation;
use sanso::ir::StreamEvent;
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};

use crate::support::{Log, Setup, ask, in_flight, leave_when, metric, soon, until};
use crate::upstream::{Act, ROLE, Upstream, open_stream};

/// After a client left before content: nothing in flight, and neither answered nor unavailable.
async fn is_cancelled(gateway: &sanso::Gateway, log: &mut Log, attempts: u64) {
    assert_eq!(in_flight(gateway), 0);
    let line = log.line().await;
    assert_eq!(line["degradation_level"], "cancelled", "{line}");
    assert_eq!(line["attempt"], attempts, "{line}");
    let count = |labels: &[&str]| metric(gateway, "sanso_requests_total", labels);
    assert_eq!((count(&["\"cancelled\""]), count(&["\"unavailable\""])), (1.0, 0.0));
    assert_eq!(metric(gateway, "sanso_in_flight", &[]), 0.0);
}

#[tokio::test]
async fn while_connecting() {
    let upstream = Upstream::start(vec![vec![Act::Hold]]).await;
    let base = format!("https://{}/v1", upstream.address);
    let (gateway, mut log) = Setup::default().model("main", "openai/mute", &base).logged();
    leave_when(gateway.chat(ask()), upstream.seen_when(|seen| seen.connections == 1)).await;
    soon(upstream.seen_when(|seen| seen.left == 1)).await;
    is_cancelled(&gateway, &mut log, 1).await;
}

#[tokio::test]
async fn while_waiting_for_headers() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let (gateway, mut log) = Setup::default().provider("main", &provider).logged();
    provider.set(Behaviour::Silent);
    leave_when(gateway.chat(ask()), provider.stats_when(|stats| stats.in_flight == 1)).await;
    soon(provider.stats_when(|stats| stats.cancelled == 1)).await;
    is_cancelled(&gateway, &mut log, 1).await;
}

#[tokio::test]
async fn before_the_first_content() {
    let script = vec![Act::Read, Act::Send(open_stream(&[ROLE])), Act::Hold];
    let upstream = Upstream::start(vec![script]).await;
    let (gateway, mut log) = Setup::default().upstream("main", &upstream).logged();
    leave_when(gateway.stream(ask()), upstream.seen_when(|seen| seen.requests == 1)).await;
    soon(upstream.seen_when(|seen| seen.left == 1)).await;
    is_cancelled(&gateway, &mut log, 1).await;
}

#[tokio::test]
async fn while_a_retry_waits() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &provider);
    let (gateway, mut log) = setup.set("sanso: { retry: { retry_after: 30s } }").logged();
    provider.set(Problem::Status(500));
    let waits = async {
        provider.stats_when(|stats| stats.failed == 1).await;
        until(|| in_flight(&gateway) == 0).await;
    };
    leave_when(gateway.chat(ask()), waits).await;
    assert_eq!(provider.stats().calls, 1);
    is_cancelled(&gateway, &mut log, 1).await;
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let (gateway, mut log) = Setup::default().provider("main", &provider).logged();
    provider.set(Behaviour::Stalls { after_tokens: 3 });
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    while !matches!(soon(stream.next()).await.unwrap(), Some(StreamEvent::Text { .. })) {}
    assert_eq!(in_flight(&gateway), 1);
    assert_eq!(stream.served().degradation, Degradation::Full);
    drop(stream);
    soon(provider.stats_when(|stats| stats.cancelled == 1)).await;
    assert_eq!(in_flight(&gateway), 0);
    // The first leg did serve; that its reader has had enough is no lack of service.
    let line = log.line().await;
    assert_eq!((&line["degradation_level"], &line["provider"]), (&"full".into(), &"openai".into()));
    assert!(line["ttft_ms"].is_number(), "{line}");
    assert_eq!(metric(&gateway, "sanso_requests_total", &["\"unavailable\""]), 0.0);
    assert_eq!(metric(&gateway, "sanso_attempts_total", &["\"cancelled\""]), 1.0);
}

#[tokio::test]
async fn a_request_that_was_never_polled_leaves_nothing() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let (gateway, log) = Setup::default().provider("main", &provider).logged();
    drop(gateway.chat(ask()));
    assert_eq!((in_flight(&gateway), provider.stats().calls), (0, 0));
    assert!(log.is_empty());
}

#[tokio::test]
async fn many_clients_that_leave_open_no_breaker() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).gateway();
    provider.set(Behaviour::Silent);
    for number in 1..=30 {
        leave_when(gateway.chat(ask()), provider.stats_when(|stats| stats.calls == number)).await;
    }
    soon(provider.stats_when(|stats| stats.cancelled == 30)).await;
    assert_eq!(gateway.deployments()[0].breaker, sanso::BreakerState::Closed);
    assert_eq!(metric(&gateway, "sanso_requests_total", &["\"cancelled\""]), 30.0);
}
