//! Deployments with LiteLLM's `mock_response`: no provider is called, all else is as ever.

use std::collections::BTreeMap;

use sanso::config::{self, Options};
use sanso::ir::StreamEvent;
use sanso::{ChatRequest, Gateway, Relayed};

/// Groups with these canned answers, in order; none of their addresses can be called.
fn gateway(answers: &[(&str, &str)], more: &str) -> Gateway {
    let entry = |(name, said): &(&str, &str)| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: hosted_vllm/{name}-x, mock_response: '{said}'}}}}\n"
        )
    };
    let entries: String = answers.iter().map(entry).collect();
    let text = format!("model_list:\n{entries}{more}");
    let config = config::parse(&text, "config.yaml", &BTreeMap::new(), Options::default());
    Gateway::from_config(config.unwrap_or_else(|report| panic!("{report}"))).unwrap()
}

fn ask(model: &str) -> ChatRequest {
    ChatRequest::new(model).user("hi").set("num_retries", 0)
}

#[tokio::test]
async fn a_plain_answer_is_the_canned_one() {
    let gateway = gateway(&[("m", "Hello there, you")], "");
    let answer = gateway.chat(ask("m")).await.unwrap();
    assert_eq!(answer.text(), "Hello there, you");
    assert_eq!((answer.model(), answer.served_by()), ("m-x", "hosted_vllm/m-x"));
    assert_eq!(answer.usage().map(|usage| (usage.prompt, usage.completion)), Some((10, 20)));
    assert_eq!(answer.attempts()[0].outcome, "200");
}

#[tokio::test]
async fn a_stream_is_whole_and_ends_with_its_marker() {
    let gateway = gateway(&[("m", "Hello there, you")], "");
    let mut stream = gateway.stream(ask("m")).await.unwrap();
    let (mut text, mut ended) = (String::new(), false);
    while let Some(event) = stream.next().await.unwrap() {
        match event {
            StreamEvent::Text { text: piece, .. } => text.push_str(&piece),
            StreamEvent::End => ended = true,
            _ => {}
        }
    }
    assert_eq!((text.as_str(), ended), ("Hello there, you", true));
    assert_eq!(stream.served().served_by.as_deref(), Some("hosted_vllm/m-x"));
}

#[tokio::test]
async fn over_http_a_stream_has_its_usage_where_it_was_asked_for() {
    let gateway = gateway(&[("m", "Hi")], "");
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
    let relayed = gateway.relay(body.into(), gateway.arrive()).await.unwrap();
    let Relayed::Whole { body, stream: true, .. } = relayed else { panic!("{relayed:?}") };
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.contains(r#""total_tokens":30"#), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn the_magic_texts_fail() {
    for (said, status, code) in [
        ("litellm.RateLimitError", 429, "rate_limit_exceeded"),
        ("litellm.ContextWindowExceededError", 400, "context_length_exceeded"),
        ("litellm.InternalServerError", 500, "internal_server_error"),
        ("Exception: content_filter_policy was hit", 400, "content_filter"),
        ("Exception: mock_streaming_error", 503, "overloaded_error"),
    ] {
        let gateway = gateway(&[("m", said)], "");
        let plain = gateway.chat(ask("m")).await.unwrap_err();
        assert_eq!((plain.status(), plain.code()), (status, Some(code)), "{said}");
        // A gateway of its own: the fault may have shut a gate.
        let stream = self::gateway(&[("m", said)], "").stream(ask("m")).await.unwrap_err();
        assert_eq!(stream.status(), status, "{said}");
    }
}

#[tokio::test]
async fn a_canned_failure_falls_back_as_any_other() {
    let lists = "litellm_settings:
  num_retries: 0
  fallbacks: [first: [spare]]
  context_window_fallbacks: [long: [spare]]
  content_policy_fallbacks: [rude: [spare]]
";
    let answers = [
        ("first", "litellm.InternalServerError"),
        ("long", "litellm.ContextWindowExceededError"),
        ("rude", "Exception: content_filter_policy"),
        ("spare", "ok"),
    ];
    let gateway = gateway(&answers, lists);
    for model in ["first", "long", "rude"] {
        let answer = gateway.chat(ask(model)).await.unwrap();
        assert_eq!((answer.text().as_str(), answer.served().fallback), ("ok", true), "{model}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_soft() {
    let gateway =
        gateway(&[("m", ""), ("spare", "ok")], "litellm_settings: {fallbacks: [m: [spare]]}");
    assert_eq!(gateway.chat(ask("m")).await.unwrap().text(), "ok");
}
