//! How often a request may try: what is set, by whom, and what that promises.

use super::*;

/// A model of three deployments and its fallback, with more to say about the first deployment.
fn of_first(own: &str, sections: &str) -> Config {
    good(&format!(
        "model_list:
- {{model_name: main, litellm_params: {{model: openai/a{own}}}}}
- {{model_name: main, litellm_params: {{model: openai/b}}}}
- {{model_name: spare, litellm_params: {{model: anthropic/c}}}}
general_settings: {{master_key: k}}
{sections}"
    ))
}

#[test]
fn what_nothing_sets_is_told_apart_from_its_default() {
    let lists = "fallbacks: [main: [spare]], request_timeout: 5";
    let config = of_first("", &format!("litellm_settings: {{{lists}}}"));
    assert_eq!((config.num_retries(0), config.max_attempts(0)), (None, 6));
    // The same number, but set: it promises three attempts for each leg.
    let config = of_first("", &format!("litellm_settings: {{{lists}, num_retries: 2}}"));
    assert_eq!((config.num_retries(0), config.max_attempts(0)), (Some(2), 6));
    let config = of_first("", &format!("litellm_settings: {{{lists}, num_retries: 5}}"));
    assert_eq!((config.num_retries(0), config.max_attempts(0)), (Some(5), 12));
}

#[test]
fn a_group_is_set_where_it_or_its_deployment_is() {
    let only_spare = "sanso: {groups: {spare: {retry: {num_retries: 0}}}}";
    let config = of_first("", only_spare);
    assert_eq!((config.num_retries(0), config.num_retries(1)), (None, Some(0)));
    let config = of_first(", num_retries: 4", "");
    assert_eq!((config.num_retries(0), config.num_retries(1)), (Some(4), None));
    let said = "`num_retries` differs among the deployments of `main`, which is not built yet; the \
                highest, 4, holds for all of them";
    assert!(warnings(&config).contains(&said), "{:?}", warnings(&config));
}

#[test]
fn what_the_chain_cannot_do_is_named() {
    let config = of_first("", "sanso: {groups: {main: {timeouts: {connect: 1s}}}}");
    let said = "`connect` for a single group is not built yet; the one for all groups holds";
    assert!(warnings(&config).contains(&said), "{:?}", warnings(&config));
}

#[test]
fn retries_are_set_by_kind_and_for_single_groups() {
    let config = of_first(
        "",
        "router_settings: {retry_policy: {TimeoutErrorRetries: 1}, model_group_retry_policy: \
         {main: {RateLimitErrorRetries: 4}}}",
    );
    let by_kind = config.groups[0].policy.retry.by_kind;
    assert_eq!((by_kind.timeout, by_kind.rate_limit), (Some(1), Some(4)));
    assert_eq!(config.groups[1].policy.retry.by_kind.rate_limit, None);
    let said = warnings(&config);
    assert!(!said.iter().any(|said| said.contains("not built")), "{said:?}");
    let own = "sanso: {groups: {main: {inflow_cap: 7, retry: {max_attempts: 3, num_retries: 9, \
               patience: 1s, patience_hinted: 0, retry_after: 5, budget: false}}}}";
    let config = of_first("", own);
    let (main, spare) = (&config.groups[0].policy, &config.groups[1].policy);
    assert_eq!((config.max_attempts(0), config.max_attempts(1)), (3, 6));
    assert_eq!((main.retry.patience, spare.retry.patience), (S(1), S(2)));
    assert_eq!((main.retry.retry_after, main.retry.patience_hinted), (S(5), S(0)));
    assert_eq!((main.retry.budget, spare.retry.budget), (None, Some(500)));
    assert_eq!((main.inflow_cap, spare.inflow_cap), (Some(7), None));
}

const S: fn(u64) -> std::time::Duration = std::time::Duration::from_secs;
