//! `sanso.tasks`.

use std::time::Duration;

use super::super::{Origin, Preflight, Strategy, describe};
use super::*;

fn legs(config: &Config, task: &str) -> Vec<String> {
    let task = config.task(task).unwrap();
    assert_eq!(config.chain(task.group), task.legs);
    task.legs.iter().map(|leg| config.groups[*leg].name.clone()).collect()
}

#[test]
fn a_task_has_the_groups_that_it_names_or_all_of_the_file() {
    let config = good(&two_models(
        "  - model_name: any/*
    litellm_params: {model: openai/*}
router_settings: {model_group_alias: {nick: spare}}
sanso: {tasks: {all: {}, some: {models: [nick, main, spare], strategy: order}, any: {models: [any/x]}}}",
    ));
    assert_eq!(legs(&config, "all"), ["main", "spare"]);
    assert_eq!(legs(&config, "some"), ["spare", "main"]);
    assert_eq!(legs(&config, "any"), ["any/x"]);
    assert_eq!(config.task("all").unwrap().strategy, Strategy::Order);
    assert!(config.task("none").is_none() && config.find("task/all").is_none());
}

#[test]
fn a_task_says_for_its_requests_what_holds_for_all_otherwise() {
    let config = good(&two_models(
        "litellm_settings: {request_timeout: 400}
sanso:
  preflight: warn
  checks: {schema: true}
  tasks:
    plain: {}
    own: {preflight: off, checks: {schema: false, loop: true}, deadline: 9, fallback: deny}",
    ));
    let policy = |name: &str| &config.groups[config.task(name).unwrap().group].policy;
    let (plain, own) = (policy("plain"), policy("own"));
    assert_eq!((plain.preflight, own.preflight), (Preflight::Warn, Preflight::Off));
    assert_eq!((plain.checks.schema, own.checks.schema, own.checks.loops), (true, false, true));
    // A deadline that nothing sets leaves room for two calls, as for a group.
    assert_eq!(plain.timeouts.deadline, Duration::from_secs(800));
    assert_eq!(own.timeouts.deadline, Duration::from_secs(9));
    assert!(config.task("own").unwrap().deny_fallback);
    assert!(!config.task("plain").unwrap().deny_fallback);
}

#[test]
fn check_shows_tasks_after_the_chains_and_no_list_may_name_one() {
    let tasks = "sanso: {tasks: {t: {fallback: deny, models: [spare, main]}}}";
    let config = good(&two_models(tasks));
    let text = describe(&config);
    assert!(text.contains("task/t: in this order; the first or an error\n  1. spare "), "{text}");
    assert_eq!(config.groups.last().unwrap().origin, Origin::Task);
    let named = format!("litellm_settings: {{fallbacks: [{{main: [task/t]}}]}}\n{tasks}");
    let said = errors(&two_models(&named));
    assert!(said[0].contains("nothing is named `task/t`"), "{said:?}");
}

const PRICED: &str = "input_cost_per_token: 0.000002, output_cost_per_token: 0.000008";

#[test]
fn what_the_file_says_of_a_model_counts_before_the_catalogue() {
    let text = |params: &str, info: &str| {
        format!(
            "model_list:
- {{model_name: m, litellm_params: {{model: openai/gpt-4.1, {params}}}, model_info: {{{info}}}}}"
        )
    };
    let file = |params: &str, info: &str| good(&text(params, info)).deployments[0].clone();
    let listed = file("", "");
    let price = listed.price.unwrap();
    assert_eq!((price.input, price.output, price.cache_read), (2e-6, 8e-6, Some(0.5e-6)));
    assert_eq!((listed.quality, listed.max_input_tokens), (Some(84.0), Some(1_047_576)));
    let own = file("output_cost_per_token: '0.5'", "output_cost_per_token: 1, quality: 12.5");
    let price = own.price.unwrap();
    // The parameters before the description; what is not said comes from the catalogue.
    assert_eq!((price.input, price.output, price.cache_read), (2e-6, 0.5, None));
    assert!(own.params.is_empty(), "a price is no parameter of a call");
    assert_eq!(own.quality, Some(12.5));
    assert_eq!(file("", "max_input_tokens: 9").max_input_tokens, Some(9));
    for (info, said) in [("quality: 101", "from 0 to 100"), ("quality: -1", "negative")] {
        assert!(errors(&text("", info))[0].contains(said), "{info}");
    }
}

#[test]
fn a_wildcards_model_and_a_local_one_have_their_own_facts() {
    let config = good(
        "model_list:
- {model_name: any/*, litellm_params: {model: openai/*}}
- {model_name: own, litellm_params: {model: ollama/llama-x}}
- {model_name: shop, litellm_params: {model: openai/nobody-knows}}
sanso: {tasks: {t: {models: [any/gpt-4.1-mini]}}}",
    );
    let of = |model: &str| config.deployments.iter().find(|it| it.model == model).unwrap();
    assert_eq!(of("*").price, None);
    assert_eq!(of("gpt-4.1-mini").quality, Some(76.0));
    assert!((of("gpt-4.1-mini").price.unwrap().input - 4e-7).abs() < 1e-15);
    let own = of("llama-x").price.unwrap();
    assert_eq!((own.input, own.output), (0.0, 0.0), "one's own server sends no bills");
    assert_eq!((of("nobody-knows").price, of("nobody-knows").quality), (None, None));
}

#[test]
fn a_strategy_without_its_figures_is_a_warning_that_names_the_models() {
    let text = |strategy: &str, info: &str| {
        format!(
            "model_list:
- {{model_name: known, litellm_params: {{model: openai/gpt-4.1}}}}
- {{model_name: new, litellm_params: {{model: openai/gpt-x}}, model_info: {{{info}}}}}
sanso: {{tasks: {{t: {{strategy: {strategy}}}}}}}"
        )
    };
    let said = |strategy: &str, info: &str| {
        let config = good(&text(strategy, info));
        warnings(&config).into_iter().find(|it| it.contains("the task")).map(str::to_owned)
    };
    let score = "the task `t` goes by quality, and no score is known of `new` (openai/gpt-x): \
                 listed places are kept";
    assert_eq!(said("quality", "").as_deref(), Some(score));
    assert!(said("cost", "").unwrap().contains("no price is known of `new`"));
    assert!(said("cost", "input_cost_per_token: 1").is_some(), "half a price is none");
    let nothing = [("quality", "quality: 50"), ("cost", PRICED), ("latency", ""), ("order", "")];
    for (strategy, info) in nothing {
        assert_eq!(said(strategy, info), None, "{strategy}");
    }
    let shown = describe(&good(&text("cost", PRICED)));
    assert!(shown.contains("quality unknown, $2 in, $8 out per million tokens"), "{shown}");
}

/// What `sanso check` prints of the task `t` over these three groups, first words of each line.
fn shown(task: &str) -> Vec<String> {
    let model = |name: &str, info: &str| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: openai/of-ours, api_key: k}}, model_info: {{{info}}}}}\n"
        )
    };
    let price = |input: f64, output: f64| {
        format!("input_cost_per_token: {input}, output_cost_per_token: {output}")
    };
    let file = [
        "model_list:\n".to_owned(),
        model("weak", &format!("quality: 60, {}", price(0.000_01, 0.000_01))),
        model("strong", &format!("quality: 90, {}", price(0.000_02, 0.000_08))),
        model("new", &price(0.000_001, 0.000_001)),
        format!("sanso: {{tasks: {{t: {{{task}}}}}}}"),
    ];
    let text = describe(&good(&file.concat()));
    let lines = text.lines().skip_while(|line| !line.starts_with("task/t"));
    let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let name = |line: &&str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    std::iter::once(lines[0].to_owned()).chain(lines[1..].iter().map(name)).collect()
}

#[test]
fn check_numbers_the_models_of_a_task_in_the_order_in_which_they_are_called() {
    let quality = "task/t: the highest quality first, as long as its answers are what was wanted";
    // What has no score keeps the place that it is listed at.
    assert_eq!(shown("strategy: quality"), [quality, "1. strong", "2. weak", "3. new"]);
    // Where no one else may answer, soft faults move no one either.
    let deny = "task/t: the highest quality first; the first or an error";
    assert_eq!(shown("strategy: quality, fallback: deny")[0], deny);
    let cost = "task/t: the lowest expected price first, here of 1000 tokens and an answer of 500";
    assert_eq!(shown("strategy: cost"), [cost, "1. new", "2. weak", "3. strong"]);
    let some = shown("strategy: cost, models: [strong, weak], fallback: deny");
    assert_eq!(some, [&format!("{cost}; the first or an error"), "1. weak", "2. strong"]);
}

#[test]
fn check_numbers_no_models_where_measured_times_decide() {
    let head = "task/t: the quickest first, as measured; as listed until then";
    assert_eq!(shown("strategy: latency"), [head, "- weak", "- strong", "- new"]);
}

#[test]
fn what_is_named_for_later_is_a_warning() {
    let config =
        good(&two_models("sanso: {tasks: {t: {cascade: [main], hedge_after: p95, modles: [x]}}}"));
    let said = warnings(&config);
    for expected in ["`cascade` is not built yet", "`hedge_after` is not built yet", "`modles`"] {
        assert!(said.iter().any(|it| it.contains(expected)), "{expected}: {said:?}");
    }
}
