//! What a healthy provider says, in each vendor's words.

use crate::support::{Ask, Got, ask, body, send, with_body};
use sanso_sim::provider::{Provider, Setup, Vendor};
use serde_json::{Value, json};

/// What an answer says, whatever its format.
#[derive(Debug, Default, PartialEq)]
struct Said {
    model: String,
    text: String,
    tool: Option<(String, Value)>,
    finish: String,
    prompt_tokens: u64,
    completion_tokens: u64,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn read(vendor: Vendor, got: &Got, stream: bool) -> Said {
    match (vendor, stream) {
        (Vendor::OpenAi, false) => openai(&got.json()),
        (Vendor::OpenAi, true) => openai_stream(got),
        (Vendor::Anthropic, false) => anthropic(&got.json()),
        (Vendor::Anthropic, true) => anthropic_stream(got),
        (Vendor::Gemini, false) => gemini(&[got.json()]),
        (Vendor::Gemini, true) => gemini(&got.events()),
    }
}

fn openai(answer: &Value) -> Said {
    let message = &answer["choices"][0]["message"];
    let function = message.pointer("/tool_calls/0/function");
    Said {
        model: text(&answer["model"]),
        text: text(&message["content"]),
        tool: function.map(|function| {
            let arguments = serde_json::from_str(&text(&function["arguments"])).unwrap();
            (text(&function["name"]), arguments)
        }),
        finish: text(&answer["choices"][0]["finish_reason"]),
        prompt_tokens: answer["usage"]["prompt_tokens"].as_u64().unwrap(),
        completion_tokens: answer["usage"]["completion_tokens"].as_u64().unwrap(),
    }
}

fn openai_stream(got: &Got) -> Said {
    assert!(got.text().ends_with("data: [DONE]\n\n"));
    let mut said = Said::default();
    let mut arguments = String::new();
    let (usage, chunks) = got.events().split_last().map(|(l, r)| (l.clone(), r.to_vec())).unwrap();
    for chunk in &chunks {
        assert_eq!(chunk["usage"], Value::Null);
        assert!(chunk.as_object().unwrap().contains_key("usage"));
        let choice = &chunk["choices"][0];
        said.text += &text(&choice["delta"]["content"]);
        if let Some(call) = choice["delta"].pointer("/tool_calls/0/function") {
            arguments += &text(&call["arguments"]);
            if let Some(name) = call.get("name") {
                said.tool = Some((text(name), Value::Null));
            }
        }
        said.finish += &text(&choice["finish_reason"]);
        said.model = text(&chunk["model"]);
    }
    if let Some((_, value)) = &mut said.tool {
        *value = serde_json::from_str(&arguments).unwrap();
    }
    assert_eq!(usage["choices"], json!([]));
    said.prompt_tokens = usage["usage"]["prompt_tokens"].as_u64().unwrap();
    said.completion_tokens = usage["usage"]["completion_tokens"].as_u64().unwrap();
    said
}

fn anthropic(answer: &Value) -> Said {
    let block = &answer["content"][0];
    let is_tool = block["type"] == "tool_use";
    Said {
        model: text(&answer["model"]),
        text: text(&block["text"]),
        tool: is_tool.then(|| (text(&block["name"]), block["input"].clone())),
        finish: text(&answer["stop_reason"]),
        prompt_tokens: answer["usage"]["input_tokens"].as_u64().unwrap(),
        completion_tokens: answer["usage"]["output_tokens"].as_u64().unwrap(),
    }
}

fn anthropic_stream(got: &Got) -> Said {
    let mut said = Said::default();
    let mut arguments = String::new();
    for event in got.events() {
        // Each event is named after its type.
        assert!(got.text().contains(&format!("event: {}\n", text(&event["type"]))));
        match event["type"].as_str().unwrap() {
            "message_start" => said.model = text(&event["message"]["model"]),
            "content_block_start" if event["content_block"]["type"] == "tool_use" => {
                said.tool = Some((text(&event["content_block"]["name"]), Value::Null));
            }
            "content_block_delta" => {
                said.text += &text(&event["delta"]["text"]);
                arguments += &text(&event["delta"]["partial_json"]);
            }
            "message_delta" => {
                said.finish = text(&event["delta"]["stop_reason"]);
                said.prompt_tokens = event["usage"]["input_tokens"].as_u64().unwrap();
                said.completion_tokens = event["usage"]["output_tokens"].as_u64().unwrap();
            }
            "content_block_start" | "content_block_stop" | "ping" | "message_stop" => {}
            other => panic!("no such event: {other}"),
        }
    }
    if let Some((_, value)) = &mut said.tool {
        *value = serde_json::from_str(&arguments).unwrap();
    }
    assert!(got.text().ends_with("data: {\"type\":\"message_stop\"}\n\n"));
    said
}

fn gemini(answers: &[Value]) -> Said {
    let mut said = Said::default();
    for answer in answers {
        let candidate = &answer["candidates"][0];
        let part = &candidate["content"]["parts"][0];
        said.model = text(&answer["modelVersion"]);
        said.text += &text(&part["text"]);
        if let Some(call) = part.get("functionCall") {
            said.tool = Some((text(&call["name"]), call["args"].clone()));
        }
        said.finish += &text(&candidate["finishReason"]);
        said.prompt_tokens = answer["usageMetadata"]["promptTokenCount"].as_u64().unwrap();
        said.completion_tokens = answer["usageMetadata"]["candidatesTokenCount"].as_u64().unwrap();
    }
    said
}

#[tokio::test]
async fn every_vendor_answers_every_kind_of_request() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        for kind in Ask::ALL {
            let got = ask(&provider, kind).await;
            assert_eq!((got.status, got.clean), (200, true), "{vendor:?} {kind:?}");
            let said = read(vendor, &got, kind.streams());
            let content_type = got.header("content-type").unwrap();
            assert_eq!(content_type.starts_with("text/event-stream"), kind.streams());
            assert_eq!(said.model, vendor.model());
            assert!((8..20).contains(&said.prompt_tokens), "{said:?}");
            assert!((8..40).contains(&said.completion_tokens), "{said:?}");
            let (stop, tool_stop) = match vendor {
                Vendor::OpenAi => ("stop", "tool_calls"),
                Vendor::Anthropic => ("end_turn", "tool_use"),
                Vendor::Gemini => ("STOP", "STOP"),
            };
            match kind {
                Ask::Plain | Ask::Stream => {
                    assert_eq!((said.tool, said.finish.as_str()), (None, stop));
                    assert!(said.text.contains(vendor.model()), "{}", said.text);
                }
                Ask::Tools | Ask::ToolsStream => {
                    let call = ("get_weather".to_owned(), json!({ "city": "Tokyo" }));
                    assert_eq!((said.tool, said.finish.as_str()), (Some(call), tool_stop));
                    assert_eq!(said.text, "");
                }
            }
        }
        let stats = provider.stats();
        assert_eq!((stats.calls, stats.completed, stats.in_flight), (4, 4, 0), "{vendor:?}");
    }
}

#[tokio::test]
async fn a_stream_says_what_the_plain_answer_of_the_same_seed_says() {
    for vendor in Vendor::ALL {
        for (plain, stream) in [(Ask::Plain, Ask::Stream), (Ask::Tools, Ask::ToolsStream)] {
            let mut said = Vec::new();
            for kind in [plain, stream] {
                let setup = Setup { seed: 5, ..Setup::new(vendor) };
                let provider = Provider::start_with(setup).await.unwrap();
                said.push(read(vendor, &ask(&provider, kind).await, kind.streams()));
            }
            assert_eq!(said[0], said[1], "{vendor:?}");
        }
    }
}

#[tokio::test]
async fn a_token_limit_ends_the_answer() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        for kind in [Ask::Plain, Ask::Stream] {
            let mut body = body(vendor, kind);
            let reason = match vendor {
                Vendor::OpenAi => {
                    body["max_completion_tokens"] = json!(3);
                    "length"
                }
                Vendor::Anthropic => {
                    body["max_tokens"] = json!(3);
                    "max_tokens"
                }
                Vendor::Gemini => {
                    body["generationConfig"] = json!({ "maxOutputTokens": 3 });
                    "MAX_TOKENS"
                }
            };
            let got = send(&provider, with_body(vendor, kind.streams(), &body)).await;
            let said = read(vendor, &got, kind.streams());
            assert_eq!((said.completion_tokens, said.finish.as_str()), (3, reason), "{vendor:?}");
        }
    }
}

#[tokio::test]
async fn a_tools_result_is_answered_in_words_and_no_tool_is_called_that_may_not_be() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        let mut answered = body(vendor, Ask::Tools);
        let mut forbidden = answered.clone();
        let (key, result) = match vendor {
            Vendor::OpenAi => {
                forbidden["tool_choice"] = json!("none");
                ("messages", json!({ "role": "tool", "tool_call_id": "c", "content": "sunny" }))
            }
            Vendor::Anthropic => {
                forbidden["tool_choice"] = json!({ "type": "none" });
                let result =
                    json!({ "type": "tool_result", "tool_use_id": "t", "content": "sunny" });
                let text = json!({ "type": "text", "text": "So, the weather?" });
                ("messages", json!({ "role": "user", "content": [result, text] }))
            }
            Vendor::Gemini => {
                forbidden["toolConfig"] = json!({ "functionCallingConfig": { "mode": "NONE" } });
                let result = json!({ "name": "get_weather", "response": { "result": "sunny" } });
                ("contents", json!({ "role": "user", "parts": [{ "functionResponse": result }] }))
            }
        };
        answered[key].as_array_mut().unwrap().push(result);
        for body in [answered, forbidden] {
            let got = send(&provider, with_body(vendor, false, &body)).await;
            let said = read(vendor, &got, false);
            assert_eq!(said.tool, None, "{vendor:?}");
            assert!(!said.text.is_empty());
        }
    }
}

#[tokio::test]
async fn openai_sends_no_usage_to_who_did_not_ask_for_it() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut body = body(Vendor::OpenAi, Ask::Stream);
    body.as_object_mut().unwrap().remove("stream_options");
    let got = send(&provider, with_body(Vendor::OpenAi, true, &body)).await;
    assert!(got.events().iter().all(|chunk| chunk.get("usage").is_none()));
    assert!(got.events().iter().all(|chunk| chunk["choices"] != json!([])));
}
