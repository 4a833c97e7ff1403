//! The master key.

use sanso_sim::provider::{Provider, Vendor};

use crate::raw::{get, post};
use crate::support::{Server, config};

const BODY: &str = r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#;
const KEY: &str = "general_settings: { master_key: sk-master-1234567890 }";

#[tokio::test]
async fn the_key_may_stand_in_any_header_that_clients_use() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&provider, KEY)).await;
    let mut raw = server.connect().await;
    for header in [
        "authorization: Bearer sk-master-1234567890",
        "Authorization: bearer  sk-master-1234567890",
        "authorization: sk-master-1234567890",
        "x-api-key: sk-master-1234567890",
        "api-key: sk-master-1234567890",
        "x-goog-api-key: sk-master-1234567890",
        "x-litellm-api-key: Bearer sk-master-1234567890",
    ] {
        let reply = raw.ask(post(&format!("{header}\r\n"), BODY)).await;
        assert_eq!(reply.status, 200, "{header}: {}", reply.text());
    }
}

#[tokio::test]
async fn without_the_key_there_is_a_401_and_no_call() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&provider, KEY)).await;
    let mut raw = server.connect().await;
    for header in [
        "",
        "authorization: Bearer\r\n",
        "authorization: Bearer wrong\r\n",
        "authorization: Bearer sk-master-1234567890x\r\n",
        "authorization: Bearer \u{e9}\r\n",
        "x-api-key: sk-master\r\n",
        // The first header that carries a key is the one that counts.
        "authorization: Bearer wrong\r\nx-api-key: sk-master-1234567890\r\n",
    ] {
        let reply = raw.ask(post(header, BODY)).await;
        let message = reply.error(401, "authentication_error");
        assert_eq!(reply.json()["error"]["code"], "invalid_api_key", "{header}");
        assert!(!message.contains("sk-master"), "{message}");
    }
    raw.ask(get("/v1/models")).await.error(401, "authentication_error");
    for open in ["/health/liveliness", "/health/readiness", "/metrics"] {
        assert_eq!(raw.ask(get(open)).await.status, 200, "{open}");
    }
    assert_eq!(provider.stats().calls, 0);
}
