//! Names with a `*`.

use super::*;

const MODELS: &str = "model_list:
- {model_name: main, litellm_params: {model: anthropic/x}}
- {model_name: 'openai/*', litellm_params: {model: 'openai/*'}}
- {model_name: 'two/*', litellm_params: {model: 'anthropic/*'}}
";

#[test]
fn a_wildcard_stands_in_only_for_another() {
    for sections in [
        "litellm_settings: {fallbacks: [{main: ['openai/*']}]}",
        "litellm_settings: {fallbacks: [{'*': ['openai/*']}]}",
        "litellm_settings: {context_window_fallbacks: [{main: ['openai/*']}]}",
        "litellm_settings: {default_fallbacks: ['openai/*']}",
        "router_settings: {model_group_alias: {fast: 'openai/*'}}",
    ] {
        let said = errors(&format!("{MODELS}{sections}"));
        assert_eq!(said.len(), 1, "{sections}\n{said:?}");
        assert!(said[0].contains("what the `*` of `openai/*` stands for"), "{}", said[0]);
    }
    let config = good(&format!(
        "{MODELS}litellm_settings: {{fallbacks: [{{'openai/*': ['two/*', main]}}]}}"
    ));
    assert_eq!(config.chain(1), [1, 2, 0]);
}

#[test]
fn a_list_for_one_model_of_a_wildcard_is_found_by_its_name() {
    let config =
        good(&format!("{MODELS}litellm_settings: {{fallbacks: [{{openai/gpt-4: [main]}}]}}"));
    let found = config.find("openai/gpt-4").unwrap();
    assert_eq!((found.matched, config.chain(found.group)), (None, vec![3, 0]));
    let other = config.find("openai/gpt-5").unwrap();
    assert_eq!((other.matched, config.chain(other.group)), (Some("gpt-5"), vec![1]));
}

#[test]
fn a_star_without_a_meaning_is_named() {
    let config = good("model_list: [{model_name: any, litellm_params: {model: 'openai/*'}}]");
    let said = "the model holds a `*`, and nothing says what it stands for";
    assert!(warnings(&config).contains(&said), "{:?}", warnings(&config));
}
