//! Chat and stream through each provider's wire format.

use sanso::Degradation;
use sanso::ir::{FinishReason, StreamEvent};
use sanso_sim::provider::{Behaviour, Provider, Vendor};
use serde_json::json;

use crate::support::{Setup, ask, drain, read, relay, soon, trail};

async fn one(vendor: Vendor) -> (Provider, sanso::Gateway) {
    let provider = Provider::start(vendor).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).gateway();
    (provider, gateway)
}

fn name(vendor: Vendor) -> String {
    format!("{}/{}", vendor.name(), vendor.model())
}

fn weather() -> sanso::ChatRequest {
    sanso::ChatRequest::new("main").user("How is the weather in Tokyo?").set(
        "tools",
        json!([{"type": "function", "function": {"name": "get_weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}}
        }}}]),
    )
}

#[tokio::test]
async fn a_plain_answer_says_who_gave_it_and_what_it_cost() {
    for vendor in Vendor::ALL {
        let (provider, gateway) = one(vendor).await;
        let answer = soon(gateway.chat(ask())).await.unwrap();
        assert!(answer.text().contains(vendor.model()), "{vendor:?}: {}", answer.text());
        assert_eq!(answer.model(), vendor.model());
        assert_eq!(answer.served_by(), name(vendor));
        assert_eq!(trail(answer.served()), format!("{}=200", name(vendor)));
        assert_eq!(answer.served().degradation, Degradation::Full);
        assert!(!answer.served().fallback);
        let usage = answer.usage().unwrap();
        assert!(usage.prompt > 0 && usage.completion > 0, "{vendor:?}: {usage:?}");
        assert_eq!(answer.parts().choices[0].finish, Some(FinishReason::Stop));
        let stats = provider.stats();
        assert_eq!((stats.calls, stats.completed), (1, 1));
    }
}

#[tokio::test]
async fn tool_calls_come_typed_and_with_arguments_that_parse() {
    for vendor in Vendor::ALL {
        let (_provider, gateway) = one(vendor).await;
        let answer = soon(gateway.chat(weather())).await.unwrap();
        let calls: Vec<_> = answer.tool_calls().collect();
        let arguments: serde_json::Value = serde_json::from_str(&calls[0].arguments).unwrap();
        assert_eq!((calls.len(), calls[0].name.as_str()), (1, "get_weather"), "{vendor:?}");
        assert_eq!(arguments, json!({"city": "Tokyo"}), "{vendor:?}");
        assert!(!calls[0].id.is_empty());
        assert_eq!(answer.parts().choices[0].finish, Some(FinishReason::ToolCalls), "{vendor:?}");
    }
}

#[tokio::test]
async fn a_stream_brings_the_text_the_reason_and_the_end() {
    for vendor in Vendor::ALL {
        let (provider, gateway) = one(vendor).await;
        let mut stream = soon(gateway.stream(ask())).await.unwrap();
        assert_eq!(stream.served().served_by.as_deref(), Some(name(vendor).as_str()));
        let (text, events) = read(&mut stream).await;
        let events = events.unwrap();
        assert!(text.contains(vendor.model()), "{vendor:?}: {text}");
        let reasons: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                StreamEvent::Finish { reason, .. } => Some(*reason),
                _ => None,
            })
            .collect();
        assert_eq!(reasons, [FinishReason::Stop], "{vendor:?}");
        assert_eq!(events.last(), Some(&StreamEvent::End), "{vendor:?}");
        assert_eq!(trail(stream.served()), format!("{}=200", name(vendor)));
        assert_eq!(provider.stats().completed, 1);
    }
}

#[tokio::test]
async fn a_streamed_tool_call_can_be_put_together() {
    for vendor in Vendor::ALL {
        let (_provider, gateway) = one(vendor).await;
        let mut stream = soon(gateway.stream(weather())).await.unwrap();
        let events = read(&mut stream).await.1.unwrap();
        let (mut names, mut arguments) = (Vec::new(), String::new());
        for event in events {
            match event {
                StreamEvent::ToolCall { call, .. } => {
                    names.push(call.name);
                    arguments.push_str(&call.arguments);
                }
                StreamEvent::ToolArguments { fragment, .. } => arguments.push_str(&fragment),
                _ => {}
            }
        }
        let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!((names, arguments), (vec!["get_weather".to_owned()], json!({"city": "Tokyo"})));
    }
}

#[tokio::test]
async fn a_stream_of_gemini_which_has_no_marker_ends_with_one() {
    let (_provider, gateway) = one(Vendor::Gemini).await;
    let sent = drain(&mut *relay(&gateway).await).await;
    assert!(sent.ends_with("data: [DONE]\n\n"), "{sent}");
    assert_eq!(sent.matches("[DONE]").count(), 1);
}

#[tokio::test]
async fn an_empty_answer_is_asked_again_and_then_given_with_a_warning() {
    for vendor in Vendor::ALL {
        let (provider, gateway) = one(vendor).await;
        provider.set(Behaviour::Empty);
        let answer = soon(gateway.chat(ask())).await.unwrap();
        assert_eq!(answer.text(), "");
        let calls = answer.attempts().len();
        assert_eq!(calls, 3, "{vendor:?}: with nowhere else to go `num_retries` decides");
        assert_eq!(answer.served().warnings, ["the answer is empty"]);
        let mut stream = soon(gateway.stream(ask())).await.unwrap();
        assert_eq!(read(&mut stream).await.0, "");
        assert_eq!(stream.served().warnings, ["the answer is empty"], "{vendor:?}");
    }
}
