mod admin;
mod alerts;
mod bad;
mod golden;
mod litellm_keys;
mod meaning;
mod never;
mod providers;
mod retries;
mod spec_files;
mod tasks;
mod tiers;
mod trust;
mod wildcards;

use std::collections::BTreeMap;

use super::{Config, Options, Report, parse};

/// An environment of these variables.
fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn keys() -> BTreeMap<String, String> {
    environment(&[("OPENAI_API_KEY", "sk-openai-canary"), ("ANTHROPIC_API_KEY", "sk-ant-canary")])
}

fn read(text: &str) -> Result<Config, Report> {
    parse(text, "config.yaml", &keys(), Options::default())
}

fn good(text: &str) -> Config {
    read(text).unwrap_or_else(|report| panic!("{report}"))
}

fn errors(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(report) => report.errors().map(ToString::to_string).collect(),
    }
}

fn warnings(config: &Config) -> Vec<&str> {
    config.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

/// A file with two models, `main` and `spare`, and further sections.
fn two_models(sections: &str) -> String {
    format!(
        "model_list:
  - model_name: main
    litellm_params: {{model: anthropic/claude-x}}
  - model_name: spare
    litellm_params: {{model: openai/gpt-x}}
{sections}"
    )
}
