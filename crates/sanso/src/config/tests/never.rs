//! What must never happen: a panic, or a secret in what is shown.

use proptest::prelude::*;

use super::*;
use crate::config::describe;

/// Everything that a reading shows to anyone.
fn shown(text: &str, environment: &BTreeMap<String, String>, options: Options) -> String {
    match parse(text, "config.yaml", environment, options) {
        Ok(config) => format!("{config:?}\n{config:#?}\n{}", describe(&config)),
        Err(report) => format!("{report:?}\n{report}"),
    }
}

const CANARY: &str = "canary-0123456789";

/// Files with a secret at `@` and some mistake near it.
const LEAKY: &[&str] = &[
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: @}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: '@', timeout: -1}}]",
    "model_list: [{model_name: m, litellm_params: {model: opnai/x, api_key: \"@\", bad: }}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: [@]}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: {@: 1}}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, apikey: @}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_kee: @}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_base: 'https://u:@@host/v1'}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_base: 'https://host/v1?k=@'}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, extra_headers: {Authorization: Bearer @, 'b d': @}}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, extra_body: {password: @, x: .nan}}}]",
    "model_list: [{model_name: m, litellm_params: {model: bedrock/x, aws_secret_access_key: @}}]",
    "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: |-\n   @\n , timeout: -1}}]",
    "model_list:\n- model_name: m\n  litellm_params:\n    model: openai/x\n    timeout: -1\n    api_key: >-\n      @\n    api_key: @\n",
    "k: &k @\nmodel_list: [{model_name: m, litellm_params: {model: openai/x, api_key: *k}}]",
    "general_settings: {master_key: @, master_kee: @}\nmodel_list: []",
    "general_settings: {database_url: 'postgres://u:@@h/d'}\nmodel_list: []",
    "litellm_settings: {redis_password: @, pasword: @}\nmodel_list: []",
    "environment_variables: {OPENAI_API_KEY: @, OTHER: [@]}\nmodel_list: [{model_name: m, litellm_params: {model: openai/x, timeout: -1}}]",
    "sanso: {alerts: {sinks: [{type: slack, url: 'https://h/@'}, {type: webhook, url: 'https://h/?k=@', secret: @}]}}\nmodel_list: []",
    "sanso: {alerts: {sinks: [{type: slack, url: '@'}, {type: nothing, url: 'https://h/@'}, {url: @}, {type: log, secret: @}]}}\nmodel_list: []",
    "general_settings: {master_key: *@}\n",
    "general_settings:\n  master_key: @\n bad indentation: @ [\n",
    "general_settings: {master_key: \"@",
    "general_settings:\n  master_key:\n    @: @: @\n",
    "{api_key: @",
];

#[test]
fn no_secret_is_shown() {
    for template in LEAKY {
        let text = template
            .replace('@', CANARY)
            .replace(&format!("{CANARY}{CANARY}"), &format!("{CANARY}@"));
        for strict in [false, true] {
            let options = Options { strict, allow_unset_env: false };
            let said = shown(&text, &keys(), options);
            assert!(!said.contains("canary"), "{template}\n{said}");
        }
    }
}

#[test]
fn no_secret_of_the_environment_is_shown() {
    let outside = environment(&[
        ("K", CANARY),
        ("/k", CANARY),
        ("OPENAI_API_KEY", CANARY),
        ("LITELLM_MASTER_KEY", CANARY),
        ("BASE", "https://canary:canary@host"),
    ]);
    for text in [
        "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: os.environ/K, timeout: -1}}]",
        "model_list: [{model_name: m, litellm_params: {model: openai/x, timeout: os.environ/K}}]",
        "model_list: [{model_name: m, litellm_params: {model: openai/x, extra_headers: {a: file:/k}, seed: file:/k}}]",
        "model_list: [{model_name: m, litellm_params: {model: openai/x, api_base: os.environ/BASE}}]",
        "model_list: [{model_name: m, litellm_params: {model: openai/x}}]\nsanso: {log: {level: os.environ/NONE}}",
    ] {
        let said = shown(text, &outside, Options::default());
        assert!(!said.contains("canary"), "{text}\n{said}");
    }
}

#[test]
fn deep_and_multiplying_files_are_refused_quickly() {
    let deep = format!("a: {}", "[".repeat(100_000));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{aliases}]\n"));
    }
    for text in [deep, bomb] {
        let said = errors(&text).concat();
        assert!(said.contains("this is not YAML"), "{said}");
        assert!(said.len() < 2_000, "{said}");
    }
}

/// Values of every kind, right and wrong, in flow style.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("os.environ/NONE".to_owned()),
        Just("os.environ/OPENAI_API_KEY".to_owned()),
        Just("file:/none".to_owned()),
        Just("main".to_owned()),
        Just("'*'".to_owned()),
        Just("openai/x".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        Just(".nan".to_owned()),
        "[a-z0-9./-]{0,8}".prop_map(|text| format!("'{text}'")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![
            Just("model"),
            Just("main"),
            Just("api_key"),
            Just("hidden"),
            Just("'*'"),
            Just("id"),
            Just("timeout"),
            Just("retry"),
            Just("num_retries"),
            Just("TimeoutErrorRetries"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((key, inner), 0..4).prop_map(|entries| {
                let entries: Vec<String> =
                    entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

const PLACES: &[&str] = &[
    "model_list: @",
    "model_list: [@]",
    "model_list: [{model_name: @, litellm_params: @}]",
    "model_list: [{model_name: main, litellm_params: {model: @, api_base: @, organization: @}}]",
    "model_list: [{model_name: main, litellm_params: {model: openai/x, timeout: @, weight: @, extra_headers: @, extra_body: @, z: @}, model_info: @}]",
    "model_list: [{model_name: main, litellm_params: {model: openai/x}}, {model_name: '*', litellm_params: {model: 'openai/*'}}]\nlitellm_settings: {fallbacks: [{main: @}], default_fallbacks: @, context_window_fallbacks: @, num_retries: @}",
    "model_list: []\nrouter_settings: {model_group_alias: @, retry_policy: @, model_group_retry_policy: @, timeout: @, routing_strategy: @}",
    "model_list: []\nsanso: {retry: @, breaker: @, timeouts: @, streams: @, limits: {body: @}, log: @, groups: {main: @}}",
    "model_list: []\ngeneral_settings: {master_key: @}\nenvironment_variables: @",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "(?s).{0,200}", strict: bool, allow_unset_env: bool) {
        shown(&text, &keys(), Options { strict, allow_unset_env });
    }

    #[test]
    fn no_near_yaml_panics(text in "[a-z:{}\\[\\],&*'\"\\-#|>%!\n \t]{0,80}") {
        shown(&text, &keys(), Options::default());
    }

    #[test]
    fn no_value_in_any_place_panics(
        place in prop::sample::select(PLACES),
        values in prop::collection::vec(any_value(), 8),
        allow_unset_env: bool,
    ) {
        let mut values = values.into_iter().cycle();
        let mut text = place.to_owned();
        while text.contains('@') {
            text = text.replacen('@', &values.next().unwrap(), 1);
        }
        let said = shown(&text, &keys(), Options { strict: false, allow_unset_env });
        prop_assert!(!said.contains("sk-openai-canary"), "{}", said);
    }

    /// Every reference of a configuration leads somewhere, whatever was written.
    #[test]
    fn every_position_is_valid(edges in prop::collection::vec((0_usize..6, 0_usize..6), 0..12), depth in 0_u32..4) {
        let models: String = (0..6)
            .map(|n| format!("- {{model_name: g{n}, litellm_params: {{model: openai/{n}}}}}\n"))
            .collect();
        let lists: Vec<String> = edges.iter().map(|(from, to)| format!("{{g{from}: [g{to}]}}")).collect();
        let config = good(&format!(
            "model_list:\n{models}litellm_settings: {{fallbacks: [{}], max_fallbacks: {depth}}}\n", lists.join(", ")
        ));
        for group in 0..config.groups.len() {
            let mut legs = config.chain(group);
            prop_assert_eq!(legs[0], group);
            prop_assert!(legs.iter().all(|leg| *leg < config.groups.len()));
            let count = legs.len();
            legs.sort_unstable();
            legs.dedup();
            prop_assert_eq!(legs.len(), count, "no leg twice");
        }
    }
}
