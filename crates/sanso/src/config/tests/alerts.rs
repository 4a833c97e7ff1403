//! `sanso.alerts`, and LiteLLM's `alerting`.

use secrecy::ExposeSecret;

use super::*;
use crate::config::{SinkKind, describe};

const SLACK: &str = "https://hooks.slack.com/services/T0001/B0001/canary-slack";

fn with(alerts: &str, variables: &[(&str, &str)]) -> Result<Config, Report> {
    let environment = environment(&[variables, &[("ANTHROPIC_API_KEY", "sk-ant-canary")]].concat());
    let text = format!(
        "model_list: [{{model_name: m, litellm_params: {{model: anthropic/claude-x}}}}]\n{alerts}\n"
    );
    parse(&text, "config.yaml", &environment, Options::default())
}

fn said(alerts: &str) -> String {
    with(alerts, &[]).map_or_else(|report| report.to_string(), |_| String::new())
}

/// What is said beside what any such file is told.
fn told(config: &Config) -> Vec<&str> {
    let usual = with("", &[]).unwrap();
    let is_usual = |told: &&str| warnings(&usual).contains(told);
    warnings(config).into_iter().filter(|told| !is_usual(told)).collect()
}

fn names(config: &Config) -> Vec<&str> {
    config.alerts.sinks.iter().map(|sink| sink.name.as_str()).collect()
}

#[test]
fn without_a_word_the_log_is_told_at_the_usual_lines() {
    let config = with("", &[]).unwrap();
    assert_eq!(names(&config), ["log"]);
    assert_eq!(config.alerts.thresholds, sanso_watch::Thresholds::default());
    assert_eq!(names(&with("sanso: {alerts: {sinks: []}}", &[]).unwrap()), [""; 0], "it says so");
}

#[test]
fn sinks_are_read_in_their_order_and_no_address_is_shown() {
    let text = "sanso:
  alerts:
    sinks:
      - {type: slack, url: os.environ/SLACK}
      - {type: webhook, url: 'https://example.com/hook?key=canary-query', secret: file:/s}
      - {type: webhook, url: 'http://example.com'}
      - {type: alertmanager, url: 'http://alertmanager:9093/base/'}
      - {type: log}";
    let config = with(text, &[("SLACK", SLACK), ("/s", "canary-secret\n")]).unwrap();
    assert_eq!(names(&config), ["slack", "webhook", "webhook_2", "alertmanager", "log"]);
    let urls = config.alerts.sinks.iter().map(|sink| match &sink.kind {
        SinkKind::Slack { url } | SinkKind::Alertmanager { url } => (url.uri().to_string(), None),
        SinkKind::Webhook { url, secret } => {
            let secret = secret.as_ref().map(|secret| secret.expose_secret().to_owned());
            (url.uri().to_string(), secret)
        }
        SinkKind::Log => (String::new(), None),
    });
    let expected = [
        (SLACK, None),
        ("https://example.com/hook?key=canary-query", Some("canary-secret".to_owned())),
        ("http://example.com/", None),
        ("http://alertmanager:9093/base/api/v2/alerts", None),
        ("", None),
    ];
    assert!(urls.eq(expected.map(|(url, secret)| (url.to_owned(), secret))));

    let shown = format!("{config:?}\n{}", describe(&config));
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("alerts     to slack at https://hooks.slack.com/***, webhook at https://example.com/*** (signed), webhook_2 at http://example.com/ (not signed)"), "{shown}");
}

#[test]
fn a_sink_that_cannot_be_told_is_an_error_that_says_what_to_do() {
    let sink = |sink: &str| said(&format!("sanso: {{alerts: {{sinks: [{sink}]}}}}"));
    let has = |text: &str, words: &[&str]| {
        let said = sink(text);
        assert!(words.iter().all(|word| said.contains(word)), "{text}: {said}");
        assert!(!said.contains("canary"), "{said}");
    };
    has("{url: 'https://a/canary-path'}", &["needs a `type`", "log, webhook, slack, alertmanager"]);
    has("{type: slak, url: 'https://a/canary-path'}", &["expected one of", "did you mean `slack`"]);
    has("{type: slack}", &["needs a `url`", "os.environ/"]);
    has("{type: slack, url: 'canary-no-url'}", &["an address such as https://host/path"]);
    has("{type: slack, url: 'ftp://a/canary'}", &["begins with https:// or http://"]);
    has("{type: webhook, url: 'https://u:canary1@a/b'}", &["without user and password"]);
    has("{type: webhook, url: 'https:///canary'}", &["an address such as"]);
    has("{type: alertmanager, url: 'http://a/?canary=1'}", &["`url` does not fit", "ends before"]);
    has("{type: slack, url: os.environ/NOT_SET}", &["the variable `NOT_SET` is not set"]);
    has("{type: webhook, url: 'https://a', secret: os.environ/NOT_SET}", &["`NOT_SET` is not set"]);
    has("{type: webhook, url: 'https://a', secret: ''}", &["an empty string is no secret"]);
    has("slack", &["must be a mapping"]);
    // What a sink has no use for is named, and not shown.
    let config =
        with("sanso: {alerts: {sinks: [{type: log, url: 'https://canary'}]}}", &[]).unwrap();
    assert_eq!(told(&config), ["unknown key `url`, which does nothing"]);
}

#[test]
fn thresholds_are_set_one_by_one_and_must_be_in_order() {
    let lines = |text: &str| format!("sanso: {{alerts: {{thresholds: {{{text}}}}}}}");
    let text = "fallback_rate: {warn: 0.02, critical: 0.2, min_samples: 50}, \
                provider_error_rate: {critical: 0.5}, degraded: {warn: 0.01}, \
                unavailable: {critical: 0.05}, soft_failure_rate: {min_samples: 7}, breaker_openings: 9";
    let config = with(&lines(text), &[]).unwrap();
    let read = config.alerts.thresholds;
    let all = |rate: sanso_watch::Rate| (rate.warn(), rate.critical(), rate.min_samples());
    assert_eq!(all(read.fallback_rate), (0.02, 0.2, 50));
    assert_eq!(all(read.provider_error_rate), (0.01, 0.5, 20));
    assert_eq!(all(read.degraded), (0.01, 0.01, 20));
    assert_eq!(all(read.unavailable), (0.0, 0.05, 20));
    assert_eq!(all(read.soft_failure_rate), (0.02, 0.05, 7));
    assert_eq!(read.breaker_openings, 9);
    assert_eq!(names(&config), ["log"]);
    let shown = describe(&config);
    assert!(
        shown.contains("over       fallback_rate 2%/20% of 50, provider_error_rate 1%/50% of 20, "),
        "{shown}"
    );
    assert!(shown.contains("breaker_openings 9"), "{shown}");

    for (text, words) in [
        (
            "fallback_rate: {warn: 0.2}",
            "the warn line (0.2) must not be above the critical one (0.1)",
        ),
        ("fallback_rate: {warn: 5}", "`warn` must be a number from 0 to 1"),
        ("fallback_rate: {critical: -1}", "`critical` must not be negative"),
        ("fallback_rate: {min_samples: 0}", "`min_samples` must be at least 1"),
        ("fallback_rate: 0.1", "must be a mapping"),
        ("breaker_openings: 1.5", "`breaker_openings` must be a whole number"),
    ] {
        let said = said(&lines(text));
        assert!(said.contains(words), "{text}: {said}");
    }
    let config = with(&lines("falback_rate: {warn: 0.1}"), &[]).unwrap();
    assert_eq!(told(&config), ["unknown key `falback_rate`, which does nothing"]);
}

#[test]
fn litellms_alerting_tells_slack_where_its_variable_is_set() {
    let text = "general_settings: {alerting: [slack]}";
    let config = with(text, &[("SLACK_WEBHOOK_URL", SLACK)]).unwrap();
    assert_eq!(names(&config), ["slack"]);
    assert!(!format!("{config:?}{}", describe(&config)).contains("canary"));
    // Without it, no alert is lost: the log has it.
    let config = with(text, &[]).unwrap();
    assert_eq!(names(&config), ["log"]);
    assert_eq!(
        told(&config),
        ["the variable `SLACK_WEBHOOK_URL` is not set: no alert goes to Slack"]
    );
    let said = with(text, &[("SLACK_WEBHOOK_URL", "canary")]).unwrap_err().to_string();
    assert!(
        said.contains("`SLACK_WEBHOOK_URL` must be an address") && !said.contains("canary"),
        "{said}"
    );

    let both = format!(
        "{text}\nsanso: {{alerts: {{sinks: [{{type: log}}, {{type: slack, url: 'https://a/b'}}]}}}}"
    );
    let config = with(&both, &[("SLACK_WEBHOOK_URL", SLACK)]).unwrap();
    assert_eq!(names(&config), ["log", "slack", "slack_2"], "neither takes the other's place");
}

#[test]
fn what_litellm_alerts_of_beside_is_named() {
    let text = "general_settings: {alerting: [email], alerting_threshold: 300}";
    let config = with(text, &[]).unwrap();
    let told = told(&config);
    assert_eq!(told[0], "the alerting `email` is not built yet and does nothing");
    assert!(
        told[1].starts_with("`alerting_threshold` does nothing: it is for slow requests"),
        "{told:?}"
    );
    assert_eq!(names(&config), ["log"]);
}
