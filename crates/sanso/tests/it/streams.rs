//! The contract of streams: nothing goes out before content, and no break looks like an end.

use std::future::poll_fn;

use sanso::{ErrorKind, StreamEnd};
use sanso_sim::provider::{Behaviour, Provider, Vendor};

use crate::support::{Setup, ask, drain, in_flight, metric, read, relay, relay_of, soon, trail};
use crate::upstream::{
    Act, DONE, FINISH, LAST_CHUNK, ROLE, Upstream, chunk, open_stream, says, says_as, stream,
};

/// `main` scripted, `spare` healthy.
async fn with_spare(script: Vec<u8>) -> (Upstream, Provider, sanso::Gateway) {
    let upstream = Upstream::answering(script).await;
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().upstream("main", &upstream).provider("spare", &spare);
    (upstream, spare, setup.with_spare().gateway())
}

#[tokio::test]
async fn an_error_after_the_role_and_before_content_fails_over_unseen() {
    for vendor in Vendor::ALL {
        let primary = Provider::start(vendor).await.unwrap();
        let spare = Provider::start(Vendor::OpenAi).await.unwrap();
        let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
        let gateway = setup.with_spare().gateway();
        for behaviour in [
            Behaviour::ErrorInStream { after_tokens: 0 },
            Behaviour::Cut { after_tokens: 0 },
            Behaviour::EndsEarly { after_tokens: 0 },
            Behaviour::Html,
        ] {
            primary.fail_next(1, behaviour.clone());
            let mut relay = relay(&gateway).await;
            assert_eq!(relay.served().attempts.len(), 2, "{vendor:?} {behaviour:?}");
            let sent = drain(&mut relay).await;
            assert_eq!(sent.matches("\"role\":\"assistant\"").count(), 1, "{sent}");
            assert!(!sent.contains("error") && sent.ends_with(DONE), "{sent}");
            assert_eq!(relay.end(), Some(StreamEnd::Finished));
        }
    }
}

#[tokio::test]
async fn what_breaks_after_content_is_told_in_band_and_never_marked_as_done() {
    for vendor in Vendor::ALL {
        let provider = Provider::start(vendor).await.unwrap();
        let spare = Provider::start(Vendor::OpenAi).await.unwrap();
        let setup = Setup::default().provider("main", &provider).provider("spare", &spare);
        let gateway = setup.with_spare().set("sanso: { timeouts: { gap: 150ms } }").gateway();
        for behaviour in [
            Behaviour::ErrorInStream { after_tokens: 5 },
            Behaviour::Cut { after_tokens: 5 },
            Behaviour::EndsEarly { after_tokens: 5 },
            Behaviour::Stalls { after_tokens: 5 },
        ] {
            provider.fail_next(2, behaviour.clone());
            let mut relay = relay(&gateway).await;
            let sent = drain(&mut relay).await;
            let what = format!("{vendor:?} {behaviour:?}: {sent}");
            assert_eq!(relay.end(), Some(StreamEnd::Broken), "{what}");
            assert!(!sent.contains("[DONE]") && !sent.contains("\"stop\""), "{what}");
            let last = sent.trim_end().rsplit("data: ").next().unwrap();
            let last: serde_json::Value = serde_json::from_str(last).unwrap();
            assert!(last["error"]["message"].is_string(), "{what}");

            let mut stream = soon(gateway.stream(ask())).await.unwrap();
            let (text, end) = read(&mut stream).await;
            assert!(!text.is_empty(), "{what}");
            assert_eq!(end.unwrap_err().kind(), ErrorKind::Broken, "{what}");
            assert_eq!(in_flight(&gateway), 0);
        }
        assert_eq!(spare.stats().calls, 0, "two answers must never be mixed");
        soon(provider.stats_when(|stats| stats.in_flight == 0)).await;
    }
}

#[tokio::test]
async fn content_before_a_break_is_read_before_the_error_and_the_error_stays() {
    // Text and break arrive in one piece, so that they are read together.
    let script = stream(&[format!("{ROLE}{}", says("half")), says(" an answer")]);
    let upstream = Upstream::answering(script).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    let (text, end) = read(&mut stream).await;
    assert_eq!(text, "half an answer");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Broken);
    let again = soon(stream.next()).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Broken, "a break must not become an end");
}

#[tokio::test]
async fn a_finish_reason_without_the_marker_is_completed() {
    let bytes = [ROLE.to_owned(), says("all"), FINISH.to_owned()];
    let clean = stream(&bytes);
    // The connection is lost, or simply stays open, where the marker should have been.
    let lost = open_stream(&bytes);
    for script in [clean, lost] {
        let upstream = Upstream::answering(script).await;
        let gateway = Setup::default().upstream("main", &upstream).gateway();
        let mut relay = relay(&gateway).await;
        let sent = drain(&mut relay).await;
        assert!(sent.ends_with(DONE), "{sent}");
        assert_eq!(relay.end(), Some(StreamEnd::Finished));
    }
    let held = vec![Act::Read, Act::Send(open_stream(&bytes)), Act::Hold];
    let upstream = Upstream::start(vec![held]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let sent = drain(&mut *relay(&gateway).await).await;
    assert!(sent.ends_with(DONE), "{sent}");
}

#[tokio::test]
async fn a_candidate_that_ends_early_does_not_end_the_others() {
    let last = FINISH.replace("\"index\":0", "\"index\":1");
    let events = [says_as(0, "one"), FINISH.to_owned(), says_as(1, "two")];
    let rest = [chunk(says_as(1, " more")), chunk(last), chunk(DONE), LAST_CHUNK.into()].concat();

    // All of it, at once.
    let whole = [open_stream(&events), rest].concat();
    let upstream = Upstream::answering(whole).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut stream = soon(gateway.stream(ask().set("n", 2))).await.unwrap();
    let (text, end) = read(&mut stream).await;
    assert_eq!((text.as_str(), end.is_ok()), ("onetwo more", true));

    // Lost while the second candidate still spoke: no end, though the first one had its reason.
    let upstream = Upstream::answering(open_stream(&events)).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut stream = soon(gateway.stream(ask().set("n", 2))).await.unwrap();
    let (text, end) = read(&mut stream).await;
    assert_eq!(text, "onetwo");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Broken);

    // Silent while the second candidate still spoke: the gap decides, not the wait for a marker.
    let held = vec![Act::Read, Act::Send(open_stream(&events)), Act::Hold];
    let upstream = Upstream::start(vec![held]).await;
    let setup = Setup::default().upstream("main", &upstream);
    let gateway = setup.set("sanso: { timeouts: { gap: 1200ms } }").gateway();
    let mut stream = soon(gateway.stream(ask().set("n", 2))).await.unwrap();
    assert_eq!(read(&mut stream).await.1.unwrap_err().kind(), ErrorKind::Broken);
}

#[tokio::test]
async fn what_is_no_stream_is_a_fault_and_the_next_leg_answers() {
    use crate::upstream::{answer, json, response};
    let scripts = [
        json(answer("plain")),
        response("200 OK", "text/html", "<html><body>sign in</body></html>"),
        response("200 OK", "text/event-stream", ""),
        response("200 OK", "text/event-stream", DONE),
        response("200 OK", "text/event-stream", ROLE),
        json(r#"{"error":{"message":"The server is overloaded","type":"server_error"}}"#),
        stream(&[r#"data: {"error":{"message":"The server is overloaded","code":503}}"#, "\n\n"]),
    ];
    for script in scripts {
        let said = String::from_utf8_lossy(&script).into_owned();
        let (_upstream, _spare, gateway) = with_spare(script).await;
        let mut stream = soon(gateway.stream(ask())).await.unwrap();
        assert_eq!(stream.served().attempts.len(), 2, "{said}");
        assert!(stream.served().fallback, "{said}");
        assert!(read(&mut stream).await.1.is_ok(), "{said}");
    }
}

#[tokio::test]
async fn chunks_pass_as_they_come() {
    let script = vec![
        Act::Read,
        Act::Send(open_stream(&[ROLE.to_owned(), says("first")])),
        Act::Pause,
        Act::Send([chunk(says(" last")), chunk(FINISH), chunk(DONE), LAST_CHUNK.into()].concat()),
    ];
    let upstream = Upstream::start(vec![script]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut relay = relay(&gateway).await;
    let first = soon(poll_fn(|cx| relay.poll_chunk(cx))).await.unwrap();
    assert!(first.ends_with(says("first").as_bytes()), "{first:?}");
    // Only now does the provider say the rest.
    upstream.release();
    assert!(drain(&mut relay).await.ends_with(DONE));
}

#[tokio::test]
async fn a_reader_that_pauses_makes_the_provider_pause() {
    const MIB: usize = 1 << 20;
    let flood = chunk(says(&"x".repeat(64 * 1024)));
    let script = vec![Act::Read, Act::Send(open_stream(&[ROLE])), Act::Flood(flood)];
    let upstream = Upstream::start(vec![script]).await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &upstream).provider("spare", &spare);
    let gateway = setup.set("sanso: { limits: { answer: 4GiB } }").gateway();
    let mut relay = relay(&gateway).await;
    // Time for the provider to flood us, measured in answers.
    let other = sanso::ChatRequest::new("spare").user("Why?");
    for _ in 0..50 {
        soon(gateway.chat(other.clone())).await.unwrap();
    }
    // What the sockets of the two ends hold, and no more.
    let paused = upstream.seen().flooded;
    assert!(paused < 32 * MIB, "{paused}");
    // Who reads again makes it flow again.
    while upstream.seen().flooded == paused {
        assert!(soon(poll_fn(|cx| relay.poll_chunk(cx))).await.is_some());
    }
    drop(relay);
    soon(upstream.seen_when(|seen| seen.left == 1)).await;
}

#[tokio::test]
async fn a_media_type_is_read_without_regard_to_case() {
    let script = String::from_utf8(stream(&[ROLE, &says("hi"), FINISH, DONE])).unwrap();
    let upstream = Upstream::answering(script.replace("text/event-stream", "Text/Event-Stream"));
    let upstream = upstream.await;
    let gateway = Setup::default().upstream("main", &upstream).without_retries().gateway();
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    assert_eq!(read(&mut stream).await.0, "hi");
    assert_eq!(trail(stream.served()), "openai/gpt-scripted=200");
}

/// Has tokio's clock jump while nothing else is under way.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_crawl_is_written_down_of_a_stream_that_passes() {
    for (text, crawls) in
        [("two", true), ("two, and then all the rest of a sentence that goes on", false)]
    {
        let begins = open_stream(&[ROLE.to_owned(), says("one ")]);
        let ends = [chunk(says(text)), chunk(FINISH), chunk(DONE), LAST_CHUNK.into()].concat();
        let script = vec![Act::Read, Act::Send(begins), Act::Pause, Act::Send(ends)];
        let upstream = Upstream::start(vec![script]).await;
        let (gateway, mut log) = Setup::default().upstream("main", &upstream).logged();
        let mut relay = relay(&gateway).await;
        soon(poll_fn(|cx| relay.poll_chunk(cx))).await.unwrap();
        let waits = poll_fn(|cx| std::task::Poll::Ready(relay.poll_chunk(cx).is_pending())).await;
        assert!(waits, "no more has come");
        pass(10).await;
        upstream.release();
        assert!(drain(&mut relay).await.ends_with(DONE));
        drop(relay);
        let line = log.line().await;
        let warnings = line["warnings"].as_array().unwrap();
        assert_eq!(!warnings.is_empty(), crawls, "{line}");
        if crawls {
            assert_eq!(warnings[0], "the stream crawled: 3 characters in 10 s");
        }
        assert_eq!(metric(&gateway, "sanso_attempts_total", &["success"]), 1.0, "no fault of it");
    }
}

#[tokio::test]
async fn a_slow_reader_is_not_taken_for_a_silent_provider() {
    let begins = open_stream(&[ROLE.to_owned(), says("one")]);
    let ends = [chunk(says(" two")), chunk(FINISH), chunk(DONE), LAST_CHUNK.into()].concat();
    let script = vec![Act::Read, Act::Send(begins), Act::Pause, Act::Send(ends)];
    let upstream = Upstream::start(vec![script]).await;
    let setup = Setup::default().upstream("main", &upstream);
    let gateway = setup.set("sanso: { timeouts: { gap: 100ms } }").gateway();
    let mut relay = relay(&gateway).await;
    soon(poll_fn(|cx| relay.poll_chunk(cx))).await.unwrap();
    // The client is busy for three gaps; only then does it ask for more.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let next = poll_fn(|cx| std::task::Poll::Ready(relay.poll_chunk(cx).is_pending())).await;
    assert!(next, "the provider's gap begins when it is waited for");
    upstream.release();
    let rest = drain(&mut relay).await;
    assert!(rest.ends_with(DONE), "{rest}");
    assert_eq!(metric(&gateway, "sanso_attempts_total", &["success"]), 1.0);
}

#[tokio::test]
async fn a_stream_of_two_candidates_is_not_complete_when_one_has_ended() {
    let body =
        r#"{"model":"main","stream":true,"n":2,"messages":[{"role":"user","content":"Why?"}]}"#;
    // The provider closes before the second candidate has said a word, however often the first ends.
    let once = vec![ROLE.to_owned(), says("one"), FINISH.to_owned()];
    let twice = [once.clone(), vec![FINISH.to_owned()]].concat();
    for events in [once, twice] {
        let upstream = Upstream::answering(stream(&events)).await;
        let gateway = Setup::default().upstream("main", &upstream).gateway();
        let mut relay = relay_of(&gateway, body.into()).await;
        let sent = drain(&mut relay).await;
        assert_eq!(relay.end(), Some(StreamEnd::Broken), "{sent}");
        assert!(!sent.contains("[DONE]"), "{sent}");
        let lost = metric(&gateway, "sanso_requests_total", &["degradation=\"unavailable\""]);
        assert_eq!(lost, 1.0, "a part of an answer is none");
    }
}
