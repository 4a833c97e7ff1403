//! What is written down of a request agrees with what happened.

use sanso::BreakerState;
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::json;

use crate::support::{Setup, ask, metric, read, soon};

#[tokio::test]
async fn the_log_has_one_line_per_request() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let (gateway, mut log) = setup.with_spare().logged();

    let answer = soon(gateway.chat(ask())).await.unwrap();
    let line = log.line().await;
    let usage = answer.usage().unwrap();
    for (field, value) in [
        ("event", json!("request")),
        ("request_id", json!(answer.served().request_id)),
        ("model_group", json!("main")),
        ("provider", json!("openai")),
        ("model", json!("gpt-4.1")),
        ("deployment", json!(answer.served().deployment_id.as_deref())),
        ("attempt", json!(1)),
        ("fallback_from", json!(null)),
        ("input_tokens", json!(usage.prompt)),
        ("output_tokens", json!(usage.completion)),
        ("circuit_state", json!("closed")),
        ("degradation_level", json!("full")),
        ("is_fallback", json!(false)),
        ("failure_kinds", json!([])),
    ] {
        assert_eq!(line[field], value, "{field} of {line}");
    }
    assert!(!line.to_string().contains("sky"), "prompts are not logged: {line}");

    primary.set(Problem::Overloaded);
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert!(log.is_empty(), "a stream is finished at its end");
    assert!(read(&mut stream).await.1.is_ok());
    let line = log.line().await;
    assert_eq!(line["provider"], "anthropic");
    assert_eq!((&line["attempt"], &line["is_fallback"]), (&json!(2), &json!(true)));
    assert_eq!(
        (&line["fallback_from"], &line["degradation_level"]),
        (&json!("main"), &json!("partial"))
    );
    assert_eq!(line["failure_kinds"], json!(["Overloaded"]));
    assert!(line["ttft_ms"].is_number() && line["output_tokens"].as_u64() > Some(0), "{line}");

    spare.set(Problem::Status(500));
    soon(gateway.chat(ask())).await.unwrap_err();
    let line = log.line().await;
    assert_eq!(
        (&line["provider"], &line["degradation_level"]),
        (&json!(null), &json!("unavailable"))
    );
    assert_eq!(line["failure_kinds"], json!(["Overloaded", "ServerError"]));
    assert!(log.is_empty());
}

#[tokio::test]
async fn the_metrics_count_what_happened() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let requests = |degradation: &str| {
        metric(&gateway, "sanso_requests_total", &["model_group=\"main\"", degradation])
    };
    let attempts = |provider: &str, outcome: &str| {
        metric(&gateway, "sanso_attempts_total", &[provider, outcome])
    };

    soon(gateway.chat(ask())).await.unwrap();
    primary.fail_next(2, Problem::Overloaded);
    soon(gateway.chat(ask())).await.unwrap();
    read(&mut soon(gateway.stream(ask())).await.unwrap()).await.1.unwrap();
    primary.fail_next(1, Behaviour::Cut { after_tokens: 4 });
    read(&mut soon(gateway.stream(ask())).await.unwrap()).await.1.unwrap_err();
    primary.fail_next(1, Problem::Status(400));
    soon(gateway.chat(ask())).await.unwrap_err();

    // The stream that broke is no answer; a caller's mistake is no outage.
    assert_eq!((requests("\"partial\""), requests("\"unavailable\"")), (2.0, 1.0));
    assert_eq!(requests("\"rejected\""), 1.0);
    assert_eq!(requests(""), 5.0);
    assert_eq!(attempts("\"openai\"", "\"success\""), 1.0);
    assert_eq!(attempts("\"openai\"", "\"overloaded\""), 2.0);
    assert_eq!(attempts("\"openai\"", "\"bad_request\""), 1.0);
    assert_eq!(attempts("\"anthropic\"", "\"success\""), 2.0);
    assert_eq!(attempts("", ""), 7.0);
    let fallbacks = ["from=\"main\"", "to=\"spare\"", "reason=\"overloaded\""];
    assert_eq!(metric(&gateway, "sanso_fallbacks_total", &fallbacks), 2.0);
    assert_eq!(metric(&gateway, "sanso_fallbacks_total", &[]), 2.0);
    assert_eq!(metric(&gateway, "sanso_request_duration_seconds_count", &[]), 5.0);
    assert_eq!(metric(&gateway, "sanso_in_flight", &[]), 0.0);
    assert!(gateway.metrics().ends_with("# EOF\n"));
}

#[tokio::test]
async fn an_opened_breaker_is_seen_everywhere_and_stops_calls() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let settings = "litellm_settings: { num_retries: 0, allowed_fails: 3, cooldown_time: 60, \
                    fallbacks: [{ main: [spare] }] }";
    let (gateway, mut log) = setup.set(settings).logged();
    let mut changes = gateway.watch_breakers();
    primary.set(Problem::Status(500));
    for _ in 0..6 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    assert_eq!(primary.stats().calls, 4, "more than three faults open it");
    assert_eq!(spare.stats().calls, 6);
    let states = gateway.deployments();
    let state = states.iter().find(|state| state.name.starts_with("openai")).unwrap();
    assert_eq!(state.breaker, BreakerState::Open);
    let change = soon(changes.recv()).await.unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!(change.deployment_id, state.id);
    let deployment = format!("deployment=\"{}\"", state.id);
    let of_it = [deployment.as_str()];
    assert_eq!(metric(&gateway, "sanso_breaker_openings_total", &of_it), 1.0);
    assert_eq!(metric(&gateway, "sanso_breaker_state", &of_it), 1.0);
    let gate = [deployment.as_str(), "gate=\"breaker\""];
    assert_eq!(metric(&gateway, "sanso_gate_shut", &gate), 1.0);
    let reasons = |reason: &str| metric(&gateway, "sanso_fallbacks_total", &[reason]);
    assert_eq!((reasons("\"server_error\""), reasons("\"gate_shut\"")), (4.0, 2.0));
    for _ in 0..5 {
        log.line().await;
    }
    let line = log.line().await;
    assert_eq!((&line["attempt"], &line["is_fallback"]), (&json!(1), &json!(true)), "{line}");

    // With the spare gone, too, the error says which gates are shut and when to come back.
    spare.set(Problem::Status(500));
    let mut error = soon(gateway.chat(ask())).await.unwrap_err();
    // Lone as it is, it opens only when hardly anything is answered any more.
    while error.kind() == sanso::ErrorKind::Upstream && spare.stats().calls < 40 {
        error = soon(gateway.chat(ask())).await.unwrap_err();
    }
    assert_eq!((error.status(), error.kind()), (503, sanso::ErrorKind::Unavailable), "{error}");
    assert!(error.to_string().contains("circuit breaker open"), "{error}");
    assert!(error.retry_after().is_some());
}
