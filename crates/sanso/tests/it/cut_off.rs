//! Answers that a provider itself says it has cut off: they are faults, and never complete.

use sanso::{Gateway, Relayed, StreamEnd};
use serde_json::Value;

use crate::support::{Setup, ask, ask_bytes, drain, relay, soon, trail};
use crate::upstream::{DONE, FINISH, ROLE, Upstream, answer, json, says, stream};

/// The words that providers have for it, and the fault that each is.
const WORDS: [(&str, &str); 2] =
    [("insufficient_system_resource", "overloaded"), ("error", "server_error")];

fn ended(word: &str) -> String {
    FINISH.replace("\"stop\"", &format!("\"{word}\""))
}

/// Half an answer as a stream that is complete but for its reason.
async fn half(word: &str) -> Upstream {
    let events = [ROLE.to_owned(), says("half"), ended(word), DONE.to_owned()];
    Upstream::answering(stream(&events)).await
}

async fn whole() -> Upstream {
    let events = [ROLE.to_owned(), says("all of it"), FINISH.to_owned(), DONE.to_owned()];
    Upstream::answering(stream(&events)).await
}

fn gateway(primary: &Upstream, spare: &Upstream, set: &str) -> Gateway {
    let setup = Setup::default().upstream("main", primary).upstream("spare", spare);
    setup.with_spare().set(set).gateway()
}

#[tokio::test]
async fn half_a_plain_answer_that_was_cut_off_is_answered_by_the_fallback() {
    for (word, fault) in WORDS {
        let half = answer("half").replace("\"stop\"", &format!("\"{word}\""));
        let primary = Upstream::answering(json(half)).await;
        let spare = Upstream::answering(json(answer("all of it"))).await;
        let gateway = gateway(&primary, &spare, "");
        let answer = soon(gateway.chat(ask())).await.unwrap();
        assert_eq!(answer.text(), "all of it", "{word}");
        let wanted = format!("openai/gpt-scripted={fault} openai/gpt-scripted=200");
        assert_eq!(trail(answer.served()), wanted);
    }
}

#[tokio::test]
async fn one_candidate_of_two_that_was_cut_off_is_enough() {
    let two = r#"{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[
        {"index":0,"message":{"role":"assistant","content":"all"},"finish_reason":"stop"},
        {"index":1,"message":{"role":"assistant","content":"ha"},"finish_reason":"error"}]}"#;
    let upstream = Upstream::answering(json(two)).await;
    let gateway = Setup::default().upstream("main", &upstream).without_retries().gateway();
    let error = soon(gateway.chat(ask().set("n", 2))).await.unwrap_err();
    assert_eq!(error.status(), 500);
}

#[tokio::test]
async fn an_overload_that_cut_every_answer_off_is_a_503() {
    let half = answer("half").replace("\"stop\"", "\"insufficient_system_resource\"");
    let upstream = Upstream::answering(json(half)).await;
    let gateway = Setup::default().upstream("main", &upstream).without_retries().gateway();
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(error.status(), 503);
    assert!(error.to_string().contains("insufficient_system_resource"), "{error}");
}

#[tokio::test]
async fn half_a_held_answer_that_was_cut_off_is_never_seen() {
    for (word, fault) in WORDS {
        let (primary, spare) = (half(word).await, whole().await);
        let gateway = gateway(&primary, &spare, "sanso: { streams: { buffer: full } }");
        let relayed = soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap();
        let Relayed::Whole { body, served, .. } = relayed else { panic!("{relayed:?}") };
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("all of it") && !body.contains("half"), "{body}");
        let wanted = format!("openai/gpt-scripted={fault} openai/gpt-scripted=200");
        assert_eq!(trail(&served), wanted);
    }
}

#[tokio::test]
async fn a_stream_that_was_cut_off_before_content_fails_over_unseen() {
    let events = [ROLE.to_owned(), ended("insufficient_system_resource"), DONE.to_owned()];
    let (primary, spare) = (Upstream::answering(stream(&events)).await, whole().await);
    let gateway = gateway(&primary, &spare, "");
    let mut relay = relay(&gateway).await;
    assert!(trail(relay.served()).starts_with("openai/gpt-scripted=overloaded "));
    assert!(drain(&mut relay).await.contains("all of it"));
}

#[tokio::test]
async fn a_stream_that_was_cut_off_after_content_breaks_and_has_no_marker() {
    for (word, _) in WORDS {
        let (primary, spare) = (half(word).await, whole().await);
        let gateway = gateway(&primary, &spare, "");
        let mut relay = relay(&gateway).await;
        let sent = drain(&mut relay).await;
        assert_eq!(relay.end(), Some(StreamEnd::Broken), "{sent}");
        assert!(sent.contains("half") && !sent.contains("[DONE]"), "{sent}");
        let last = sent.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let error: Value = serde_json::from_str(last).unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains(word), "{error}");
    }
}

/// Gemini has words of its own, and no marker.
#[tokio::test]
async fn an_answer_that_gemini_gave_up_is_answered_by_the_fallback() {
    for word in ["MALFORMED_FUNCTION_CALL", "OTHER", "OF_TOMORROW"] {
        let half = r#""content":{"role":"model","parts":[{"text":"half"}]}"#;
        let end = format!(r#""finishReason":"{word}""#);
        let body = |candidate: &str| format!(r#"{{"candidates":[{{{candidate},"index":0}}]}}"#);
        let event = |candidate: &str| format!("data: {}\n\n", body(candidate));
        let wanted = "gemini/scripted=server_error openai/gpt-scripted=200";
        let gateway = |primary: &Upstream, spare: &Upstream| {
            let setup = Setup::default().model("main", "gemini/scripted", &primary.base_url());
            setup.upstream("spare", spare).with_spare().gateway()
        };

        let primary = Upstream::answering(json(body(&format!("{half},{end}")))).await;
        let spare = Upstream::answering(json(answer("all of it"))).await;
        let answer = soon(gateway(&primary, &spare).chat(ask())).await.unwrap();
        assert_eq!((&*answer.text(), &*trail(answer.served())), ("all of it", wanted), "{word}");

        let (primary, spare) = (Upstream::answering(stream(&[event(&end)])).await, whole().await);
        let mut unseen = relay(&gateway(&primary, &spare)).await;
        assert_eq!(trail(unseen.served()), wanted, "{word}");
        assert!(drain(&mut unseen).await.contains("all of it"));

        let primary = Upstream::answering(stream(&[event(half), event(&end)])).await;
        let mut broken = relay(&gateway(&primary, &spare)).await;
        let sent = drain(&mut broken).await;
        assert_eq!(broken.end(), Some(StreamEnd::Broken), "{word}: {sent}");
        assert!(sent.contains("half") && !sent.contains("[DONE]"), "{sent}");
    }
}
