//! Keys never leave the process, though a provider says them back.

use sanso::config;
use sanso_sim::provider::{Provider, Vendor};

use crate::support::{KEY, Setup, ask, drain, read, relay, soon};
use crate::upstream::{FINISH, ROLE, Upstream, response, says, stream};

fn echo() -> String {
    let said = format!("Incorrect API key provided: {KEY}. Find yours at example.com.");
    format!(
        r#"{{"error":{{"message":"{said}","type":"type {KEY}","param":"param {KEY}","code":"code {KEY}"}}}}"#
    )
}

#[tokio::test]
async fn an_echoed_key_is_masked_in_errors() {
    for status in ["400 Bad Request", "401 Unauthorized", "500 Internal Server Error"] {
        let upstream = Upstream::answering(response(status, "application/json", echo())).await;
        let setup = Setup::default().upstream("main", &upstream).without_retries();
        let (gateway, mut log) = setup.logged();
        let error = soon(gateway.chat(ask())).await.unwrap_err();
        for text in [error.to_string(), error.to_openai_json(), format!("{error:?}")] {
            assert!(!text.contains(KEY), "{status}: {text}");
        }
        assert!(!error.code().unwrap_or_default().contains(KEY), "{:?}", error.code());
        assert!(!log.line().await.to_string().contains(KEY));
        assert!(!format!("{gateway:?}").contains(KEY));
        assert!(!gateway.metrics().contains(KEY));
    }
}

#[tokio::test]
async fn an_echoed_key_is_masked_in_a_stream_that_breaks() {
    let event = format!("data: {}\n\n", echo());
    let upstream = Upstream::answering(stream(&[ROLE, &says("hi"), &event, FINISH])).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let sent = drain(&mut *relay(&gateway).await).await;
    assert!(sent.contains("Incorrect API key") && !sent.contains(KEY), "{sent}");
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    let error = read(&mut stream).await.1.unwrap_err();
    assert!(!error.to_string().contains(KEY), "{error}");
}

#[tokio::test]
async fn a_key_of_another_deployment_is_masked_too() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let said = r#"{"error":{"message":"not sk-other-key-abcdef, please"}}"#;
    let upstream = Upstream::answering(response("400 Bad Request", "application/json", said)).await;
    let text = format!(
        "model_list:\n  - model_name: main\n    litellm_params: {{ model: openai/a, api_base: \
         \"{}\", api_key: {KEY} }}\n  - model_name: other\n    litellm_params: {{ model: openai/b, \
         api_base: \"{}\", api_key: sk-other-key-abcdef }}\n",
        upstream.base_url(),
        provider.base_url()
    );
    let environment = std::collections::BTreeMap::new();
    let config = config::parse(&text, "test.yaml", &environment, config::Options::default());
    let gateway = sanso::Gateway::from_config(config.unwrap()).unwrap();
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert!(!error.to_string().contains("sk-other-key"), "{error}");
}
