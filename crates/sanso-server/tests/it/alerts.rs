//! Alerts: whether they arrive, by `sanso alerts test` and from a gateway that serves.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::raw::{ask, get};
use crate::support::{File, Server, config_at, run, soon};

/// Takes one request, answers it, and returns its head and body.
async fn take(listener: &TcpListener, answer: &str) -> (String, Value) {
    let (mut stream, _) = soon(listener.accept()).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        assert!(soon(stream.read_buf(&mut bytes)).await.unwrap() > 0, "half a request");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(body) = serde_json::from_str(body) {
            let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 7\r\n\r\nno_hook");
            stream.write_all(answer.as_bytes()).await.unwrap();
            return (head.to_owned(), body);
        }
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

#[tokio::test]
async fn a_test_is_sent_to_every_sink_and_one_that_fails_shows_in_the_exit_code() {
    let (listener, base) = listener().await;
    let sinks = |second: &str| {
        let sinks = format!(
            "sanso: {{ alerts: {{ sinks: [{{ type: log }}, {{ type: {second}, url: '{base}/secret-hook-path' }}] }} }}"
        );
        File::new(&config_at("http://127.0.0.1:9/v1", &sinks))
    };
    let file = sinks("slack");
    let arguments = ["alerts", "test", "--config", file.path()];
    let (output, (head, body)) = tokio::join!(run(&arguments), take(&listener, "404 Not Found"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    let failed = format!("slack: failed: {base}/***: answered 404: no_hook");
    assert_eq!(lines, ["log: ok", failed.as_str()]);
    assert!(head.starts_with("POST /secret-hook-path HTTP/1.1"), "{head}");
    assert!(body["text"].as_str().unwrap().starts_with("TEST, nothing is wrong: "), "{body}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains(
            "TEST, nothing is wrong: Warning: test: fallback rate 6.0 %, limit 5 %. 6 of 100"
        ),
        "the log's own: {told}"
    );

    let file = sinks("webhook");
    let arguments = ["alerts", "test", "--config", file.path()];
    let (output, (_, body)) = tokio::join!(run(&arguments), take(&listener, "200 OK"));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "log: ok\nwebhook: ok\n");
    assert_eq!(body["test"], true);
}

#[tokio::test]
async fn a_gateway_that_serves_tells_whoever_is_configured() {
    let (listener, base) = listener().await;
    // Nobody answers: that is told at once.
    let sinks = format!(
        "sanso: {{ history: false, alerts: {{ sinks: [{{ type: webhook, url: '{base}/hook' }}, {{ type: log }}] }} }}"
    );
    let mut server = Server::start(&config_at("http://127.0.0.1:9/v1", &sinks)).await;
    assert!(server.connect().await.ask(ask()).await.status >= 500);
    let (_, body) = take(&listener, "503 Busy").await;
    take(&listener, "503 Busy").await;
    take(&listener, "503 Busy").await;
    assert_eq!((&body["signal"], &body["change"]), (&"unavailable".into(), &"fired".into()));
    server.told("alerts cannot be delivered").await;
    let failures = server.metric("sanso_alert_delivery_failures_total", &["webhook"]).await;
    assert!(failures >= 2.0);
    assert_eq!(server.metric("sanso_alert_firing", &["unavailable"]).await, 1.0);
    let overview = get("/admin/overview").replace("host: sanso", "host: 127.0.0.1");
    let overview = server.connect().await.ask(overview).await.json();
    assert_eq!(overview["delivery"]["ok"], false);
    let error = overview["delivery"]["last_error"].as_str().unwrap();
    assert!(error.starts_with("webhook: http://127.0.0.1:") && error.contains("503"), "{error}");
    assert!(!error.contains("/hook"), "{error}");
    // Tried again, and at the latest when the server ends.
    server.signal("TERM").await;
    let (_, again) = take(&listener, "200 OK").await;
    assert_eq!((&again["id"], &again["change"]), (&body["id"], &"fired".into()));
    // What fails is said once, and once when it is well.
    assert_eq!(server.ended().await, Some(0));
    let rest = server.rest().await;
    let said = |words: &str| rest.iter().filter(|line| line.contains(words)).count();
    assert_eq!((said("cannot be delivered"), said("delivered again")), (0, 1), "{rest:?}");
}
