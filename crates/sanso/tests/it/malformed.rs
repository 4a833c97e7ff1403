//! Answers that are broken, too large, or not what they say they are.

use sanso::{ErrorKind, StreamEnd};
use sanso_sim::provider::{Provider, Vendor};

use crate::support::{Setup, ask, drain, read, relay, soon, trail};
use crate::upstream::{
    DONE, FINISH, ROLE, STREAM_HEAD, Upstream, answer, chunk, json, open_stream, response, says,
    stream,
};

const BAD: &str = "data: {\"choices\":[{\n\n";

async fn alone(script: Vec<u8>, settings: &str) -> (Upstream, sanso::Gateway) {
    let upstream = Upstream::answering(script).await;
    let setup = Setup::default().upstream("main", &upstream).without_retries().set(settings);
    (upstream, setup.gateway())
}

#[tokio::test]
async fn up_to_three_malformed_events_among_good_ones_are_skipped_and_told() {
    let good = [ROLE, BAD, &says("a"), BAD, &says("b"), BAD, &says("c"), FINISH, DONE];
    let (_upstream, gateway) = alone(stream(&good), "").await;
    let mut relay = relay(&gateway).await;
    let sent = drain(&mut relay).await;
    assert_eq!(relay.end(), Some(StreamEnd::Finished));
    assert!(!sent.contains("[{\n"), "{sent}");
    assert_eq!(relay.served().warnings, ["3 malformed events of the stream were skipped"]);
}

#[tokio::test]
async fn the_fourth_malformed_event_breaks_the_stream() {
    let bad = [ROLE, &says("a"), BAD, BAD, BAD, BAD, &says("b"), FINISH, DONE];
    let (_upstream, gateway) = alone(stream(&bad), "").await;
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    let (text, end) = read(&mut stream).await;
    assert_eq!((text.as_str(), end.unwrap_err().kind()), ("a", ErrorKind::Broken));
}

#[tokio::test]
async fn an_event_over_the_limit_breaks_the_stream_and_is_never_left_out() {
    let limit = "sanso: { limits: { event: 1KiB } }";
    let large = says(&"x".repeat(2048));
    let (_upstream, gateway) =
        alone(stream(&[ROLE, &says("a"), &large, FINISH, DONE]), limit).await;
    let mut relay = relay(&gateway).await;
    let sent = drain(&mut relay).await;
    assert_eq!(relay.end(), Some(StreamEnd::Broken), "{sent}");
    assert!(sent.contains("1024 bytes") && !sent.contains("[DONE]"), "{sent}");
    let (_upstream, gateway) =
        alone(stream(&[ROLE, &large, &says("a"), FINISH, DONE]), limit).await;
    let error = soon(gateway.stream(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (502, ErrorKind::Upstream), "{error}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_a_fault() {
    let limit = "sanso: { limits: { answer: 4KiB } }";
    let (_upstream, gateway) = alone(json(answer(&"x".repeat(8192))), limit).await;
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(error.status(), 502);
    assert!(error.to_string().contains("4096 bytes"), "{error}");
    let many: Vec<String> = (0..100).map(|_| says("a few words of an answer")).collect();
    let (_upstream, gateway) = alone(stream(&many), limit).await;
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    let error = read(&mut stream).await.1.unwrap_err();
    assert!(error.to_string().contains("4096 bytes"), "{error}");
}

#[tokio::test]
async fn a_head_over_the_limit_is_a_fault() {
    for filler in [17 * 1024, 24 * 1024, 1024 * 1024] {
        let filler = format!("application/json\r\nx-filler: {}", "x".repeat(filler));
        let script = response("200 OK", &filler, answer("one"));
        let (_upstream, gateway) = alone(script, "sanso: { limits: { head: 16KiB } }").await;
        let error = soon(gateway.chat(ask())).await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (502, ErrorKind::Upstream), "{error}");
    }
}

#[tokio::test]
async fn plain_answers_that_are_none_are_malformed() {
    let invalid_utf8 =
        [&b"{\"choices\":[{\"message\":{\"content\":\""[..], b"\xff\xfe\"}}]}"].concat();
    let cases: Vec<Vec<u8>> = vec![
        json(invalid_utf8),
        json("{\"choices\":"),
        json("{}"),
        json(""),
        json("[]"),
        response("204 No Content", "application/json", ""),
        response("200 OK", "text/html", "<html></html>"),
        response("302 Found\r\nlocation: http://127.0.0.1:1/", "text/plain", ""),
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(),
    ];
    for script in cases {
        let said = String::from_utf8_lossy(&script).into_owned();
        let (upstream, gateway) = alone(script, "").await;
        let error = soon(gateway.chat(ask())).await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (502, ErrorKind::Upstream), "{said}: {error}");
        assert_eq!(upstream.seen().requests, 1, "{said}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let short = json(answer("hello"));
    let chunked = STREAM_HEAD.replace("text/event-stream", "application/json");
    let cut = [chunked.as_bytes(), &chunk(answer("hello"))].concat();
    let bad_size = [chunked.as_bytes(), b"zz\r\n{}\r\n"].concat();
    for script in [short[..short.len() - 9].to_vec(), cut, bad_size] {
        let said = String::from_utf8_lossy(&script).into_owned();
        let upstream = Upstream::answering(script).await;
        let setup = Setup::default().upstream("main", &upstream).without_retries();
        let (gateway, mut log) = setup.logged();
        let error = soon(gateway.chat(ask())).await.unwrap_err();
        assert_eq!(error.status(), 502, "{said}: {error}");
        assert_eq!(log.line().await["failure_kinds"], serde_json::json!(["Malformed"]), "{said}");
    }
}

#[tokio::test]
async fn invalid_utf8_in_a_stream_does_not_reach_the_client() {
    let bad: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}\n\n";
    let events: [&[u8]; 5] = [ROLE.as_bytes(), bad, bad, bad, bad];
    let spare = Provider::start(Vendor::Gemini).await.unwrap();
    let upstream = Upstream::answering(open_stream(&events)).await;
    let setup = Setup::default().upstream("main", &upstream).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let mut relay = relay(&gateway).await;
    assert_eq!(trail(relay.served()), "openai/gpt-scripted=malformed gemini/gemini-2.5-flash=200");
    // `drain` holds that it is text.
    assert!(drain(&mut relay).await.ends_with(DONE));
}

#[tokio::test]
async fn a_200_with_an_error_in_it_is_classed_by_what_it_says() {
    let said = r#"{"error":{"message":"Rate limit reached for requests","type":"requests","code":"rate_limit_exceeded"}}"#;
    let (_upstream, gateway) = alone(json(said), "").await;
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (429, ErrorKind::RateLimited), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Provider::start(Vendor::OpenAi).await.unwrap();
    let status =
        format!("307 Temporary Redirect\r\nlocation: {}/chat/completions", elsewhere.base_url());
    let (_upstream, gateway) = alone(response(&status, "text/plain", ""), "").await;
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(error.status(), 502);
    assert!(error.to_string().contains("redirect"), "{error}");
    assert_eq!(elsewhere.stats().calls, 0);
}
