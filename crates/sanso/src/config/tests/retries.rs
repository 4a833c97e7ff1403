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
    for (sections, said) in [
        (
            "router_settings: {retry_policy: {TimeoutErrorRetries: 1}}",
            "`retry_policy`: retries by kind of fault are not built yet; `num_retries` holds for all kinds",
        ),
        (
            "router_settings: {model_group_retry_policy: {main: {DefaultRetries: 1}}}",
            "`main`: retries by kind of fault are not built yet; `num_retries` holds for all kinds",
        ),
        (
            "sanso: {retry: {policy: {RateLimitErrorRetries: 0}}}",
            "`policy`: retries by kind of fault are not built yet; `num_retries` holds for all kinds",
        ),
        (
            "sanso: {groups: {main: {retry: {max_attempts: 3}}}}",
            "`max_attempts` for a single group is not built yet; the one for all groups holds",
        ),
        (
            "sanso: {groups: {main: {retry: {patience: 1s}}}}",
            "`patience` for a single group is not built yet; the one for all groups holds",
        ),
        (
            "sanso: {groups: {main: {timeouts: {connect: 1s}}}}",
            "`connect` for a single group is not built yet; the one for all groups holds",
        ),
        (
            "sanso: {retry: {max_attempts: 2, num_retries: 3}}",
            "a `max_attempts` below what `num_retries` promises is not built yet: `main` may make 4 attempts, not 2",
        ),
    ] {
        let config = of_first("", sections);
        assert!(warnings(&config).contains(&said), "{sections}\n{:?}", warnings(&config));
    }
}
