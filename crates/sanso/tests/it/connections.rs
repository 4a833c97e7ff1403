//! Connections: kept, closed under us, refused, or never answered.

use sanso::ErrorKind;
use sanso_sim::provider::{Provider, Vendor};

use crate::support::{Setup, ask, read, soon, trail};
use crate::upstream::{Act, Upstream, answer, json};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let once = [Act::Read, Act::Send(json(answer("hi")))];
    let script = [once.clone(), once.clone(), once].concat();
    let upstream = Upstream::start(vec![script]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    for _ in 0..3 {
        assert_eq!(soon(gateway.chat(ask())).await.unwrap().text(), "hi");
    }
    assert_eq!((upstream.seen().connections, upstream.seen().requests), (1, 3));
}

#[tokio::test]
async fn a_finished_stream_leaves_its_connection_for_the_next() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &provider).gateway();
    for _ in 0..3 {
        let mut stream = soon(gateway.stream(ask())).await.unwrap();
        assert!(read(&mut stream).await.1.is_ok());
        drop(stream);
    }
    let stats = provider.stats();
    assert_eq!((stats.completed, stats.cancelled), (3, 0));
}

#[tokio::test]
async fn a_kept_connection_that_closes_unanswered_is_redone_and_not_counted() {
    // The first connection answers once, takes a second request and closes on it.
    let first = vec![Act::Read, Act::Send(json(answer("one"))), Act::Read];
    let second = vec![Act::Read, Act::Send(json(answer("two")))];
    let upstream = Upstream::start(vec![first, second]).await;
    let (gateway, mut log) =
        Setup::default().upstream("main", &upstream).without_retries().logged();
    assert_eq!(soon(gateway.chat(ask())).await.unwrap().text(), "one");
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(answer.text(), "two");
    assert_eq!(trail(answer.served()), "openai/gpt-scripted=200");
    let seen = upstream.seen();
    assert_eq!((seen.connections, seen.requests), (2, 3));
    log.line().await;
    let line = log.line().await;
    assert_eq!((&line["attempt"], &line["failure_kinds"]), (&1.into(), &serde_json::json!([])));
}

#[tokio::test]
async fn the_redo_takes_a_fresh_connection_though_others_are_kept() {
    let stale = vec![Act::Read, Act::Send(json(answer("one"))), Act::Read];
    let fresh = vec![Act::Read, Act::Send(json(answer("two")))];
    let upstream = Upstream::start(vec![stale.clone(), stale, fresh]).await;
    let gateway = Setup::default().upstream("main", &upstream).without_retries().gateway();
    // Two at once, so that two connections are kept.
    let (one, other) = soon(async { tokio::join!(gateway.chat(ask()), gateway.chat(ask())) }).await;
    assert_eq!((one.unwrap().text(), other.unwrap().text()), ("one".into(), "one".into()));
    assert_eq!(upstream.seen().connections, 2);
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!((answer.text().as_str(), answer.attempts().len()), ("two", 1));
}

#[tokio::test]
async fn a_fresh_connection_that_closes_unanswered_is_a_fault() {
    let upstream = Upstream::start(vec![vec![Act::Read]]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (502, ErrorKind::Upstream));
    assert!(error.served().unwrap().attempts.iter().all(|a| a.outcome == "connection_lost"));
}

#[tokio::test]
async fn a_refused_connection_fails_over() {
    let gone = Upstream::start(vec![vec![]]).await;
    let address = gone.base_url();
    drop(gone);
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().model("main", "openai/gone", &address).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(answer.served()), "openai/gone=connection_refused openai/gpt-4.1=200");
    let lone = Setup::default().model("main", "openai/gone", &address).without_retries().gateway();
    let error = soon(lone.chat(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (502, ErrorKind::Upstream));
}

#[tokio::test]
async fn a_handshake_that_never_ends_meets_the_connect_limit() {
    // TCP connects; the answer to TLS's hello never comes.
    let upstream = Upstream::start(vec![vec![Act::Hold]]).await;
    let setup =
        Setup::default().model("main", "openai/mute", &format!("https://{}/v1", upstream.address));
    let gateway = setup.without_retries().set("sanso: { timeouts: { connect: 100ms } }").gateway();
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (504, ErrorKind::Timeout), "{error}");
    assert_eq!(trail(error.served().unwrap()), "openai/mute=timeout_connect");
    soon(upstream.seen_when(|seen| seen.left == 1)).await;
}
