//! `/metrics`: every name with its labels, sums that are right, and no series that a client can make.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sanso::Gateway;
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::json;

use crate::support::{Setup, ask, drain, metric, read, relay, soon};

/// Every metric and its labels, as `monitoring.md` has them, and LiteLLM's. `le` is understood.
const NAMES: &[(&str, &str)] = &[
    ("sanso_requests_total", "degradation model_group task"),
    ("sanso_attempts_total", "deployment outcome provider"),
    ("sanso_deployment_info", "deployment model model_group provider"),
    ("sanso_fallbacks_total", "from model_group reason to"),
    ("sanso_soft_faults_total", "deployment model_group reason"),
    ("sanso_breaker_state", "deployment"),
    ("sanso_breaker_openings_total", "deployment"),
    ("sanso_gate_shut", "deployment gate"),
    ("sanso_chain_health", "model_group"),
    ("sanso_in_flight", ""),
    ("sanso_ttft_seconds", "model_group"),
    ("sanso_request_duration_seconds", "model_group"),
    ("sanso_overhead_seconds", ""),
    ("sanso_tokens_total", "deployment direction"),
    ("sanso_cost_usd_total", "deployment"),
    ("sanso_retry_budget", "deployment"),
    ("litellm_deployment_state", "api_base api_provider litellm_model_name model_id"),
    (
        "litellm_deployment_cooled_down_total",
        "api_base api_provider exception_status litellm_model_name model_id",
    ),
    (
        "litellm_deployment_total_requests_total",
        "api_base api_provider litellm_model_name model_group model_id requested_model",
    ),
    (
        "litellm_deployment_success_responses_total",
        "api_base api_provider litellm_model_name model_group model_id requested_model",
    ),
    (
        "litellm_deployment_failure_responses_total",
        "api_base api_provider exception_class exception_status litellm_model_name model_group \
         model_id requested_model",
    ),
    (
        "litellm_deployment_successful_fallbacks_total",
        "exception_class exception_status fallback_model requested_model",
    ),
    (
        "litellm_deployment_failed_fallbacks_total",
        "exception_class exception_status fallback_model requested_model",
    ),
    (
        "litellm_deployment_latency_per_output_token",
        "api_base api_provider litellm_model_name model_id",
    ),
    ("litellm_proxy_total_requests_metric_total", "requested_model status_code"),
    (
        "litellm_proxy_failed_requests_metric_total",
        "exception_class exception_status requested_model",
    ),
    ("litellm_request_total_latency_metric", "requested_model"),
    ("litellm_llm_api_latency_metric", "api_provider model model_id requested_model"),
    ("litellm_llm_api_time_to_first_token_metric", "api_provider model model_id requested_model"),
    ("litellm_overhead_latency_metric", "api_base api_provider litellm_model_name model_group"),
    ("litellm_input_tokens_metric_total", "api_provider model model_id requested_model"),
    ("litellm_output_tokens_metric_total", "api_provider model model_id requested_model"),
    ("litellm_total_tokens_metric_total", "api_provider model model_id requested_model"),
    ("litellm_spend_metric_total", "api_provider model model_id requested_model"),
];

/// The label names of each metric, by its name without a histogram's suffixes.
fn names(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let series = line.rsplit_once(' ').unwrap().0;
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let plain = ["_bucket", "_sum", "_count"].iter().find_map(|it| name.strip_suffix(it));
        let keys = names.entry(plain.unwrap_or(name).to_owned()).or_default();
        let pieces = labels.trim_end_matches('}').split("\",");
        let pieces = pieces.filter_map(|piece| piece.split_once('='));
        keys.extend(pieces.map(|(key, _)| key.to_owned()).filter(|key| key != "le"));
    }
    names
}

/// Every path that makes a series, once.
async fn mixed(primary: &Provider, spare: &Provider, gateway: &Gateway) {
    soon(gateway.chat(ask())).await.unwrap();
    read(&mut soon(gateway.stream(ask())).await.unwrap()).await.1.unwrap();
    primary.fail_next(1, Problem::Overloaded);
    soon(gateway.chat(ask())).await.unwrap();
    primary.fail_next(1, Behaviour::Empty);
    soon(gateway.chat(ask())).await.unwrap();
    primary.fail_next(1, Problem::Status(400));
    soon(gateway.chat(ask())).await.unwrap_err();
    primary.set(Problem::Status(500));
    spare.set(Problem::RateLimited { retry_after: None });
    soon(gateway.chat(ask())).await.unwrap_err();
}

fn setup(primary: &Provider, spare: &Provider) -> Setup {
    let settings = "litellm_settings: { num_retries: 0, allowed_fails: 2, cooldown_time: 60, \
                    fallbacks: [{ main: [spare] }] }";
    let setup = Setup::default().provider("main", primary).provider("spare", spare);
    setup.set(settings).set("sanso: { tasks: { sum: { models: [main] } } }")
}

#[tokio::test]
async fn every_metric_has_the_labels_of_the_specification() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let gateway = setup(&primary, &spare).gateway();
    mixed(&primary, &spare, &gateway).await;
    let found = names(&gateway.metrics());
    for (name, labels) in NAMES {
        let expected: BTreeSet<String> = labels.split_whitespace().map(str::to_owned).collect();
        let found = found.get(*name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(*found, expected, "{name}");
    }
    let expected: BTreeSet<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    let more: Vec<_> = found.keys().filter(|name| !expected.contains(name.as_str())).collect();
    assert!(more.is_empty(), "not in the table, nor in docs/metrics.md: {more:?}");
    let documented = include_str!("../../../../docs/metrics.md");
    for (name, _) in NAMES {
        assert!(documented.contains(&format!("`{name}`")), "docs/metrics.md lacks {name}");
    }
}

#[tokio::test]
async fn sums_are_right_for_mixed_requests_under_both_names() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let gateway = setup(&primary, &spare).gateway();
    mixed(&primary, &spare, &gateway).await;
    let sum = |name: &str, labels: &[&str]| metric(&gateway, name, labels);

    // Two plain answers, two by the spare, one mistake of the caller, one that nobody answered.
    for (labels, expected) in [
        (["requested_model=\"main\"", "status_code=\"200\""], 4.0),
        (["requested_model=\"main\"", "status_code=\"400\""], 1.0),
        (["requested_model=\"main\"", ""], 6.0),
        (["requested_model=\"spare\"", ""], 0.0),
    ] {
        assert_eq!(sum("litellm_proxy_total_requests_metric_total", &labels), expected);
    }
    assert_eq!(sum("litellm_proxy_failed_requests_metric_total", &[]), 2.0);
    assert_eq!(sum("sanso_overhead_seconds_count", &[]), 6.0);
    assert_eq!(sum("litellm_request_total_latency_metric_count", &[]), 4.0);
    let of = |name, labels: &[&str]| sum(&format!("litellm_deployment_{name}_total"), labels);
    let openai = "api_provider=\"openai\"";
    assert_eq!(of("total_requests", &[openai]), 6.0);
    assert_eq!(of("success_responses", &[openai]), 2.0);
    for class in [
        "Openai.ServiceUnavailableError",
        "Openai.APIResponseValidationError",
        "Openai.BadRequestError",
        "Openai.InternalServerError",
        "Anthropic.RateLimitError",
    ] {
        assert_eq!(of("failure_responses", &[class]), 1.0, "{class}");
    }
    assert_eq!(of("total_requests", &[]), of("success_responses", &[]) + 5.0);
    let attempts = sum("sanso_attempts_total", &[]);
    assert_eq!(attempts, of("total_requests", &[]));
    // The breaker of the first, and the quota gate of the second, which was told to slow down.
    let cooled = "litellm_deployment_cooled_down_total";
    assert_eq!(sum(cooled, &["\"anthropic\"", "exception_status=\"429\""]), 1.0);
    let fell = ["requested_model=\"main\"", "fallback_model=\"spare\""];
    assert_eq!(of("successful_fallbacks", &fell), 2.0);
    assert_eq!(of("failed_fallbacks", &fell), 1.0);
    assert_eq!(of("failed_fallbacks", &["exception_class=\"Openai.InternalServerError\""]), 1.0);

    for (own, theirs) in [
        (vec!["direction=\"input\""], "litellm_input_tokens_metric_total"),
        (vec!["direction=\"output\""], "litellm_output_tokens_metric_total"),
        (vec![], "litellm_total_tokens_metric_total"),
    ] {
        let counted = sum("sanso_tokens_total", &own);
        assert!(counted > 0.0 && counted == sum(theirs, &[]), "{theirs}: {counted}");
    }
    let cost = sum("sanso_cost_usd_total", &[]);
    assert!(cost > 0.0 && (cost - sum("litellm_spend_metric_total", &[])).abs() < 1e-12, "{cost}");
    // The stream was of the first deployment, and alone has a first token.
    let first = "litellm_llm_api_time_to_first_token_metric_count";
    assert_eq!((sum(first, &[]), sum(first, &[openai])), (1.0, 1.0));
    assert_eq!(sum("litellm_llm_api_latency_metric_count", &[]), 4.0);
}

#[tokio::test]
async fn a_stream_that_broke_failed_under_either_name() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &primary).without_retries().gateway();
    primary.set(Behaviour::Cut { after_tokens: 3 });
    let mut stream = relay(&gateway).await;
    drain(&mut stream).await;
    drop(stream);
    let failed = ["exception_status=\"503\"", "exception_class=\"Openai.MidStreamFallbackError\""];
    assert_eq!(metric(&gateway, "litellm_proxy_failed_requests_metric_total", &failed), 1.0);
    assert_eq!(metric(&gateway, "sanso_requests_total", &["\"unavailable\""]), 1.0);
}

#[tokio::test]
async fn states_follow_the_gates_and_the_last_call() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let gateway = setup(&primary, &spare).gateway();
    let openai = ["api_provider=\"openai\""];
    let state = || metric(&gateway, "litellm_deployment_state", &openai);
    assert_eq!(state(), 0.0);
    primary.fail_next(1, Problem::Status(500));
    soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(state(), 1.0, "its last call failed");
    soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(state(), 0.0);
    primary.set(Problem::Status(500));
    let cooled = || {
        let labels = ["api_provider=\"openai\"", "exception_status=\"500\""];
        metric(&gateway, "litellm_deployment_cooled_down_total", &labels)
    };
    assert_eq!(cooled(), 0.0);
    while metric(&gateway, "sanso_breaker_state", &[]) == 0.0 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    assert_eq!((state(), cooled()), (2.0, 1.0));
}

#[tokio::test]
async fn the_retry_budget_is_what_is_left() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default()
        .provider("main", &primary)
        .set("litellm_settings: { num_retries: 1 }")
        .gateway();
    let left = || metric(&gateway, "sanso_retry_budget", &[]);
    let full = left();
    assert!(full > 100.0, "{full}");
    primary.set(Problem::Status(503));
    soon(gateway.chat(ask())).await.unwrap_err();
    assert!(left() < full, "a retry was paid for: {}", left());
}

#[tokio::test]
async fn a_client_makes_no_series_whatever_it_sends() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let gateway = setup(&primary, &spare).gateway();
    let series = || {
        let text = gateway.metrics();
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        series.map(|(series, _)| series.to_owned()).collect::<BTreeSet<_>>()
    };
    let send = async |body: serde_json::Value, task: Option<String>| {
        let body = Bytes::from(body.to_string());
        let mut arrival = gateway.arrive();
        arrival.task = task;
        // Most are refused, as they should be.
        let _ = soon(gateway.relay(body, arrival)).await;
    };
    // What known names make is made first.
    let messages = json!([{ "role": "user", "content": "Why?" }]);
    for model in ["main", "spare", "task/sum"] {
        send(json!({ "model": model, "messages": messages }), None).await;
    }
    let before = series();
    for number in 0..10_000 {
        let hostile = format!("hostile-{number}\"}} 1\nsanso_requests_total{{model_group=\"x");
        let plain = format!("hostile-{number}");
        // The name itself in most of them, and in some everything else that a body may bring.
        let body = match number % 60 {
            0 => json!({ "model": "main", "messages": messages, "metadata": { "task": hostile } }),
            20 => json!({
                "model": "main", "messages": messages, "user": hostile,
                "metadata": { hostile.clone(): hostile, "tags": [hostile] },
            }),
            40 => json!({ "model": "main", "messages": messages, "fallbacks": [hostile] }),
            _ => json!({ "model": hostile, "messages": messages, "task": hostile }),
        };
        send(body, (number % 60 == 10).then_some(plain)).await;
    }
    let served = metric(&gateway, "sanso_requests_total", &["model_group=\"main\""]);
    assert!(served > 150.0, "most are refused, but not all: {served}");
    let more: Vec<_> = series().difference(&before).cloned().collect();
    assert!(more.is_empty(), "{more:?}");
}
