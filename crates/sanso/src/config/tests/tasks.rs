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
    assert!(
        text.contains("task/t: in this order; the first or an error\n  spare, main\n"),
        "{text}"
    );
    assert_eq!(config.groups.last().unwrap().origin, Origin::Task);
    let named = format!("litellm_settings: {{fallbacks: [{{main: [task/t]}}]}}\n{tasks}");
    let said = errors(&two_models(&named));
    assert!(said[0].contains("nothing is named `task/t`"), "{said:?}");
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
