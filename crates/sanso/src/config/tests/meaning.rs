//! What the settings mean, one by one.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;
use crate::config::{Found, Listing, Origin, describe};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_defaults_are_those_of_the_specification() {
    let policy = good(&two_models("")).policy;
    assert_eq!(policy.retry.num_retries, None);
    assert_eq!(policy.retry.max_attempts, None);
    assert_eq!(policy.timeouts.timeout, s(600));
    assert_eq!(policy.timeouts.deadline, s(1200));
    assert_eq!(policy.timeouts.connect, s(3));
    assert_eq!(policy.timeouts.first_token, s(10));
    assert_eq!(policy.timeouts.first_token_per_10k, s(1));
    assert_eq!(policy.timeouts.first_token_patient, s(60));
    assert_eq!(policy.timeouts.gap, s(60));
    assert!(policy.breaker.enabled);
    assert_eq!(policy.breaker.cooldown, s(5));
    assert_eq!(policy.breaker.allowed_fails, None);
}

#[test]
fn stronger_places_win() {
    let config = good(&two_models(
        "litellm_settings: {num_retries: 1, request_timeout: 10, cooldown_time: 1, allowed_fails: 1, fallbacks: [{main: [spare]}]}
router_settings: {num_retries: 2, timeout: '20', fallbacks: []}
sanso: {retry: {num_retries: 3}, groups: {main: {retry: {num_retries: 4}}}}",
    ));
    assert_eq!(config.policy.retry.num_retries, Some(3));
    assert_eq!(config.num_retries(0), Some(4));
    assert_eq!(config.num_retries(1), Some(3));
    assert_eq!(config.max_attempts(0), 9);
    assert_eq!(config.policy.timeouts.timeout, s(20));
    assert_eq!(config.deployments[0].breaker.cooldown, s(1));
    assert_eq!(config.groups[0].fallbacks.plain, Some(vec![1]), "an empty list falls through");
}

#[test]
fn a_deployment_has_the_last_word() {
    let config = good(
        "model_list:
- model_name: m
  litellm_params: {model: openai/a, timeout: 700, stream_timeout: 7, num_retries: '5', cooldown_time: 9, weight: 2, rpm: 3, order: 1}
  model_info: {id: one, cooldown_time: 0, allowed_fails: 4, max_input_tokens: 1000, mode: chat}
- {model_name: m, litellm_params: {model: gpt-4o}, tpm: 6}
router_settings: {disable_cooldowns: false}
",
    );
    let one = &config.deployments[0];
    assert_eq!(one.id, "one");
    assert_eq!((one.timeouts.timeout, one.timeouts.stream_timeout), (s(700), s(7)));
    assert_eq!((one.timeouts.first_token, one.timeouts.gap), (s(7), s(7)));
    assert_eq!(one.num_retries, Some(5));
    assert!(!one.breaker.enabled);
    assert_eq!(one.breaker.allowed_fails, Some(4));
    assert_eq!((one.weights.weight, one.weights.rpm, one.order), (Some(2.0), Some(3.0), Some(1)));
    let two = &config.deployments[1];
    assert_eq!((two.provider.as_str(), two.model.as_str()), ("openai", "gpt-4o"));
    assert_eq!((two.weights.tpm, two.order), (Some(6.0), None));
    assert_eq!(config.groups[0].deployments, [0, 1]);
    assert_eq!(config.groups[0].policy.timeouts.deadline, s(1400));
}

#[test]
fn one_signal_decides_among_siblings() {
    let weights = |entries: &str| -> Vec<f64> {
        let entry =
            |own: &str| format!("- {{model_name: m, litellm_params: {{model: openai/x{own}}}}}\n");
        let list: String = entries.split('|').map(entry).collect();
        let config = good(&format!("model_list:\n{list}"));
        config.deployments.iter().map(|one| config.weight(one)).collect()
    };
    assert_eq!(weights(", weight: 2, rpm: 9|, rpm: 100|"), [2.0, 0.0, 0.0]);
    assert_eq!(weights(", weight: 0, rpm: 9|, rpm: 100"), [9.0, 100.0]);
    assert_eq!(weights(", tpm: 9|"), [9.0, 0.0]);
    assert_eq!(weights("|"), [0.0, 0.0]);
}

#[test]
fn special_lists_say_who_is_elsewhere() {
    let config = good(&two_models(
        "litellm_settings: {context_window_fallbacks: [{main: [spare]}], content_policy_fallbacks: []}",
    ));
    assert_eq!(config.groups[0].fallbacks.context_window, Listing::To(vec![1]));
    assert_eq!(config.groups[1].fallbacks.context_window, Listing::Elsewhere);
    assert_eq!(config.groups[1].fallbacks.content_policy, Listing::Absent);
}

#[test]
fn chains_go_depth_first_and_no_leg_twice() {
    let models: String = ["a", "b", "c", "d"]
        .map(|name| format!("- {{model_name: {name}, litellm_params: {{model: openai/{name}}}}}\n"))
        .concat();
    let config = good(&format!(
        "model_list:\n{models}litellm_settings:\n  default_fallbacks: [d]\n  fallbacks: [a: [b, c], b: [d, a]]\n"
    ));
    assert_eq!(config.chain(0), [0, 1, 3, 2]);
    assert_eq!(config.chain(2), [2, 3]);
    assert_eq!(config.chain(3), [3]);
    assert_eq!(config.notes.len(), 1);
    assert!(config.notes[0].message.contains("(a -> b -> a)"), "{}", config.notes[0]);
}

#[test]
fn ids_dict_entries_aliases_and_wildcards_are_targets() {
    let config = good(
        "model_list:
- {model_name: main, litellm_params: {model: anthropic/x}, model_info: {id: spare-1}}
- {model_name: 'openai/*', litellm_params: {model: 'openai/*'}}
router_settings:
  model_group_alias: {fast: main, quiet: {model: main, hidden: true}}
  fallbacks:
  - main: [spare-1, {model: openai/gpt-5, temperature: 0}]
  - fast: [openai/gpt-4]
  - '*': [main]
",
    );
    let names: Vec<(&str, Origin)> =
        config.groups.iter().map(|group| (group.name.as_str(), group.origin)).collect();
    assert_eq!(
        names,
        [
            ("main", Origin::Listed),
            ("openai/*", Origin::Wildcard),
            ("spare-1", Origin::Target),
            ("openai/gpt-5", Origin::Target),
            ("openai/gpt-4", Origin::Target),
            ("fast", Origin::Target),
        ]
    );
    assert_eq!(config.groups[2].deployments, [0]);
    let gpt5 = &config.deployments[config.groups[3].deployments[0]];
    assert_eq!(gpt5.model, "gpt-5");
    assert_eq!(config.find("fast").unwrap().group, 5);
    assert_eq!(config.groups[5].deployments, [0]);
    assert_eq!(config.find("quiet").unwrap().group, 0);
    assert!(config.aliases["quiet"].hidden);
    assert_eq!(config.default_fallbacks, [0]);
    assert_eq!(config.find("openai/o9"), Some(Found { group: 1, matched: Some("o9") }));
    assert_eq!(config.deployments[1].model_for(Some("o9")), "o9");
    assert_eq!(config.find("nobody"), None);
    let overridden = warnings(&config).iter().any(|one| one.contains("override `temperature`"));
    assert!(overridden, "{:?}", warnings(&config));
}

#[test]
fn values_are_followed_wherever_they_stand() {
    let text = "
environment_variables: {PLAIN: '7', CHAINED: os.environ/OUTER, OPENAI_API_KEY: from-the-file}
model_list:
- model_name: m
  litellm_params:
    model: openai/x
    api_base: os.environ/CHAINED
    temperature: 0
    metadata: {who: [os.environ/PLAIN]}
    extra_headers: {X-Team: file:/run/secrets/team}
    extra_body: {top_k: 4}
    organization: [one, two]
litellm_settings: {request_timeout: os.environ/PLAIN}
";
    let outside =
        environment(&[("OUTER", "http://10.0.0.1:8000/v1/"), ("/run/secrets/team", "red\n")]);
    let config = parse(text, "f", &outside, Options::default()).unwrap();
    let [one, two] = config.deployments.as_slice() else {
        panic!("two organizations, two deployments")
    };
    assert_eq!(one.api_base, "http://10.0.0.1:8000/v1");
    assert!(one.local);
    assert_eq!(one.api_key.as_ref().unwrap().expose_secret(), "from-the-file");
    assert_eq!(one.timeouts.timeout, s(7));
    assert_eq!(one.params["metadata"], serde_json::json!({"who": ["7"]}));
    assert_eq!(one.params["top_k"], 4);
    let headers: Vec<(&str, &str)> =
        two.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("X-Team", "red"), ("OpenAI-Organization", "two")]);
    assert_ne!(one.id, two.id);
}

#[test]
fn local_servers_need_no_key_and_are_known_as_such() {
    let config = good(
        "model_list:
- {model_name: a, litellm_params: {model: ollama/llama, api_base: 'http://localhost:11434'}}
- {model_name: b, litellm_params: {model: hosted_vllm/qwen, api_base: 'https://gpu.example.org/v1'}}
- {model_name: c, litellm_params: {model: openai/x, api_base: 'http://192.168.1.5/v1'}}
- {model_name: d, litellm_params: {model: openai/x}}
",
    );
    let found: Vec<(&str, bool, bool)> = config
        .deployments
        .iter()
        .map(|one| (one.api_base.as_str(), one.local, one.api_key.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            ("http://localhost:11434", true, false),
            ("https://gpu.example.org/v1", true, false),
            ("http://192.168.1.5/v1", true, true),
            ("https://api.openai.com/v1", false, true),
        ]
    );
}

#[test]
fn an_unset_variable_can_leave_a_deployment_out() {
    let text = "model_list:
- {model_name: a, litellm_params: {model: openai/x, api_key: os.environ/NONE}}
- {model_name: a, litellm_params: {model: openai/x}}
- {model_name: b, litellm_params: {model: groq/x}}
";
    assert_eq!(errors(text).len(), 2);
    let lenient = Options { allow_unset_env: true, ..Options::default() };
    let config = parse(text, "f", &keys(), lenient).unwrap();
    assert_eq!(config.deployments.len(), 1);
    assert!(config.groups[1].deployments.is_empty());
    let left_out = warnings(&config).iter().filter(|one| one.contains("is left out")).count();
    assert_eq!(left_out, 2);
    // A gateway without its own key would be open to all: that is never left out.
    let open = "general_settings: {master_key: os.environ/NONE}\nmodel_list: []";
    assert!(parse(open, "f", &keys(), lenient).is_err());
}

#[test]
fn twins_get_ids_of_their_own_that_survive_a_new_key() {
    let file = |key: &str| {
        format!(
            "model_list:\n- &d {{model_name: m, litellm_params: {{model: openai/x, api_key: {key}}}}}\n- *d\n"
        )
    };
    let ids = |text: &str| -> Vec<String> {
        good(text).deployments.into_iter().map(|deployment| deployment.id).collect()
    };
    let first = ids(&file("sk-first-key"));
    assert_eq!(first[1], format!("{}-2", first[0]));
    assert_eq!(first, ids(&file("sk-other-key")));
}

#[test]
fn limits_log_and_master_key() {
    let text = two_models(
        "general_settings: {master_key: sk-canary-master, max_request_size_mb: 4}
litellm_settings: {request_timeout: 1m, num_retries_per_request: 3}
sanso:
  limits: {event: 1MiB, head: 1000, max_fallbacks: 2}
  log: {level: debug, format: json}
  timeouts: {connect: 250ms}
  streams: {on_break: continue, buffer: none}
  hedge: {after: 2s}
",
    );
    let config = good(&text);
    assert_eq!(
        (config.limits.body, config.limits.event, config.limits.head),
        (4 << 20, 1 << 20, 1000)
    );
    assert_eq!(config.limits.max_fallbacks, 2);
    assert_eq!(config.policy.timeouts.connect, Duration::from_millis(250));
    assert_eq!(config.policy.retry.max_attempts, Some(4));
    assert_eq!(warnings(&config), ["`hedge` is not built yet and does nothing",]);
    let other = environment(&[
        ("LITELLM_MASTER_KEY", "sk-m"),
        ("OPENAI_API_KEY", "k"),
        ("ANTHROPIC_API_KEY", "k"),
    ]);
    let config = parse(&two_models(""), "f", &other, Options::default()).unwrap();
    assert_eq!(config.master_key.unwrap().expose_secret(), "sk-m");
}

#[test]
fn advice() {
    let config = good(
        "model_list:
- {model_name: a, litellm_params: {model: openai/a, timeout: 300}, model_info: {max_input_tokens: 200000}}
- {model_name: b, litellm_params: {model: openai/b}, model_info: {max_input_tokens: 8000}}
router_settings: {fallbacks: [a: [b], nobody: [a]], num_retries: 3, timeout: 300}
sanso: {timeouts: {deadline: 60s}, groups: {bb: {}}}
general_settings: {master_key: k}
",
    );
    assert_eq!(
        warnings(&config),
        [
            "`b` may make 4 attempts, which can take 1200s, but its deadline is 60s",
            "every leg of `a` is `openai` at api.openai.com: when that is down, all of them are",
            "`a` may make 8 attempts, which can take 2400s, but its deadline is 60s",
            "the fallback `b` takes 8000 tokens, fewer than the 200000 of `a`",
            "nothing is named `nobody`, so this is never used",
            "nothing is named `bb`, so this is never used",
        ]
    );
    assert!(describe(&config).contains("downgrade (tier 3)"));
}

#[test]
fn a_canned_answer_is_an_origin_of_its_own() {
    let config = good(
        "model_list:
- {model_name: a, litellm_params: {model: openai/a}}
- {model_name: b, litellm_params: {model: openai/b, mock_response: sorry}}
litellm_settings: {request_timeout: 5, fallbacks: [a: [b]]}
general_settings: {master_key: k}
",
    );
    assert_eq!(warnings(&config), Vec::<&str>::new());
    let drawn = describe(&config);
    assert!(
        drawn.contains("3 attempts  canned answer\n     - openai/b answers with its"),
        "{drawn}"
    );
}

#[test]
fn fallback_on_holds_for_all_groups_and_a_group_may_take_it_back() {
    let config = good(&two_models(
        "sanso: {fallback_on: [bad_request, content_policy], groups: {spare: {fallback_on: []}}}",
    ));
    let of = |name: &str| {
        let group = config.groups.iter().find(|group| group.name == name).unwrap();
        let on = group.policy.fallback_on;
        (on.bad_request, on.content_policy)
    };
    assert_eq!((of("main"), of("spare")), ((true, true), (false, false)));
    assert!(config.warnings.iter().all(|warning| !warning.message.contains("fallback_on")));
    let shown = describe(&config);
    assert!(shown.contains("fallback   also on bad_request, content_policy"), "{shown}");
    assert!(shown.contains("fallback   also on nothing"), "{shown}");
}

#[test]
fn checks_are_off_but_for_empty_and_each_group_may_say_otherwise() {
    let quiet = good(&two_models(""));
    assert_eq!(quiet.policy.checks, super::super::Checks::default());
    assert!(quiet.policy.checks.empty);
    let checks = "checks: {loop: true, tool_schemas: true, patterns: ['x+', 'z']}";
    let config = good(&two_models(&format!(
        "sanso: {{{checks}, groups: {{spare: {{checks: {{loop: false, empty: false, patterns: []}}}}}}}}",
    )));
    let of = |name: &str| {
        let group = config.groups.iter().find(|group| group.name == name).unwrap();
        group.policy.checks.clone()
    };
    let (main, spare) = (of("main"), of("spare"));
    assert!(main.empty && main.loops && main.tools && main.tool_schemas);
    assert!(!main.schema && !main.refusal && !main.truncated);
    assert!(main.patterns.len() == 2 && main.patterns[0].is_match("axxb"));
    assert!(!spare.empty && !spare.loops && spare.tools && spare.patterns.is_empty());
    assert!(config.warnings.iter().all(|warning| !warning.message.contains("checks")));
    let shown = describe(&config);
    let expected = "checks     empty, loop, tools, tool_schemas, 2 patterns";
    assert!(shown.contains(expected), "{shown}");
    assert!(shown.contains("  checks     tools, tool_schemas\n"), "{shown}");
}

#[test]
fn a_slip_in_a_check_is_named() {
    let config = good(&two_models("sanso: {checks: {shema: true}}"));
    let said: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|one| one.contains("did you mean `schema`?")), "{said:?}");
}
