//! Limits of time: the whole answer, the first content, the deadline.

use std::time::Duration;

use sanso::ErrorKind;
use sanso_sim::provider::{Behaviour, Pace, Provider, Vendor};

use crate::support::{
    Setup, ask, ask_bytes, drain, in_flight, metric, read, relay_of, soon, trail,
};
use crate::upstream::{Act, ROLE, Upstream, open_stream, says};

const FIRST_TOKEN: &str = "sanso: { timeouts: { first_token_patient: 100ms } }";

fn slow() -> Pace {
    Pace { first_token: Duration::from_millis(400), ..Pace::INSTANT }
}

#[tokio::test]
async fn a_silent_provider_is_cut_by_the_timeout_and_its_connection_closed() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &provider);
    let gateway = setup.set("litellm_settings: { num_retries: 0, request_timeout: 0.1 }").gateway();
    for behaviour in [Behaviour::Silent, Behaviour::Stalls { after_tokens: 0 }] {
        provider.set(behaviour);
        let plain = soon(gateway.chat(ask())).await.unwrap_err();
        assert_eq!((plain.status(), plain.kind()), (504, ErrorKind::Timeout));
        let stream = soon(gateway.stream(ask())).await.unwrap_err();
        assert_eq!((stream.status(), stream.kind()), (504, ErrorKind::Timeout));
        soon(provider.stats_when(|stats| stats.in_flight == 0)).await;
        assert_eq!(in_flight(&gateway), 0);
    }
}

#[tokio::test]
async fn a_late_first_token_moves_the_request_on_and_stops_the_call() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let gateway = setup.with_spare().set(FIRST_TOKEN).gateway();
    primary.set(Behaviour::Stalls { after_tokens: 0 });
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert_eq!(
        trail(stream.served()),
        "openai/gpt-4.1=timeout_first_token anthropic/claude-sonnet-4-6=200"
    );
    soon(primary.stats_when(|stats| stats.cancelled == 1)).await;
    assert!(read(&mut stream).await.1.is_ok());
}

#[tokio::test]
async fn a_late_first_token_with_nowhere_to_go_is_waited_for() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).set(FIRST_TOKEN).gateway();
    provider.set_pace(slow());
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert_eq!(trail(stream.served()), "openai/gpt-4.1=200");
    assert!(read(&mut stream).await.1.is_ok());
    assert_eq!(provider.stats().calls, 1);
}

#[tokio::test]
async fn a_stream_that_flows_is_cut_by_no_limit() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &provider);
    let limits = "litellm_settings: { num_retries: 0, request_timeout: 0.2 }";
    let gateway = setup.set(limits).set("sanso: { timeouts: { gap: 150ms } }").gateway();
    provider.set_pace(Pace { per_token: Duration::from_millis(30), ..Pace::INSTANT });
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert!(read(&mut stream).await.1.is_ok());
}

#[tokio::test]
async fn a_clients_deadline_bounds_the_request_up_to_commit() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).gateway();
    provider.set(Behaviour::Silent);
    let deadline = Some(Duration::from_millis(100));
    let mut arrival = gateway.arrive();
    arrival.deadline = deadline;
    let error = soon(gateway.relay(ask_bytes(), arrival)).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (504, ErrorKind::Timeout));
    soon(provider.stats_when(|stats| stats.cancelled == 1)).await;

    provider.set(Behaviour::Healthy);
    provider.set_pace(Pace { per_token: Duration::from_millis(20), ..Pace::INSTANT });
    let mut arrival = gateway.arrive();
    arrival.deadline = deadline;
    let relayed = soon(gateway.relay(ask_bytes(), arrival)).await.unwrap();
    let sanso::Relayed::Stream(mut relay) = relayed else { panic!("no stream") };
    assert!(drain(&mut relay).await.ends_with("data: [DONE]\n\n"));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_runs_from_the_first_byte_of_a_request_not_from_its_last() {
    let main = "litellm_params: { model: openai/m, mock_response: Hello }";
    let text = format!("model_list: [{{ model_name: main, {main} }}]");
    let gateway = sanso::Gateway::from_yaml(&text).unwrap();
    let mut arrival = gateway.arrive();
    arrival.deadline = Some(Duration::from_secs(2));
    // A body that takes four seconds to come.
    tokio::time::advance(Duration::from_secs(4)).await;
    let error = gateway.relay(ask_bytes(), arrival).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (504, ErrorKind::Timeout));
}

#[tokio::test]
async fn a_stream_timeout_that_passes_in_silence_moves_on_at_once() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let settings = "litellm_settings: { num_retries: 2, fallbacks: [{ main: [spare] }] }";
    let limit = "router_settings: { stream_timeout: 0.15 }";
    let gateway = setup.set(settings).set(limit).gateway();
    primary.set(Behaviour::Silent);
    let stream = soon(gateway.stream(ask())).await.unwrap();
    let trail = trail(stream.served());
    assert!(trail.starts_with("openai/gpt-4.1=timeout_first_token anthropic/"), "{trail}");
    assert_eq!(primary.stats().calls, 1, "a silent provider is not asked again");
}

#[tokio::test]
async fn a_timeout_in_the_body_bounds_the_gaps_of_a_stream_and_moves_no_breaker() {
    let script =
        vec![Act::Read, Act::Send(open_stream(&[ROLE.to_owned(), says("one")])), Act::Hold];
    let upstream = Upstream::start(vec![script]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    for name in ["timeout", "stream_timeout"] {
        let body = format!(
            r#"{{"model":"main","stream":true,"{name}":0.15,"messages":[{{"role":"user","content":"Why?"}}]}}"#
        );
        let mut relay = relay_of(&gateway, body.into()).await;
        let sent = drain(&mut relay).await;
        assert_eq!(relay.end(), Some(sanso::StreamEnd::Broken), "{name}: {sent}");
    }
    let broken = metric(&gateway, "sanso_breaker_openings_total", &[]);
    assert_eq!((broken, in_flight(&gateway)), (0.0, 0));
}
