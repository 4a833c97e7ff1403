//! SIGTERM and SIGHUP.

use sanso_sim::provider::{Provider, Vendor};

use crate::raw::{ask, ask_stream, get};
use crate::support::{Server, config, scripted};
use crate::upstream::{Act, DONE, FINISH, LAST_CHUNK, ROLE, Upstream, chunk, open_stream, says};

#[tokio::test]
async fn sigterm_lets_a_running_stream_end_and_readiness_says_so() {
    let script = vec![
        Act::Read,
        Act::Send(open_stream(&[ROLE.to_owned(), says("first")])),
        Act::Pause,
        Act::Send([chunk(says(" last")), chunk(FINISH), chunk(DONE), LAST_CHUNK.into()].concat()),
    ];
    let upstream = Upstream::start(vec![script]).await;
    let mut server = Server::start(&scripted(&upstream, "")).await;
    let mut reading = server.connect().await;
    reading.send(ask_stream()).await;
    reading.head().await;
    reading.chunk().await.unwrap();

    server.signal("TERM").await;
    server.told("stopping").await;
    // A probe opens a connection of its own.
    let ready = server.connect().await.ask(get("/health/readiness")).await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (503, Some("shutting_down")));
    assert_eq!(server.connect().await.ask(get("/health/liveliness")).await.status, 200);

    upstream.release();
    let mut rest = String::new();
    while let Some(chunk) = reading.chunk().await {
        rest.push_str(&String::from_utf8(chunk).unwrap());
    }
    assert!(rest.ends_with(DONE), "{rest}");
    assert_eq!(server.log_line().await["degradation_level"], "full");
    assert_eq!(server.ended().await, Some(0));
}

#[tokio::test]
async fn sigterm_ends_an_idle_server_at_once_though_clients_keep_connections() {
    for signal in ["TERM", "INT"] {
        let provider = Provider::start(Vendor::OpenAi).await.unwrap();
        let mut server = Server::start(&config(&provider, "")).await;
        let mut idle = server.connect().await;
        assert_eq!(idle.ask(ask()).await.status, 200);
        server.signal(signal).await;
        assert_eq!(server.ended().await, Some(0));
        assert!(idle.is_closed().await);
    }
}

#[tokio::test]
async fn sighup_is_answered_with_a_line_and_costs_nothing() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let mut server = Server::start(&config(&provider, "")).await;
    for _ in 0..2 {
        server.signal("HUP").await;
        let line = server.told("SIGHUP").await;
        assert!(line.contains("cannot reload"), "{line}");
        assert_eq!(server.connect().await.ask(ask()).await.status, 200);
    }
}
