//! How a provider fails.

use std::time::Duration;

use crate::support::{Ask, Got, ask, body, data, open, path, request, send, with_body};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use sanso_sim::provider::{Behaviour, Problem, Provider, Setup, Vendor};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Tokens of content in the events of a stream, by the pieces that the vendors send.
fn pieces(vendor: Vendor, events: &[Value]) -> usize {
    let has = |event: &Value, pointer: &str| {
        event.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    };
    let pointer = match vendor {
        Vendor::OpenAi => "/choices/0/delta/content",
        Vendor::Anthropic => "/delta/text",
        Vendor::Gemini => "/candidates/0/content/parts/0/text",
    };
    events.iter().filter(|event| has(event, pointer)).count()
}

fn has_finish(got: &Got) -> bool {
    got.events().iter().any(|event| {
        ["/choices/0/finish_reason", "/delta/stop_reason", "/candidates/0/finishReason"]
            .iter()
            .any(|pointer| event.pointer(pointer).is_some_and(Value::is_string))
    })
}

/// Gemini sends five tokens at a time, so that three are none yet.
fn pieces_in(vendor: Vendor, tokens: u32) -> usize {
    match vendor {
        Vendor::OpenAi | Vendor::Anthropic => tokens as usize,
        Vendor::Gemini => tokens as usize / 5,
    }
}

#[tokio::test]
async fn each_problem_has_the_vendors_own_words() {
    let limited = Problem::RateLimited { retry_after: Some(Duration::from_millis(1500)) };
    // Vendor, problem, status, `type` or `status`, and OpenAI's `code`.
    let table = [
        (Vendor::OpenAi, limited, 429, "requests", Some("rate_limit_exceeded")),
        (
            Vendor::OpenAi,
            Problem::QuotaExhausted,
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
        ),
        (Vendor::OpenAi, Problem::Overloaded, 503, "server_error", None),
        (Vendor::OpenAi, Problem::BadKey, 401, "invalid_request_error", Some("invalid_api_key")),
        (
            Vendor::OpenAi,
            Problem::ContextWindow,
            400,
            "invalid_request_error",
            Some("context_length_exceeded"),
        ),
        (
            Vendor::OpenAi,
            Problem::Status(404),
            404,
            "invalid_request_error",
            Some("model_not_found"),
        ),
        (Vendor::OpenAi, Problem::Status(500), 500, "server_error", None),
        (Vendor::OpenAi, Problem::Status(400), 400, "invalid_request_error", None),
        (Vendor::OpenAi, Problem::Status(7), 500, "server_error", None),
        (Vendor::Anthropic, limited, 429, "rate_limit_error", None),
        (Vendor::Anthropic, Problem::QuotaExhausted, 400, "invalid_request_error", None),
        (Vendor::Anthropic, Problem::Overloaded, 529, "overloaded_error", None),
        (Vendor::Anthropic, Problem::BadKey, 401, "authentication_error", None),
        (Vendor::Anthropic, Problem::ContextWindow, 400, "invalid_request_error", None),
        (Vendor::Anthropic, Problem::Status(404), 404, "not_found_error", None),
        (Vendor::Anthropic, Problem::Status(500), 500, "api_error", None),
        (Vendor::Anthropic, Problem::Status(503), 503, "api_error", None),
        (Vendor::Gemini, limited, 429, "RESOURCE_EXHAUSTED", None),
        (Vendor::Gemini, Problem::QuotaExhausted, 429, "RESOURCE_EXHAUSTED", None),
        (Vendor::Gemini, Problem::Overloaded, 503, "UNAVAILABLE", None),
        (Vendor::Gemini, Problem::BadKey, 400, "INVALID_ARGUMENT", None),
        (Vendor::Gemini, Problem::ContextWindow, 400, "INVALID_ARGUMENT", None),
        (Vendor::Gemini, Problem::Status(404), 404, "NOT_FOUND", None),
        (Vendor::Gemini, Problem::Status(500), 500, "INTERNAL", None),
    ];
    for (vendor, problem, status, kind, code) in table {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(problem);
        for asked in [Ask::Plain, Ask::Stream] {
            let got = ask(&provider, asked).await;
            let error = &got.json()["error"];
            let kind_key = if vendor == Vendor::Gemini { "status" } else { "type" };
            assert_eq!((got.status, error[kind_key].as_str()), (status, Some(kind)), "{problem:?}");
            assert_eq!(error["code"].as_str(), code, "{vendor:?} {problem:?}");
            assert!(!error["message"].as_str().unwrap().is_empty());
        }
        let stats = provider.stats();
        assert_eq!((stats.calls, stats.failed, stats.in_flight), (2, 2, 0));
    }
}

#[tokio::test]
async fn the_hint_of_a_rate_limit_is_where_the_vendor_puts_it() {
    let wait = Duration::from_millis(1500);
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.fail_next(1, Problem::RateLimited { retry_after: Some(wait) });
        provider.fail_next(1, Problem::RateLimited { retry_after: None });
        let hinted = ask(&provider, Ask::Plain).await;
        let silent = ask(&provider, Ask::Plain).await;
        match vendor {
            Vendor::OpenAi => {
                assert_eq!(hinted.header("retry-after"), Some("2"));
                assert_eq!(hinted.header("retry-after-ms"), Some("1500"));
                assert_eq!(hinted.header("x-ratelimit-remaining-requests"), Some("0"));
                assert!(hinted.text().contains("Please try again in 1.5s."));
            }
            Vendor::Anthropic => {
                assert_eq!(hinted.header("retry-after"), Some("2"));
                let reset = hinted.header("anthropic-ratelimit-requests-reset").unwrap();
                assert!(reset.parse::<jiff::Timestamp>().is_ok(), "{reset}");
            }
            Vendor::Gemini => {
                let details = &hinted.json()["error"]["details"];
                assert_eq!(details[1]["retryDelay"], "1.5s");
                let quota = details[0]["violations"][0]["quotaId"].as_str().unwrap();
                assert!(quota.contains("PerMinute"), "{quota}");
                assert_eq!(hinted.header("retry-after"), None);
            }
        }
        assert_eq!(silent.header("retry-after"), None);
        assert!(!silent.text().contains("RetryInfo") && !silent.text().contains("try again in"));
    }
}

#[tokio::test]
async fn a_hint_beyond_all_calendars_harms_nobody() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Problem::RateLimited { retry_after: Some(Duration::MAX) });
        assert_eq!(ask(&provider, Ask::Plain).await.status, 429);
    }
}

#[tokio::test]
async fn a_blip_is_over_after_as_many_calls_as_were_scripted() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.fail_next(2, Problem::Status(503));
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ask(&provider, Ask::Plain).await.status);
        }
        assert_eq!(statuses, [503, 503, 200, 200]);
    }
}

#[tokio::test]
async fn a_stream_fails_in_the_middle_after_so_many_tokens() {
    for vendor in Vendor::ALL {
        for after_tokens in [0, 3, 6] {
            let provider = Provider::start(vendor).await.unwrap();
            let expected = pieces_in(vendor, after_tokens);

            provider.set(Behaviour::ErrorInStream { after_tokens });
            let got = ask(&provider, Ask::Stream).await;
            let mut events = got.events();
            let error = events.pop().unwrap();
            assert_eq!((got.status, got.clean, has_finish(&got)), (200, true, false));
            assert_eq!(pieces(vendor, &events), expected, "{vendor:?} {after_tokens}");
            assert!(error["error"]["message"].as_str().unwrap().contains("verloaded"), "{error}");
            assert_eq!(vendor == Vendor::Anthropic, got.text().contains("event: error\n"));

            provider.set(Behaviour::Cut { after_tokens });
            let got = ask(&provider, Ask::Stream).await;
            assert_eq!((got.status, got.clean, has_finish(&got)), (200, false, false));
            assert_eq!(pieces(vendor, &got.events()), expected, "{vendor:?} {after_tokens}");

            provider.set(Behaviour::EndsEarly { after_tokens });
            let got = ask(&provider, Ask::Stream).await;
            assert_eq!((got.status, got.clean, has_finish(&got)), (200, true, false));
            assert_eq!(pieces(vendor, &got.events()), expected, "{vendor:?} {after_tokens}");
            assert!(!got.text().contains("[DONE]") && !got.text().contains("message_stop"));

            let stats = provider.stats_when(|stats| stats.failed == 3).await;
            assert_eq!((stats.calls, stats.completed, stats.in_flight), (3, 0, 0));
        }
    }
}

#[tokio::test]
async fn a_tool_call_breaks_off_in_its_arguments() {
    for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Behaviour::Cut { after_tokens: 3 });
        let got = ask(&provider, Ask::ToolsStream).await;
        assert!(!got.clean && !has_finish(&got));
        assert!(got.text().contains("get_weather") && !got.text().contains("Tokyo"));
    }
}

#[tokio::test]
async fn a_plain_call_fails_half_way_through_its_body() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Behaviour::Cut { after_tokens: 0 });
        let got = ask(&provider, Ask::Plain).await;
        assert_eq!((got.status, got.clean), (200, false));
        assert!(serde_json::from_slice::<Value>(&got.body).is_err() && !got.body.is_empty());

        provider.set(Behaviour::EndsEarly { after_tokens: 0 });
        let got = ask(&provider, Ask::Plain).await;
        assert_eq!((got.status, got.clean), (200, true));
        assert!(serde_json::from_slice::<Value>(&got.body).is_err());

        provider.set(Behaviour::ErrorInStream { after_tokens: 0 });
        let got = ask(&provider, Ask::Plain).await;
        assert_eq!(got.status, if vendor == Vendor::Anthropic { 529 } else { 503 });
        provider.stats_when(|stats| stats.failed == 3).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();

        provider.set(Behaviour::Silent);
        let request_sent = open(&provider, request(vendor, Ask::Plain));
        tokio::select! {
            _ = request_sent => panic!("a silent provider has answered"),
            _ = provider.stats_when(|stats| stats.in_flight == 1) => {}
        }
        provider.stats_when(|stats| stats.cancelled == 1).await;

        for (asked, gone) in [(Ask::Stream, 2), (Ask::Plain, 3)] {
            provider.set(Behaviour::Stalls { after_tokens: 6 });
            let mut exchange = open(&provider, request(vendor, asked)).await.unwrap();
            let first = exchange.response.frame().await.unwrap().unwrap();
            assert!(!first.into_data().unwrap().is_empty());
            assert_eq!(provider.stats().in_flight, 1);
            drop(exchange);
            let stats = provider.stats_when(|stats| stats.cancelled == gone).await;
            assert_eq!((stats.calls, stats.in_flight, stats.completed), (gone, 0, 0));
        }
    }
}

#[tokio::test]
async fn a_stall_comes_after_the_tokens() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Behaviour::Stalls { after_tokens: 5 });
        let mut exchange = open(&provider, request(vendor, Ask::Stream)).await.unwrap();
        let mut text = String::new();
        while pieces(vendor, &data(&text)) < pieces_in(vendor, 5) {
            let frame = exchange.response.frame().await.unwrap().unwrap();
            text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
        }
        assert_eq!(provider.stats().in_flight, 1);
    }
}

#[tokio::test]
async fn what_is_no_answer_at_all() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Behaviour::HangUp);
        assert!(open(&provider, request(vendor, Ask::Stream)).await.is_err());

        provider.set(Behaviour::Html);
        let got = ask(&provider, Ask::Stream).await;
        assert_eq!(
            (got.status, got.header("content-type")),
            (200, Some("text/html; charset=utf-8"))
        );
        assert!(got.text().starts_with("<html>"));
        assert_eq!(provider.stats().failed, 2);
    }
}

#[tokio::test]
async fn an_empty_answer_is_well_formed_and_has_nothing_in_it() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        provider.set(Behaviour::Empty);
        let stream = ask(&provider, Ask::Stream).await;
        assert_eq!((pieces(vendor, &stream.events()), has_finish(&stream)), (0, true));
        let plain = ask(&provider, Ask::Plain).await.json();
        match vendor {
            Vendor::OpenAi => assert_eq!(plain["choices"][0]["message"]["content"], ""),
            Vendor::Anthropic => assert_eq!(plain["content"], json!([])),
            Vendor::Gemini => {
                assert_eq!(plain["candidates"][0]["content"], json!({ "role": "model" }));
            }
        }
        assert_eq!(provider.stats().completed, 2);
    }
}

#[tokio::test]
async fn requests_that_the_real_provider_would_refuse_are_refused() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        let keyless = Request::post(path(vendor, false)).body(Full::new(Bytes::new())).unwrap();
        let expected = if vendor == Vendor::Gemini { 403 } else { 401 };
        assert_eq!(send(&provider, keyless).await.status, expected);

        let mut elsewhere = request(vendor, Ask::Plain);
        *elsewhere.uri_mut() = "/v2/elsewhere".parse().unwrap();
        assert_eq!(send(&provider, elsewhere).await.status, 404);

        let mut garbage = request(vendor, Ask::Plain);
        *garbage.body_mut() = Full::new(Bytes::from_static(b"{\"model\": \xff"));
        assert_eq!(send(&provider, garbage).await.status, 400);

        for value in [json!({}), json!([]), json!(null), json!("text"), json!({ "messages": 3 })] {
            let got = send(&provider, with_body(vendor, false, &value)).await;
            assert_eq!(got.status, 400, "{vendor:?} {value}");
            assert!(got.json()["error"]["message"].is_string());
        }
        let stats = provider.stats();
        assert_eq!((stats.calls, stats.failed), (8, 8));
    }
}

#[tokio::test]
async fn anthropic_wants_a_version_and_a_token_limit() {
    let provider = Provider::start(Vendor::Anthropic).await.unwrap();
    let mut unversioned = request(Vendor::Anthropic, Ask::Plain);
    unversioned.headers_mut().remove("anthropic-version");
    assert_eq!(send(&provider, unversioned).await.status, 400);
    let mut unlimited = body(Vendor::Anthropic, Ask::Plain);
    unlimited.as_object_mut().unwrap().remove("max_tokens");
    let got = send(&provider, with_body(Vendor::Anthropic, false, &unlimited)).await;
    assert_eq!(got.json()["error"]["message"], "max_tokens: Field required");
}

#[tokio::test]
async fn a_stopped_provider_refuses_connections_and_may_come_back() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let address = provider.address();
    ask(&provider, Ask::Plain).await;
    provider.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    let setup = Setup { port: address.port(), ..Setup::new(Vendor::OpenAi) };
    let again = Provider::start_with(setup).await.unwrap();
    assert_eq!(ask(&again, Ask::Plain).await.status, 200);
}
