//! Answers that are held until they are whole, and streams that begin before they are answered.

use std::future::poll_fn;

use bytes::Bytes;
use sanso::{Early, Gateway, Relayed, StreamEnd};
use sanso_sim::provider::{Provider, Vendor};
use serde_json::Value;

use crate::support::{Setup, ask, ask_bytes, in_flight, soon, trail, until};
use crate::upstream::{Act, DONE, FINISH, ROLE, Upstream, open_stream, response, says, stream};

const FULL: &str = "sanso: { streams: { buffer: full } }";

/// A stream that is cut after its first words.
async fn cut() -> Upstream {
    Upstream::answering(open_stream(&[ROLE, &says("half an answer")])).await
}

async fn whole() -> Upstream {
    let events = [ROLE.to_owned(), says("all "), says("of it"), FINISH.to_owned(), DONE.to_owned()];
    Upstream::answering(stream(&events)).await
}

async fn held(gateway: &Gateway, body: Bytes) -> (String, String) {
    match soon(gateway.relay(body, gateway.arrive())).await.unwrap() {
        Relayed::Whole { body, served, stream } => {
            assert!(stream);
            (String::from_utf8(body.to_vec()).unwrap(), trail(&served))
        }
        other => panic!("it was to be held: {other:?}"),
    }
}

#[tokio::test]
async fn a_held_stream_that_breaks_is_asked_for_anew_and_nothing_of_it_is_seen() {
    let (primary, spare) = (cut().await, whole().await);
    let setup = Setup::default().upstream("main", &primary).upstream("spare", &spare);
    let setup = setup.with_spare();
    let by_body = br#"{"model":"main","stream":true,"buffer":"full","messages":[{"role":"user","content":"Why?"}]}"#;
    for (gateway, body) in [
        (setup.clone().set(FULL).gateway(), ask_bytes()),
        (setup.gateway(), Bytes::from_static(by_body)),
    ] {
        let (body, trail) = held(&gateway, body).await;
        assert!(!body.contains("half") && body.contains("all "), "{body}");
        assert_eq!(body.matches("[DONE]").count(), 1);
        assert_eq!(trail, "openai/gpt-scripted=malformed openai/gpt-scripted=200");
        until(|| in_flight(&gateway) == 0).await;
    }
}

#[tokio::test]
async fn held_streams_that_all_break_are_an_error_with_its_class() {
    let (primary, spare) = (cut().await, cut().await);
    let setup = Setup::default().upstream("main", &primary).upstream("spare", &spare);
    let gateway = setup.with_spare().set(FULL).gateway();
    let error = soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap_err();
    assert_eq!(error.status(), 502);
}

#[tokio::test]
async fn a_held_stream_that_stalls_is_a_gap_of_its_attempt() {
    let stall = [Act::Read, Act::Send(open_stream(&[ROLE, &says("half")])), Act::Hold];
    let (primary, spare) = (Upstream::start(vec![stall.to_vec()]).await, whole().await);
    let setup = Setup::default().upstream("main", &primary).upstream("spare", &spare);
    let gap = "sanso: { streams: { buffer: full }, timeouts: { gap: 50ms } }";
    let gateway = setup.with_spare().set(gap).gateway();
    let (body, trail) = held(&gateway, ask_bytes()).await;
    assert!(body.contains("of it") && !body.contains("half"), "{body}");
    assert_eq!(trail, "openai/gpt-scripted=timeout_gap openai/gpt-scripted=200");
    assert_eq!(primary.seen_when(|seen| seen.left == 1).await.left, 1);
}

/// It was said to have taken as long as its first content had.
#[tokio::test]
async fn a_held_stream_that_stalled_took_until_it_was_given_up() {
    let stall = [Act::Read, Act::Send(open_stream(&[ROLE, &says("half")])), Act::Hold];
    let primary = Upstream::start(vec![stall.to_vec()]).await;
    let gap = "sanso: { streams: { buffer: full }, timeouts: { gap: 50ms } }";
    let gateway = Setup::default().upstream("main", &primary).set(gap).without_retries().gateway();
    let error = soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap_err();
    let [attempt] = &error.served().unwrap().attempts[..] else { panic!("{error:?}") };
    assert!(attempt.elapsed >= std::time::Duration::from_millis(50), "{attempt:?}");
}

#[tokio::test]
async fn a_plain_call_that_is_streamed_upstream_comes_as_one_answer_in_every_dialect() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        let setup = Setup::default().provider("main", &provider);
        let gateway = setup.set("sanso: { streams: { upstream_stream: true } }").gateway();
        let answer = soon(gateway.chat(ask())).await.unwrap();
        let body: Value = serde_json::from_slice(answer.json()).unwrap();
        assert_eq!(body["object"], "chat.completion", "{vendor:?}");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
        assert!(answer.text().contains(vendor.model()) && answer.text().ends_with('.'));
        assert_eq!(answer.model(), vendor.model());
        assert!(answer.usage().is_some_and(|usage| usage.completion > 0), "it is asked for");
    }
}

#[tokio::test]
async fn a_plain_call_that_breaks_upstream_is_answered_by_the_fallback() {
    let (primary, spare) = (cut().await, whole().await);
    let setup = Setup::default().upstream("main", &primary).upstream("spare", &spare);
    let gateway = setup.with_spare().set("sanso: { streams: { upstream_stream: true } }").gateway();
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(answer.text(), "all of it");
    assert_eq!(trail(answer.served()), "openai/gpt-scripted=malformed openai/gpt-scripted=200");
}

async fn early(gateway: &Gateway) -> Box<Early> {
    match soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap() {
        Relayed::Early(early) => early,
        other => panic!("it was to begin early: {other:?}"),
    }
}

async fn chunk(early: &mut Early) -> Option<String> {
    let chunk = soon(poll_fn(|cx| early.poll_chunk(cx))).await?;
    Some(String::from_utf8(chunk.to_vec()).unwrap())
}

/// Comments up to what is none.
async fn after_keep_alives(early: &mut Early) -> String {
    loop {
        let chunk = chunk(early).await.unwrap();
        if chunk != ": keep-alive\n\n" {
            return chunk;
        }
    }
}

const SOON: &str = "sanso: { streams: { commit_by: 10ms } }";

fn later(bytes: Vec<u8>) -> Vec<Act> {
    vec![Act::Read, Act::Pause, Act::Send(bytes)]
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_by_comments_and_says_later_who_serves() {
    let events = [ROLE.to_owned(), says("late"), FINISH.to_owned(), DONE.to_owned()];
    let upstream = Upstream::start(vec![later(stream(&events))]).await;
    let gateway = Setup::default().upstream("main", &upstream).set(SOON).gateway();
    let mut early = early(&gateway).await;
    assert_eq!(chunk(&mut early).await.unwrap(), ": keep-alive\n\n");
    upstream.release();
    let said = after_keep_alives(&mut early).await;
    assert!(said.starts_with(": x-sanso-served-by: openai/gpt-scripted\n"), "{said}");
    assert!(said.ends_with("\n\n") && !said.contains("id:"), "{said}");
    let mut rest = String::new();
    while let Some(chunk) = chunk(&mut early).await {
        rest.push_str(&chunk);
    }
    assert!(rest.contains("late") && rest.ends_with(DONE), "{rest}");
    assert_eq!(early.end(), Some(StreamEnd::Finished));
}

#[tokio::test]
async fn a_failure_after_the_headers_is_told_in_the_stream() {
    let down = response("500 Oops", "application/json", r#"{"error":{"message":"down"}}"#);
    let upstream = Upstream::start(vec![later(down)]).await;
    let setup = Setup::default().upstream("main", &upstream).without_retries();
    let gateway = setup.set(SOON).gateway();
    let mut early = early(&gateway).await;
    upstream.release();
    let said = after_keep_alives(&mut early).await;
    let data = said.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let error: Value = serde_json::from_str(data).unwrap();
    assert_eq!(error["error"]["message"], "down");
    assert!(!said.contains("[DONE]"));
    assert_eq!(chunk(&mut early).await, None);
    assert_eq!(early.end(), Some(StreamEnd::Broken));
}

#[tokio::test]
async fn failover_goes_on_after_the_headers() {
    let down = response("500 Oops", "application/json", r#"{"error":{"message":"down"}}"#);
    let primary = Upstream::start(vec![later(down)]).await;
    let spare = whole().await;
    let setup = Setup::default().upstream("main", &primary).upstream("spare", &spare);
    let gateway = setup.with_spare().set(SOON).gateway();
    let mut early = early(&gateway).await;
    primary.release();
    let said = after_keep_alives(&mut early).await;
    assert!(said.contains(": x-sanso-fallback: true\n"), "{said}");
    assert!(!said.contains("x-sanso-warnings"), "{said}");
}

#[tokio::test]
async fn what_a_header_would_have_warned_of_is_said_in_a_comment() {
    let lacking = whole().await;
    let able = Upstream::start(vec![later(stream(&[
        ROLE.to_owned(),
        says("late"),
        FINISH.to_owned(),
        DONE.to_owned(),
    ]))])
    .await;
    let setup = Setup::default().upstream("main", &lacking).info("max_input_tokens: 1");
    let gateway = setup.upstream("spare", &able).with_spare().set(SOON).gateway();
    let mut early = early(&gateway).await;
    able.release();
    let said = after_keep_alives(&mut early).await;
    let warning = said.lines().find_map(|line| line.strip_prefix(": x-sanso-warnings: "));
    assert!(warning.is_some_and(|warning| warning.contains("openai/gpt-scripted")), "{said}");
    assert_eq!(lacking.seen().requests, 0);
}

#[tokio::test]
async fn a_client_that_leaves_before_any_content_stops_the_call() {
    let upstream = Upstream::start(vec![vec![Act::Read, Act::Hold]]).await;
    let gateway = Setup::default().upstream("main", &upstream).set(SOON).gateway();
    let mut early = early(&gateway).await;
    chunk(&mut early).await;
    drop(early);
    assert_eq!(upstream.seen_when(|seen| seen.left == 1).await.left, 1);
    until(|| in_flight(&gateway) == 0).await;
}

#[tokio::test]
async fn a_stream_that_is_aborted_says_so_and_has_no_marker() {
    let flowing = vec![Act::Read, Act::Send(open_stream(&[ROLE, &says("half")])), Act::Hold];
    let upstream = Upstream::start(vec![flowing]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut relay = crate::support::relay(&gateway).await;
    let last = String::from_utf8(relay.abort("stopped").to_vec()).unwrap();
    assert!(last.contains("\"message\":\"stopped\"") && !last.contains("[DONE]"), "{last}");
    assert_eq!(relay.end(), Some(StreamEnd::Broken));
    drop(relay);
    assert_eq!(upstream.seen_when(|seen| seen.left == 1).await.left, 1);
    until(|| in_flight(&gateway) == 0).await;
}
