//! Chat over HTTP: headers, streams, slow and many clients.

use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use tokio::task::JoinSet;

use crate::raw::{ask, ask_stream, post};
use crate::support::{Server, config, scripted, soon};
use crate::upstream::{Act, ROLE, Upstream, chunk, open_stream, says};

#[tokio::test]
async fn an_answer_says_who_served_it_and_so_does_the_log() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut server = Server::start(&config(&provider, "")).await;
    let mut raw = server.connect().await;
    provider.fail_next(1, Problem::Status(500));
    let reply = raw.ask(ask()).await;
    assert_eq!(reply.json()["model"], "gpt-4.1");
    let header = |name| reply.header(name).unwrap_or_default();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-sanso-served-by"), "openai/gpt-4.1");
    assert_eq!(header("x-sanso-model-group"), "main");
    assert_eq!(header("x-sanso-fallback"), "false");
    assert_eq!(header("x-sanso-degradation"), "full");
    let attempts = header("x-sanso-attempts");
    assert!(attempts.starts_with("openai/gpt-4.1=500@"), "{attempts}");
    assert!(attempts.contains("; openai/gpt-4.1=200@"), "{attempts}");
    assert_eq!(header("x-litellm-attempted-retries"), "1");
    let line = server.log_line().await;
    assert_eq!(line["request_id"], header("x-sanso-request-id"));
    assert_eq!((&line["attempt"], &line["model"]), (&2.into(), &"gpt-4.1".into()));
}

#[tokio::test]
async fn an_error_keeps_its_class_and_says_whether_to_come_again() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let none = "litellm_settings: { num_retries: 0 }";
    let server = Server::start(&config(&provider, none)).await;
    let mut raw = server.connect().await;
    provider.fail_next(1, Problem::Status(400));
    let reply = raw.ask(ask()).await;
    reply.error(400, "invalid_request_error");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    provider.fail_next(1, Problem::Overloaded);
    let reply = raw.ask(ask_stream()).await;
    reply.error(503, "server_error");
    assert_eq!(reply.header("x-should-retry"), None);
    let wait = std::time::Duration::from_secs(7);
    provider.fail_next(1, Problem::RateLimited { retry_after: Some(wait) });
    let reply = raw.ask(ask()).await;
    reply.error(429, "requests");
    // When the quota gate admits again: the provider's hint, and up to a tenth more.
    let retry_after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((7..=8).contains(&retry_after), "{retry_after}");
    assert_eq!(reply.header("x-sanso-degradation"), Some("unavailable"));
}

#[tokio::test]
async fn a_clients_own_timeout_is_kept() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&provider, "")).await;
    provider.set(Behaviour::Silent);
    let body = r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#;
    let reply = server.connect().await.ask(post("x-stainless-timeout: 0.1\r\n", body)).await;
    assert_eq!(reply.status, 504, "{}", reply.text());
    soon(provider.stats_when(|stats| stats.cancelled == 1)).await;
}

#[tokio::test]
async fn a_stream_passes_as_it_comes_and_ends_with_its_marker() {
    let script = vec![
        Act::Read,
        Act::Send(open_stream(&[ROLE.to_owned(), says("first")])),
        Act::Pause,
        Act::Send([chunk(says(" second")), chunk(crate::upstream::FINISH)].concat()),
        Act::Send([chunk(crate::upstream::DONE), crate::upstream::LAST_CHUNK.into()].concat()),
    ];
    let upstream = Upstream::start(vec![script]).await;
    let server = Server::start(&scripted(&upstream, "")).await;
    let mut raw = server.connect().await;
    raw.send(ask_stream()).await;
    let head = raw.head().await;
    assert_eq!(head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(head.header("cache-control"), Some("no-cache"));
    let mut sent = String::new();
    while !sent.contains("first") {
        sent.push_str(&String::from_utf8(raw.chunk().await.unwrap()).unwrap());
    }
    // Only now does the provider say the rest.
    upstream.release();
    while let Some(chunk) = raw.chunk().await {
        sent.push_str(&String::from_utf8(chunk).unwrap());
    }
    assert!(sent.contains(" second") && sent.ends_with("data: [DONE]\n\n"), "{sent}");
}

#[tokio::test]
async fn a_break_ends_the_body_well_but_without_the_marker() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut server = Server::start(&config(&provider, "")).await;
    provider.fail_next(1, Behaviour::Cut { after_tokens: 4 });
    let mut raw = server.connect().await;
    let reply = raw.ask(ask_stream()).await;
    assert_eq!(reply.status, 200);
    let last = reply.text().trim_end().rsplit("data: ").next().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert!(last["error"]["message"].is_string() && !reply.text().contains("[DONE]"), "{last}");
    assert_eq!(server.log_line().await["failure_kinds"], serde_json::json!(["Broken"]));
    assert_eq!(raw.ask(ask()).await.status, 200, "the connection survives");
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_the_call() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut server = Server::start(&config(&provider, "")).await;
    provider.fail_next(1, Behaviour::Silent);
    let mut waiting = server.connect().await;
    waiting.send(ask()).await;
    soon(provider.stats_when(|stats| stats.in_flight == 1)).await;
    drop(waiting);
    soon(provider.stats_when(|stats| stats.cancelled == 1)).await;
    assert_eq!(server.log_line().await["degradation_level"], "cancelled");

    provider.fail_next(1, Behaviour::Stalls { after_tokens: 3 });
    let mut reading = server.connect().await;
    reading.send(ask_stream()).await;
    reading.head().await;
    reading.chunk().await.unwrap();
    drop(reading);
    soon(provider.stats_when(|stats| stats.cancelled == 2)).await;
    assert_eq!(server.log_line().await["degradation_level"], "full");
    assert_eq!(server.metric("sanso_in_flight", &[]).await, 0.0);
    assert_eq!(server.metric("sanso_requests_total", &["\"unavailable\""]).await, 0.0);
}

#[tokio::test]
async fn a_client_that_does_not_read_makes_the_provider_wait() {
    const MIB: usize = 1 << 20;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let flood = chunk(says(&"x".repeat(64 * 1024)));
    let script = vec![Act::Read, Act::Send(open_stream(&[ROLE])), Act::Flood(flood)];
    let upstream = Upstream::start(vec![script]).await;
    let limits = "sanso: { limits: { answer: 4GiB } }";
    let model = config(&spare, limits).replacen("main", "spare", 1);
    let spare_entry = model.strip_prefix("model_list:\n").unwrap();
    let server = Server::start(&scripted(&upstream, spare_entry)).await;
    let mut slow = server.connect().await;
    slow.send(ask_stream()).await;
    slow.head().await;
    // Time for the provider to flood us, measured in answers.
    let other = ask().replacen("content-length: 62", "content-length: 63", 1);
    let other = other.replacen("\"main\"", "\"spare\"", 1);
    let mut raw = server.connect().await;
    for _ in 0..100 {
        assert_eq!(raw.ask(&other).await.status, 200);
    }
    // What the sockets of four ends hold, and no more.
    let paused = upstream.seen().flooded;
    assert!(paused < 48 * MIB, "{paused}");
    while upstream.seen().flooded == paused {
        slow.chunk().await.unwrap();
    }
    drop(slow);
    soon(upstream.seen_when(|seen| seen.left == 1)).await;
}

#[tokio::test]
async fn a_hundred_clients_at_once_are_all_answered() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut server = Server::start(&config(&provider, "")).await;
    let address = server.address;
    let mut clients = JoinSet::new();
    for number in 0..100 {
        clients.spawn(async move {
            let mut raw = crate::raw::Raw::connect(address).await;
            let stream = number % 2 == 0;
            let reply = raw.ask(if stream { ask_stream() } else { ask() }).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(reply.text().ends_with("data: [DONE]\n\n"), stream);
            reply.header("x-sanso-request-id").unwrap().to_owned()
        });
    }
    let ids: std::collections::BTreeSet<String> = clients.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 100);
    for _ in 0..100 {
        let line = server.log_line().await;
        assert!(ids.contains(line["request_id"].as_str().unwrap()), "{line}");
    }
    assert_eq!(provider.stats().completed, 100);
    assert_eq!(server.metric("sanso_requests_total", &["\"full\""]).await, 100.0);
    assert_eq!(server.metric("sanso_in_flight", &[]).await, 0.0);
}
