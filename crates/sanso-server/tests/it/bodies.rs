//! Request bodies: chunked, too large, broken. A refusal does not cost the connection.

use sanso_sim::provider::{Provider, Vendor};

use crate::raw::{ask, ask_stream, get, post};
use crate::support::{Server, config};

const HEAD: &str = "POST /v1/chat/completions HTTP/1.1\r\nhost: sanso\r\n";
const SMALL: &str = "sanso: { limits: { body: 1KiB } }";

async fn server(rest: &str) -> (Provider, Server) {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&provider, rest)).await;
    (provider, server)
}

fn body_of(bytes: usize) -> String {
    let frame = r#"{"model":"main","messages":[{"role":"user","content":""}]}"#;
    frame.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - frame.len())))
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let (_provider, server) = server("").await;
    let body = body_of(100);
    let (first, second) = body.split_at(33);
    let request = format!(
        "{HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x};ext=1\r\n{second}\r\n0\r\ntrailer: x\r\n\r\n",
        first.len(),
        second.len()
    );
    let mut raw = server.connect().await;
    // Byte by byte: where the network cuts must not matter.
    for byte in request.as_bytes() {
        raw.send([*byte]).await;
    }
    assert_eq!(raw.reply().await.status, 200);
    assert_eq!(raw.ask(ask()).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_and_the_connection_survives() {
    let (provider, server) = server(SMALL).await;
    let mut raw = server.connect().await;
    assert_eq!(raw.ask(post("", &body_of(1024))).await.status, 200);
    let reply = raw.ask(post("", &body_of(1025))).await;
    assert!(reply.error(413, "invalid_request_error").contains("1024 bytes"));
    assert_eq!(raw.ask(ask()).await.status, 200);
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    raw.ask(chunked).await.error(413, "invalid_request_error");
    assert_eq!(raw.ask(ask()).await.status, 200);
    assert_eq!(provider.stats().calls, 3);
}

#[tokio::test]
async fn a_body_announced_far_over_the_limit_is_refused_unread() {
    let (_provider, server) = server(SMALL).await;
    let mut raw = server.connect().await;
    let reply = raw.ask(format!("{HEAD}content-length: 99999999999\r\n\r\n")).await;
    reply.error(413, "invalid_request_error");
    assert!(raw.is_closed().await);
    // A client that asks first is told before it sends.
    let mut raw = server.connect().await;
    let asks = format!("{HEAD}expect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n");
    raw.ask(asks).await.error(413, "invalid_request_error");
    let mut raw = server.connect().await;
    let body = body_of(100);
    raw.send(format!("{HEAD}expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len())).await;
    assert_eq!(raw.head().await.status, 100);
    assert_eq!(raw.ask(body).await.status, 200);
}

#[tokio::test]
async fn a_bad_body_is_a_400_that_says_what_is_wrong_and_the_connection_survives() {
    let (provider, server) = server("").await;
    let mut raw = server.connect().await;
    for (body, words) in [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        ("\"text\"", ""),
        (r#"{"messages":[]}"#, "messages"),
        (r#"{"messages":[{"role":"user","content":"?"}]}"#, "model"),
        (r#"{"model":"main"}"#, "messages"),
        (r#"{"model":7,"messages":[{"role":"user","content":"?"}]}"#, "model"),
        (r#"{"model":"main","messages":[{"role":"user","content":"?"}],"stream":"yes"}"#, "stream"),
        (
            r#"{"model":"main","messages":[{"role":"user","content":"?"}],"num_retries":-1}"#,
            "num_retries",
        ),
    ] {
        let message = raw.ask(post("", body)).await.error(400, "invalid_request_error");
        assert!(message.contains(words), "{body}: {message}");
    }
    let deep = format!(r#"{{"model":"main","messages":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    raw.ask(post("", &deep)).await.error(400, "invalid_request_error");
    let unknown = r#"{"model":"nope","messages":[{"role":"user","content":"?"}]}"#;
    let message = raw.ask(post("", unknown)).await.error(404, "invalid_request_error");
    assert!(message.contains("Known models: main"), "{message}");
    assert_eq!(provider.stats().calls, 0);
    assert_eq!(raw.ask(ask()).await.status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_provider, server) = server("").await;
    let mut raw = server.connect().await;
    raw.send([ask(), post("", "{"), get("/v1/models"), ask_stream(), ask()].concat()).await;
    assert_eq!(raw.reply().await.status, 200);
    raw.reply().await.error(400, "invalid_request_error");
    assert_eq!(raw.reply().await.json()["data"][0]["id"], "main");
    assert!(raw.reply().await.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(raw.reply().await.json()["object"], "chat.completion");
}

#[tokio::test]
async fn bytes_that_are_no_http_cost_one_connection() {
    let (_provider, server) = server("").await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET  / HTTP/9.9\r\n\r\n",
    ] {
        let mut raw = server.connect().await;
        let reply = raw.ask(garbage).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(raw.is_closed().await);
    }
    // A body that never comes to its end: the client has gone.
    let mut raw = server.connect().await;
    raw.send(format!("{HEAD}content-length: 500\r\n\r\n{{\"model\":")).await;
    drop(raw);
    assert_eq!(server.connect().await.ask(ask()).await.status, 200);
}

#[tokio::test]
async fn many_headers_are_taken_and_too_many_refused() {
    let (_provider, server) = server("").await;
    let headers = |count: usize| -> String {
        (0..count).map(|number| format!("x-filler-{number}: {}\r\n", "y".repeat(100))).collect()
    };
    let body = body_of(100);
    let mut raw = server.connect().await;
    assert_eq!(raw.ask(post(&headers(90), &body)).await.status, 200);
    assert_eq!(raw.ask(post(&headers(200), &body)).await.status, 431);
    assert_eq!(server.connect().await.ask(ask()).await.status, 200);
}
