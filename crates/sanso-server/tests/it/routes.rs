//! Paths and methods.

use sanso_sim::provider::{Provider, Vendor};

use crate::raw::{bare, get};
use crate::support::{Server, config};

async fn server() -> (Provider, Server) {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&provider, "")).await;
    (provider, server)
}

#[tokio::test]
async fn models_and_health_answer() {
    let (_provider, server) = server().await;
    let mut raw = server.connect().await;
    for path in ["/v1/models", "/models"] {
        let models = raw.ask(get(path)).await;
        assert_eq!(models.json()["object"], "list");
        assert_eq!(models.json()["data"][0]["id"], "main");
        assert_eq!(models.json()["data"][0]["object"], "model");
    }
    for path in ["/health/liveliness", "/health/liveness"] {
        assert_eq!(raw.ask(get(path)).await.text(), "\"I'm alive!\"");
    }
    assert_eq!(raw.ask(get("/health/readiness")).await.json()["status"], "healthy");
    let metrics = raw.ask(get("/metrics")).await;
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(metrics.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn what_is_not_there_is_a_404_in_openais_shape() {
    let (_provider, server) = server().await;
    let mut raw = server.connect().await;
    for path in
        ["/nowhere", "/v1", "/v1/completions", "/v1/chat/completions/", "/v1//models", "/%00"]
    {
        let reply = raw.ask(get(path)).await;
        let message = reply.error(404, "invalid_request_error");
        assert!(message.contains(path), "{message}");
        assert_eq!(reply.json()["error"]["code"], "unknown_url");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_one() {
    let (_provider, server) = server().await;
    let mut raw = server.connect().await;
    for (method, path, allowed) in [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("OPTIONS", "/v1/chat/completions", "POST"),
        ("PUT", "/v1/models", "GET,HEAD"),
        ("BREW", "/metrics", "GET,HEAD"),
    ] {
        let reply = raw.ask(bare(method, path)).await;
        let message = reply.error(405, "invalid_request_error");
        assert!(message.contains(method) && message.contains(path), "{message}");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let (_provider, server) = server().await;
    let mut raw = server.connect().await;
    for (path, status) in [("/v1/models", 200), ("/v1/chat/completions", 405), ("/nope", 404)] {
        raw.send(bare("HEAD", path)).await;
        let head = raw.head().await;
        assert_eq!(head.status, status, "{path}");
        assert!(head.header("content-length").is_some_and(|length| length != "0"), "{path}");
    }
    // No body followed, or this would not be a response.
    assert_eq!(raw.ask(get("/v1/models")).await.status, 200);
}
