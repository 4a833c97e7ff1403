//! The two files of the specification, byte for byte.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;
use crate::config::{Listing, describe};

const SEED: &str = r#"model_list:
  - model_name: "main-model"
    litellm_params:
      model: "anthropic/claude-sonnet-4-6"
      api_key: "os.environ/ANTHROPIC_API_KEY"
  - model_name: "fallback-gpt"
    litellm_params:
      model: "openai/gpt-4.1"
      api_key: "os.environ/OPENAI_API_KEY"

litellm_settings:
  num_retries: 3
  request_timeout: 30
  allowed_fails: 3
  cooldown_time: 60
  fallbacks:
    - main-model: ["fallback-gpt"]
"#;

const PRODUCTION: &str = r#"model_list:
  - model_name: primary-claude                 # the same model in two regions: the safest fallback there is
    litellm_params: { model: "bedrock/anthropic.claude-sonnet-4-6-20250514-v1:0", aws_region_name: ap-northeast-1 }
  - model_name: primary-claude
    litellm_params: { model: "bedrock/anthropic.claude-sonnet-4-6-20250514-v1:0", aws_region_name: us-east-1 }
  - model_name: fallback-gpt
    litellm_params: { model: "openai/gpt-4.1", api_key: "os.environ/OPENAI_API_KEY" }
  - model_name: fallback-azure
    litellm_params: { model: "azure/gpt-4.1", api_base: "os.environ/AZURE_API_BASE", api_key: "os.environ/AZURE_API_KEY", api_version: "2025-01-21" }

litellm_settings:
  num_retries: 3
  request_timeout: 30
  allowed_fails: 3
  cooldown_time: 60
  fallbacks:
    - primary-claude: ["fallback-gpt", "fallback-azure"]
  max_budget: 1000.0
  budget_duration: 1mo
  redis_host: os.environ/REDIS_HOST
  redis_port: 6379
  redis_password: os.environ/REDIS_PASSWORD
  success_callback: ["langfuse"]
  failure_callback: ["langfuse"]
"#;

#[test]
fn the_smallest_file_means_what_it_says() {
    let config = good(SEED);
    assert_eq!(
        warnings(&config),
        ["there is no master key: whoever reaches the gateway can use it"]
    );
    assert_eq!(config.notes, []);
    let names: Vec<&str> = config.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["main-model", "fallback-gpt"]);
    let main = &config.groups[0];
    assert_eq!(main.fallbacks.plain, Some(vec![1]));
    assert_eq!(main.fallbacks.context_window, Listing::Absent);
    assert_eq!((config.num_retries(0), config.max_attempts(0)), (Some(3), 8));
    assert_eq!((config.num_retries(1), config.max_attempts(1)), (Some(3), 6));
    assert_eq!(main.policy.timeouts.deadline, Duration::from_secs(600));
    let deployment = &config.deployments[0];
    assert_eq!(deployment.provider, "anthropic");
    assert_eq!(deployment.model, "claude-sonnet-4-6");
    assert_eq!(deployment.api_base, "https://api.anthropic.com");
    assert_eq!(deployment.api_key.as_ref().unwrap().expose_secret(), "sk-ant-canary");
    assert_eq!(deployment.timeouts.timeout, Duration::from_secs(30));
    assert_eq!(deployment.timeouts.gap, Duration::from_secs(30));
    assert_eq!(deployment.timeouts.gap_patient, Duration::from_secs(60));
    assert_eq!(deployment.breaker.allowed_fails, Some(3));
    assert_eq!(deployment.breaker.cooldown, Duration::from_secs(60));
}

#[test]
fn the_smallest_file_is_drawn() {
    let expected = "\
main-model: at most 8 attempts in 600s
  1. main-model               4 attempts
     - anthropic/claude-sonnet-4-6 at api.anthropic.com
  2. fallback-gpt             4 attempts  failover (tier 4)
     - openai/gpt-4.1 at api.openai.com

fallback-gpt: at most 4 attempts in 600s
  1. fallback-gpt             4 attempts
     - openai/gpt-4.1 at api.openai.com, alone: no sibling, no fallback

settings of every chain that says nothing else
  retry      num_retries 3, max_attempts 6, retry_after 0s, patience 2s (3s hinted), budget 500
  timeouts   timeout 30s, stream 30s, deadline 600s, connect 3s
  streams    first_token 10s + 1s per 10k tokens (60s patient), gap 30s, commit_by 15s
  breaker    opens on more than 3 faults that are 20% of calls or more in 60s, cooldown 60s, probes 1, success_threshold 2
  fallback   also on nothing, preflight skip
  optional   shed_below off, inflow_cap off, slow rule off, buffer off, upstream_stream off, continue on break off
  checks     empty
  degrade    relax off, stored answers off, static answer off
  limits     body 32MiB, head 256KiB, event 8MiB, answer 64MiB, stored 64MiB, max_fallbacks 5
  TLS        certificates of the system's authorities
  admin      with the API
  history    sanso-history.db
  alerts     to log
  over       fallback_rate 5%/10% of 20, provider_error_rate 1%/10% of 20, degraded 0%/1% of 20, unavailable 0%/1% of 20, soft_failure_rate 2%/5% of 20, breaker_openings 3
  master key none: open to everyone
";
    let drawn = describe(&good(SEED));
    assert_eq!(drawn, expected);
}

#[test]
fn the_production_file_is_drawn() {
    let expected = "\
primary-claude: at most 4 attempts in 600s
  1. primary-claude
     - no deployment left: this leg is skipped
  2. fallback-gpt             4 attempts  failover (tier 4)
     - openai/gpt-4.1 at api.openai.com
  3. fallback-azure
     - no deployment left: this leg is skipped

fallback-gpt: at most 4 attempts in 600s
  1. fallback-gpt             4 attempts
     - openai/gpt-4.1 at api.openai.com, alone: no sibling, no fallback

fallback-azure: cannot be served
  1. fallback-azure
     - no deployment left: this leg is skipped

settings of every chain";
    let drawn = describe(&good(PRODUCTION));
    assert!(drawn.starts_with(expected), "{drawn}");
}

#[test]
fn the_production_file_runs_with_what_is_built() {
    let config = good(PRODUCTION);
    let names: Vec<&str> = config.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["primary-claude", "fallback-gpt", "fallback-azure"]);
    assert_eq!(config.deployments.len(), 1);
    assert!(config.groups[0].deployments.is_empty());
    assert_eq!(config.chain(0), [0, 1, 2]);
    assert_eq!(
        warnings(&config),
        [
            "there is no master key: whoever reaches the gateway can use it",
            "no deployment of `primary-claude` is left",
            "the provider `bedrock` is not built yet; this deployment is left out",
            "the provider `bedrock` is not built yet; this deployment is left out",
            "no deployment of `fallback-azure` is left",
            "the provider `azure` is not built yet; this deployment is left out",
            "`max_budget` is not built yet and does nothing",
            "`budget_duration` is not built yet and does nothing",
            "`redis_host` is not built yet and does nothing",
            "`redis_port` is not built yet and does nothing",
            "`redis_password` is not built yet and does nothing",
            "`success_callback` is not built yet and does nothing",
            "`failure_callback` is not built yet and does nothing",
        ]
    );
}

#[test]
fn strict_refuses_what_is_not_built() {
    let strict = Options { strict: true, ..Options::default() };
    assert!(parse(SEED, "config.yaml", &keys(), strict).is_ok());
    let report = parse(PRODUCTION, "config.yaml", &keys(), strict).unwrap_err();
    assert_eq!(report.errors().count(), 10);
}
