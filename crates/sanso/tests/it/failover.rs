//! Retry and fallback as a caller sees them, and the error when no one answers.

use sanso::{Degradation, ErrorKind};
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};

use crate::support::{Setup, ask, in_flight, read, soon, trail};
use crate::upstream::{Act, Upstream, chunk};

const OPENAI: &str = "openai/gpt-4.1";

#[tokio::test]
async fn a_blip_of_two_faults_is_ridden_out_on_the_primary() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &provider).provider("spare", &spare);
    let gateway = setup.set("litellm_settings: { fallbacks: [{ main: [spare] }] }").gateway();
    provider.fail_next(2, Problem::Status(500));
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(answer.served()), format!("{OPENAI}=500 {OPENAI}=500 {OPENAI}=200"));
    assert_eq!(answer.served().degradation, Degradation::Full);
    assert_eq!((answer.served().retries(), answer.served().fallbacks()), (2, 0));
    provider.fail_next(2, Problem::Overloaded);
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert_eq!(trail(stream.served()), format!("{OPENAI}=503 {OPENAI}=503 {OPENAI}=200"));
    assert!(read(&mut stream).await.1.is_ok());
    assert_eq!(spare.stats().calls, 0);
}

#[tokio::test]
async fn an_outage_is_answered_by_the_next_leg_in_its_own_dialect() {
    for vendor in Vendor::ALL {
        let primary = Provider::start(vendor).await.unwrap();
        for next in Vendor::ALL.into_iter().filter(|next| *next != vendor) {
            let spare = Provider::start(next).await.unwrap();
            let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
            let gateway = setup.with_spare().gateway();
            primary.set(Problem::Overloaded);
            let answer = soon(gateway.chat(ask())).await.unwrap();
            assert_eq!(answer.model(), next.model());
            let served = answer.served();
            assert!(served.fallback);
            assert_eq!(served.degradation, Degradation::Partial);
            assert_eq!(served.model_group.as_ref(), "main");
            assert_eq!(served.answering_group.as_deref(), Some("spare"));
            assert_eq!(served.attempts.iter().map(|a| a.leg).collect::<Vec<_>>(), [0, 1]);
            let mut stream = soon(gateway.stream(ask())).await.unwrap();
            assert!(read(&mut stream).await.0.contains(next.model()));
        }
    }
}

#[tokio::test]
async fn the_error_of_a_lone_deployment_keeps_its_class() {
    let bad_request = (400, ErrorKind::InvalidRequest);
    let cases: [(Behaviour, u16, ErrorKind); 11] = [
        (Problem::RateLimited { retry_after: None }.into(), 429, ErrorKind::RateLimited),
        (Problem::QuotaExhausted.into(), 503, ErrorKind::Upstream),
        (Problem::Overloaded.into(), 503, ErrorKind::Upstream),
        (Problem::BadKey.into(), 502, ErrorKind::Upstream),
        (Problem::ContextWindow.into(), bad_request.0, bad_request.1),
        (Problem::Status(400).into(), bad_request.0, bad_request.1),
        (Problem::Status(404).into(), 404, ErrorKind::Upstream),
        (Problem::Status(500).into(), 500, ErrorKind::Upstream),
        (Behaviour::Html, 502, ErrorKind::Upstream),
        (Behaviour::HangUp, 502, ErrorKind::Upstream),
        (Behaviour::EndsEarly { after_tokens: 0 }, 502, ErrorKind::Upstream),
    ];
    for vendor in Vendor::ALL {
        for (behaviour, status, kind) in &cases {
            let provider = Provider::start(vendor).await.unwrap();
            let gateway = Setup::default().provider("main", &provider).without_retries().gateway();
            provider.set(behaviour.clone());
            let plain = soon(gateway.chat(ask())).await.unwrap_err();
            let what = format!("{vendor:?} {behaviour:?}: {plain}");
            assert_eq!((plain.status(), plain.kind()), (*status, *kind), "{what}");
            let served = plain.served().unwrap();
            assert_eq!(served.attempts.len(), 1, "{what}");
            let is_callers = *kind == ErrorKind::InvalidRequest;
            let expected =
                if is_callers { Degradation::Rejected } else { Degradation::Unavailable };
            assert_eq!(served.degradation, expected, "{what}");
            assert_eq!(in_flight(&gateway), 0);

            // A gateway of its own: a shut quota gate would answer otherwise.
            let gateway = Setup::default().provider("main", &provider).without_retries().gateway();
            let stream = soon(gateway.stream(ask())).await.unwrap_err();
            assert_eq!((stream.status(), stream.kind()), (*status, *kind), "stream of {what}");
        }
    }
}

#[tokio::test]
async fn a_callers_mistake_costs_one_call() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let gateway = setup.set("litellm_settings: { fallbacks: [{ main: [spare] }] }").gateway();
    primary.set(Problem::Status(400));
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.should_retry()), (400, false));
    assert_eq!((primary.stats().calls, spare.stats().calls), (1, 0));
}

#[tokio::test]
async fn an_unknown_model_is_told_which_ones_there_are() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &provider).provider("other", &provider);
    let gateway = setup.gateway();
    let error = soon(gateway.chat(sanso::ChatRequest::new("mian").user("?"))).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (404, ErrorKind::UnknownModel));
    let text = error.to_string();
    assert!(text.contains("`mian`") && text.contains("main, other"), "{text}");
    let error = soon(gateway.chat(ask().set("fallbacks", serde_json::json!(["nope"])))).await;
    let error = error.unwrap_err();
    assert_eq!(error.status(), 400);
    assert!(error.to_string().contains("`nope`"), "{error}");
    assert_eq!(provider.stats().calls, 0);
}

#[tokio::test]
async fn a_request_may_forbid_fallbacks_or_name_its_own() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let own = Provider::start(Vendor::Gemini).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let gateway = setup.provider("own", &own).with_spare().gateway();
    primary.set(Problem::Status(500));
    let denied = soon(gateway.chat(ask().set("disable_fallbacks", true))).await.unwrap_err();
    assert_eq!((denied.status(), denied.served().unwrap().attempts.len()), (500, 1));
    let asked = ask().set("fallbacks", serde_json::json!(["own"]));
    assert_eq!(soon(gateway.chat(asked)).await.unwrap().model(), Vendor::Gemini.model());
    assert_eq!(spare.stats().calls, 0);
}

#[tokio::test]
async fn an_absurd_limit_of_time_does_no_harm() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).gateway();
    for absurd in [1e19, 1e15, 9e9] {
        for stream in ["timeout", "stream_timeout"] {
            match soon(gateway.stream(ask().set(stream, absurd))).await {
                Ok(mut stream) => assert!(read(&mut stream).await.1.is_ok()),
                Err(error) => assert_eq!(error.status(), 400, "{absurd}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn an_endless_error_body_does_not_hold_up_the_fallback() {
    let head = "HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n";
    let script = vec![Act::Read, Act::Send(head.into()), Act::Flood(chunk("busy ".repeat(1000)))];
    let upstream = Upstream::start(vec![script]).await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &upstream).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(answer.served()), format!("openai/gpt-scripted=503 {OPENAI}=200"));
}
