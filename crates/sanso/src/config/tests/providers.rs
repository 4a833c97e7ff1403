//! Every provider of the table, as a configuration names it.

use sanso_wire::providers::{self, Auth};
use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn every_provider_can_be_named() {
    for name in providers::names() {
        let provider = providers::provider(name).unwrap();
        let outside: Vec<(&str, &str)> = [
            provider.base_vars.first().map(|variable| (*variable, "https://base.example/v1")),
            provider.key_vars.first().map(|variable| (*variable, "sk-canary")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let text = format!("model_list: [{{model_name: m, litellm_params: {{model: {name}/x}}}}]");
        let config = parse(&text, "f", &environment(&outside), Options::default())
            .unwrap_or_else(|report| panic!("{name}\n{report}"));
        let one = &config.deployments[0];
        assert_eq!((one.provider.as_str(), one.dialect), (name, provider.dialect));
        assert_eq!(one.api_key.as_ref().unwrap().expose_secret(), "sk-canary", "{name}");
        if !provider.base_vars.is_empty() {
            assert_eq!(one.api_base, "https://base.example/v1", "{name}");
        }
        assert_eq!(one.local, provider.local, "{name}");
    }
}

#[test]
fn a_key_is_needed_where_the_provider_asks_for_one() {
    for name in providers::names() {
        let provider = providers::provider(name).unwrap();
        if provider.base_url.is_none() {
            continue;
        }
        let text = format!("model_list: [{{model_name: m, litellm_params: {{model: {name}/x}}}}]");
        let read = parse(&text, "f", &environment(&[]), Options::default());
        assert_eq!(read.is_ok(), provider.auth == Auth::BearerIfSet, "{name}");
    }
}

#[test]
fn the_first_variable_that_is_set_counts() {
    let key = |outside: &[(&str, &str)]| {
        let text = "model_list: [{model_name: m, litellm_params: {model: gemini/x}}]";
        let config = parse(text, "f", &environment(outside), Options::default()).unwrap();
        config.deployments[0].api_key.as_ref().unwrap().expose_secret().to_owned()
    };
    assert_eq!(key(&[("GEMINI_API_KEY", "second"), ("GOOGLE_API_KEY", "first")]), "first");
    assert_eq!(key(&[("GEMINI_API_KEY", "second"), ("GOOGLE_API_KEY", " ")]), "second");
}

#[test]
fn what_is_not_built_is_left_out_by_name() {
    let text =
        "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: oidc/google/a}}]";
    let config = good(text);
    assert!(
        warnings(&config)
            .contains(&"a key by way of `oidc/` is not built yet; this deployment is left out")
    );
    assert_eq!(config.deployments.len(), 0);
    for (model, said) in [
        ("bedrock/x", "the provider `bedrock` is not built yet; this deployment is left out"),
        ("'*'", "a provider that the request names is not built yet; this deployment is left out"),
    ] {
        let config =
            good(&format!("model_list: [{{model_name: '*', litellm_params: {{model: {model}}}}}]"));
        assert!(warnings(&config).contains(&said), "{:?}", warnings(&config));
        assert_eq!(config.deployments.len(), 0);
    }
}
