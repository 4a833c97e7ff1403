//! Every key of LiteLLM's that its reference lists is either done or named in a warning: none is
//! passed over in silence, and none is taken for a slip.

use super::*;

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done,
    Named,
    Unknown,
}

/// Keys as words, one list a section: what is done, what is named.
struct Section {
    /// A file with the key at `@`.
    file: &'static str,
    done: &'static str,
    named: &'static str,
}

const SECTIONS: &[Section] = &[
    Section {
        file: "model_list: []\n@",
        done: "router_settings litellm_settings general_settings environment_variables",
        named: "callback_settings credential_list guardrails prompts search_tools assistant_settings
            default_vertex_config include",
    },
    Section {
        file: "model_list: [{model_name: m, litellm_params: {model: openai/x}, @}]",
        done: "rpm tpm model_info",
        named: "",
    },
    Section {
        file: "model_list: [{model_name: m, litellm_params: {model: openai/x, @}}]",
        done: "api_key api_base organization custom_llm_provider timeout stream_timeout max_retries
            num_retries cooldown_time weight order rpm tpm mock_response headers extra_headers extra_body
            input_cost_per_token output_cost_per_token cache_read_input_token_cost
            cache_creation_input_token_cost",
        named: "api_version litellm_credential_name region_name vertex_project vertex_location
            vertex_credentials aws_access_key_id aws_secret_access_key aws_region_name
            watsonx_region_name azure_ad_token tenant_id client_id client_secret
            timeout_by_service_tier stream_timeout_by_service_tier itpm otpm rpd tpd daily_reset_time
            max_parallel_requests tags tag_regex max_budget budget_duration drop_params
            additional_drop_params use_in_pass_through use_chat_completions_api
            configurable_clientside_auth_params keepalive_seconds allow_client_keepalive_override
            input_cost_per_second output_cost_per_second mock_timeout mock_delay",
    },
    Section {
        file: "model_list: [{model_name: m, litellm_params: {model: openai/x}, model_info: {@}}]",
        // The last three describe the model to people, and ask for nothing.
        done: "id order rpm tpm max_input_tokens cooldown_time allowed_fails blocked quality
            input_cost_per_token output_cost_per_token base_model mode
            max_tokens",
        named: "allowed_fails_policy access_groups access_windows team_id tier
            disable_background_health_check health_check_model health_check_timeout
            health_check_max_tokens supported_environments enable_tag_filtering allow_fail_open
            ptu_capacity",
    },
    Section {
        file: "model_list: []\nrouter_settings: {@}",
        done: "routing_strategy num_retries retry_after timeout stream_timeout allowed_fails
            cooldown_time disable_cooldowns fallbacks default_fallbacks context_window_fallbacks
            content_policy_fallbacks max_fallbacks model_group_alias retry_policy
            model_group_retry_policy enable_mid_stream_fallback_continuation",
        named: "routing_strategy_args routing_groups allowed_fails_policy enable_pre_call_checks
            enable_tag_filtering tag_filtering_match_any tag_routing_prefix optional_pre_call_checks
            deployment_affinity_ttl_seconds model_group_affinity_config
            session_affinity_repin_on_failover enable_weighted_failover
            fallback_on_unsupported_params
            default_litellm_params default_max_parallel_requests default_priority polling_interval
            client_ttl caching_groups cache_responses cache_kwargs plugins provider_budget_config
            guardrail_list assistants_config set_verbose debug_level redis_url redis_host redis_port
            redis_password redis_db enable_health_check_routing health_check_staleness_threshold
            health_check_ignore_transient_errors background_health_check_model_groups
            health_check_interval health_check_concurrency",
    },
    Section {
        file: "model_list: []\nlitellm_settings: {@}",
        done: "num_retries request_timeout fallbacks default_fallbacks context_window_fallbacks
            content_policy_fallbacks allowed_fails cooldown_time max_fallbacks
            num_retries_per_request callbacks ssl_verify",
        named: "drop_params modify_params set_verbose json_logs force_ipv4
            disable_aiohttp_transport network_mock expose_router_debug_in_errors cache cache_params
            success_callback failure_callback service_callbacks prometheus_metrics_config
            prometheus_initialize_budget_metrics turn_off_message_logging public_routes
            model_alias_map mcp_aliases enable_redis_auth_cache budget_exceeded_status_code
            max_budget budget_duration redis_host redis_port redis_password",
    },
    Section {
        file: "model_list: []\ngeneral_settings: {@}",
        done: "master_key max_request_size_mb alerting alerting_threshold",
        named: "database_url store_model_in_db completion_model litellm_key_header_name custom_auth
            max_parallel_requests global_max_parallel_requests max_in_flight_requests_per_worker
            max_queued_requests_per_worker admission_queue_timeout_seconds cancel_on_disconnect
            coordination_redis fail_closed_rate_limit_enforcement background_health_checks
            health_check_interval health_check_concurrency health_check_details
            enable_health_check_routing health_check_staleness_threshold
            health_check_ignore_transient_errors background_health_check_model_groups
            use_shared_health_check model_list_healthy_only alert_types
            alert_to_webhook_url alerting_args enforce_fallback_model_access
            disable_fallbacks_on_per_model_rate_limits expose_fallback_errors_to_caller
            dangerously_allow_mock_testing_request_params
            dangerously_permit_weak_or_unset_master_key enable_drain_endpoint drain_endpoint_token
            allow_public_health_readiness_details include_call_id_in_error_body
            forward_client_headers_to_llm_api proxy_config_reload_interval_seconds
            pass_through_request_timeout",
    },
    Section {
        file: "model_list: []\nrouter_settings: {retry_policy: {@}}",
        done: "BadRequestErrorRetries AuthenticationErrorRetries TimeoutErrorRetries
            RateLimitErrorRetries ContentPolicyViolationErrorRetries InternalServerErrorRetries
            ServiceUnavailableErrorRetries NotFoundErrorRetries DefaultRetries",
        named: "",
    },
];

/// Reads the file with the key set to null: who knows the key takes it for absent, and who does not
/// says so.
fn fate(file: &str, key: &str) -> Fate {
    let config = good(&file.replace('@', &format!("{key}: null")));
    let forwarded = config.deployments.iter().any(|one| one.params.contains_key(key));
    let said = |what: &str| warnings(&config).iter().any(|one| one.starts_with(what));
    if said(&format!("unknown key `{key}`")) || forwarded {
        Fate::Unknown
    } else if said(&format!("`{key}` is not built yet")) {
        Fate::Named
    } else {
        Fate::Done
    }
}

#[test]
fn every_key_is_done_or_named() {
    let mut wrong = Vec::new();
    for section in SECTIONS {
        let done = section.done.split_whitespace().map(|key| (key, Fate::Done));
        let named = section.named.split_whitespace().map(|key| (key, Fate::Named));
        for (key, expected) in done.chain(named) {
            let found = fate(section.file, key);
            if found != expected {
                wrong.push(format!("{key}: {found:?} in {}", section.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_test_can_tell_a_key_that_nobody_knows() {
    for section in SECTIONS.iter().filter(|section| !section.file.contains("model_info: {@}")) {
        assert_eq!(fate(section.file, "nobody_knows_this"), Fate::Unknown, "{}", section.file);
    }
}
