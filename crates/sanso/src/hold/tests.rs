use sanso_wire::Dialect;
use sanso_wire::envelope::Envelope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::*;
use crate::ask::Sizes;
use crate::call::Report;
use crate::flow::Opened;
use crate::matches::Matches;
use crate::upstream::Received;

const SAYS: &str = r#"{"id":"s","model":"m","choices":[{"index":0,"delta":{"content":"all of it"},"finish_reason":null}]}"#;
const FINISH: &str =
    r#"{"id":"s","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"id":"s","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
const GEMINI: &str =
    r#"{"candidates":[{"content":{"parts":[{"text":"all of it"}]},"finishReason":"STOP"}]}"#;

/// A request for a stream with its usage.
fn asked() -> Arc<Asked> {
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Why?"}]}"#;
    Arc::new(Asked {
        envelope: Envelope::read(body.into()).unwrap(),
        matches: Matches::default(),
        caller: None,
        sizes: Sizes { event: 1 << 20, answer: 1 << 20 },
        created: 1,
        answer_id: "chatcmpl-1".to_owned(),
        streamed: None,
        held: true,
        continues: false,
        no_empty: true,
        checks: None,
    })
}

/// Has a stream read to its end, whose events come so many seconds after one another. Its body stays
/// open.
async fn held(dialect: Dialect, events: &'static [(u64, &'static str)]) -> Report {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let _ = theirs.read(&mut [0; 1024]).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        theirs.write_all(head.as_bytes()).await.unwrap();
        for (after, data) in events {
            tokio::time::sleep(Duration::from_secs(*after)).await;
            let event = format!("data: {data}\n\n");
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            theirs.write_all(chunk.as_bytes()).await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    let io = hyper_util::rt::TokioIo::new(ours);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tasks.spawn(async move { connection.await.unwrap() });
    let request = http::Request::new(http_body_util::Empty::<Bytes>::new());
    let body = Received::of_test(sender.send_request(request).await.unwrap().into_body());
    let asked = asked();
    let Opened::Flowing(flow) = Flow::open(dialect, &asked, None, body).await else {
        panic!("no content")
    };
    until_whole(flow, Duration::from_secs(60), asked).await.report
}

#[tokio::test(start_paused = true)]
async fn the_usage_is_there_however_long_after_the_last_content_the_finish_came() {
    let Report::Whole(whole) =
        held(Dialect::OpenAiChat, &[(0, SAYS), (6, FINISH), (4, USAGE), (0, "[DONE]")]).await
    else {
        panic!("it was whole")
    };
    assert_eq!(whole.facts.usage.map(|usage| usage.prompt), Some(3));
    let body = String::from_utf8(whole.body.to_vec()).unwrap();
    assert!(body.contains("\"usage\"") && body.matches("[DONE]").count() == 1, "{body}");
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "the virtual clock tells how long it took")]
async fn a_marker_that_never_comes_is_put_there_five_seconds_after_the_finish() {
    let begun = Instant::now();
    let Report::Whole(whole) = held(Dialect::OpenAiChat, &[(0, SAYS), (6, FINISH)]).await else {
        panic!("it was whole")
    };
    assert_eq!(begun.elapsed().as_secs(), 11);
    assert!(whole.body.ends_with(b"data: [DONE]\n\n"));
}

#[tokio::test(start_paused = true)]
async fn a_finished_answer_whose_provider_never_closes_is_whole_where_there_is_no_marker() {
    let Report::Whole(whole) = held(Dialect::Gemini, &[(0, GEMINI)]).await else {
        panic!("it was whole")
    };
    assert!(whole.body.ends_with(b"data: [DONE]\n\n"));
}
