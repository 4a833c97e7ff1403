//! Wildcard groups against simulated providers: the model that the client names is the one that the
//! provider is asked for, and the one that is shown.

use std::collections::BTreeMap;

use sanso::config::{self, Options};
use sanso::{ChatRequest, ErrorKind, Gateway};
use sanso_sim::provider::{Problem, Provider, Vendor};

fn gateway(text: &str) -> Gateway {
    let config = config::parse(text, "config.yaml", &BTreeMap::new(), Options::default());
    Gateway::from_config(config.unwrap_or_else(|report| panic!("{report}"))).unwrap()
}

fn entry(name: &str, model: &str, provider: &Provider) -> String {
    let base = provider.base_url();
    format!(
        "- {{model_name: '{name}', litellm_params: {{model: '{model}', api_base: '{base}', api_key: k}}}}\n"
    )
}

#[tokio::test]
async fn the_provider_is_asked_for_the_matched_model() {
    let openai = Provider::start(Vendor::OpenAi).await.unwrap();
    let gemini = Provider::start(Vendor::Gemini).await.unwrap();
    let gateway = gateway(&format!(
        "model_list:\n{}{}{}",
        entry("openai/*", "openai/*", &openai),
        entry("gemini/*", "gemini/*", &gemini),
        entry("team-*", "openai/gpt-*-mini", &openai),
    ));
    for (asked, model) in [
        ("openai/gpt-9", "openai/gpt-9"),
        ("gemini/gemini-9", "gemini/gemini-9"),
        ("team-7", "openai/gpt-7-mini"),
    ] {
        let answer = gateway.chat(ChatRequest::new(asked).user("hi")).await.unwrap();
        assert_eq!(answer.served_by(), model);
        assert_eq!(answer.attempts()[0].deployment.as_ref(), model);
        let name = model.split_once('/').unwrap().1;
        assert_eq!(answer.model(), name);
        let mut stream = gateway.stream(ChatRequest::new(asked).user("hi")).await.unwrap();
        assert_eq!(stream.served().served_by.as_deref(), Some(model));
        while stream.next().await.unwrap().is_some() {}
    }
    // What clients name is not what metrics are counted by.
    let metrics = gateway.metrics();
    assert!(!metrics.contains("gpt-9") && metrics.contains("openai/*"), "{metrics}");
}

#[tokio::test]
async fn hostile_names_stay_names() {
    let gemini = Provider::start(Vendor::Gemini).await.unwrap();
    let gateway = gateway(&format!("model_list:\n{}", entry("gemini/*", "gemini/*", &gemini)));
    for name in ["../../x?key=1", "a b\n\r", "é{}", "m:generateContent#"] {
        let asked = format!("gemini/{name}");
        let answer = gateway.chat(ChatRequest::new(&asked).user("hi")).await;
        let served = match &answer {
            Ok(answer) => answer.served_by(),
            Err(error) => error.served().unwrap().attempts[0].deployment.as_ref(),
        };
        assert_eq!(served, asked);
    }
    for unknown in ["gemini/", &format!("gemini/{}", "x".repeat(300))] {
        let error = gateway.chat(ChatRequest::new(unknown).user("hi")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownModel);
    }
}

#[tokio::test]
async fn a_wildcard_falls_back_to_a_wildcard_with_the_same_match() {
    let first = Provider::start(Vendor::OpenAi).await.unwrap();
    let second = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = gateway(&format!(
        "model_list:\n{}{}{}litellm_settings:\n  num_retries: 0\n  fallbacks:\n  - 'a/*': ['b/*']\n  - a/own: [plain]\n",
        entry("a/*", "openai/*", &first),
        entry("b/*", "groq/*", &second),
        entry("plain", "openai/spare", &second),
    ));
    first.set(Problem::Overloaded);
    let answer = gateway.chat(ChatRequest::new("a/m").user("hi")).await.unwrap();
    assert_eq!((answer.served_by(), answer.model()), ("groq/m", "m"));
    // A model with a list of its own keeps it.
    let answer = gateway.chat(ChatRequest::new("a/own").user("hi")).await.unwrap();
    assert_eq!(answer.served_by(), "openai/spare");
    assert_eq!(answer.attempts()[0].deployment.as_ref(), "openai/own");
}

#[tokio::test]
async fn a_request_names_its_own_fallback() {
    let first = Provider::start(Vendor::OpenAi).await.unwrap();
    let second = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = gateway(&format!(
        "model_list:\n{}{}litellm_settings: {{num_retries: 0}}\n",
        entry("main", "openai/main", &first),
        entry("b/*", "groq/*", &second),
    ));
    first.set(Problem::Overloaded);
    let request = ChatRequest::new("main").user("hi").set("fallbacks", vec!["b/one", "b/two"]);
    let answer = gateway.chat(request).await.unwrap();
    assert_eq!(answer.served_by(), "groq/one");
    let warnings = &answer.served().warnings;
    assert!(warnings[0].starts_with("the fallback `b/two` was passed over"), "{warnings:?}");
}
