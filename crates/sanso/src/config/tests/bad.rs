//! Files that are refused, and why.

use super::*;

/// Text after the two models, the line of the error, a part of what is said.
const SECTIONS: &[(&str, usize, &str)] = &[
    ("litellm_settings: {fallbacks: [{main: [sparse]}]}", 6, "nothing is named `sparse`"),
    ("litellm_settings: {fallbacks: [{main: spare}]}", 6, "`main` must be a list"),
    ("litellm_settings: {fallbacks: [{main: [spare], spare: [main]}]}", 6, "exactly one group"),
    ("litellm_settings: {fallbacks: [{main: [{temperature: 1}]}]}", 6, "needs a `model`"),
    (
        "litellm_settings: {fallbacks: {main: [spare]}}",
        6,
        "`fallbacks` must be a list, found a mapping",
    ),
    ("litellm_settings: {default_fallbacks: [nobody]}", 6, "nothing is named `nobody`"),
    ("litellm_settings: {context_window_fallbacks: [{main: [x]}]}", 6, "nothing is named `x`"),
    ("litellm_settings: {num_retries: many}", 6, "`num_retries` must be a number"),
    ("litellm_settings: {num_retries: 1.5}", 6, "`num_retries` must be a whole number"),
    ("litellm_settings: {num_retries: -1}", 6, "`num_retries` must not be negative"),
    ("litellm_settings: {request_timeout: -30}", 6, "`request_timeout` must not be negative"),
    ("litellm_settings: {request_timeout: 0}", 6, "must be a duration above zero"),
    ("litellm_settings: {request_timeout: .nan}", 6, "must be a duration"),
    ("litellm_settings: {request_timeout: .inf}", 6, "at most a year"),
    ("litellm_settings: {cooldown_time: [1]}", 6, "must be a duration such as 30"),
    ("litellm_settings: [1]", 6, "`litellm_settings` must be a mapping, found a list"),
    (
        "litellm_settings: {num_retries: 1}\nlitellm_settings: {num_retries: 2}",
        7,
        "given twice, first on line 6",
    ),
    ("router_settings: {disable_cooldowns: perhaps}", 6, "must be true or false"),
    ("router_settings: {routing_strategy: simple-shufle}", 6, "unknown strategy `simple-shufle`"),
    ("router_settings: {model_group_alias: {main: spare}}", 6, "`main` is a model group"),
    ("router_settings: {model_group_alias: {a: {hidden: true}}}", 6, "an alias needs a `model`"),
    ("router_settings: {retry_policy: {TimeoutErrorRetries: x}}", 6, "must be a number"),
    (
        "general_settings: {master_key: os.environ/NOT_THERE}",
        6,
        "the variable `NOT_THERE` is not set",
    ),
    ("general_settings: {master_key: ''}", 6, "an empty string is no secret"),
    ("general_settings: {master_key: file:/no/such}", 6, "cannot read `/no/such`"),
    ("sanso: {timeouts: {connect: 5 parsecs}}", 6, "must be a duration"),
    ("sanso: {breaker: {probes: 0}}", 6, "`probes` must be at least 1"),
    ("sanso: {breaker: {fault_rate: 50}}", 6, "a number from 0 to 1"),
    ("sanso: {fallback_on: bad_request}", 6, "`fallback_on` must be a list"),
    ("sanso: {fallback_on: [bad_requests]}", 6, "expected one of: bad_request, content_policy"),
    ("sanso: {groups: {main: {fallback_on: [timeout]}}}", 6, "expected one of: bad_request"),
    ("sanso: {checks: true}", 6, "`checks` must be a mapping"),
    ("sanso: {checks: {schema: perhaps}}", 6, "`schema` must be true or false"),
    ("sanso: {checks: {patterns: x}}", 6, "`patterns` must be a list"),
    ("sanso: {checks: {patterns: ['a(b']}}", 6, "must be a regular expression"),
    ("sanso: {checks: {patterns: ['(?=a)b']}}", 6, "without look-around"),
    ("sanso: {checks: {patterns: ['\\w{9999}']}}", 6, "takes too much memory"),
    ("sanso: {groups: {main: {checks: {patterns: ['a*']}}}}", 6, "must not match an empty text"),
    ("sanso: {limits: {body: huge}}", 6, "`body` must be a size"),
    ("sanso: {log: {level: verbose}}", 6, "expected one of: error, warn, info, debug, trace"),
    ("sanso: {tasks: [a]}", 6, "`tasks` must be a mapping"),
    ("sanso: {tasks: {a: cost}}", 6, "`a` must be a mapping"),
    ("sanso: {tasks: {a: {strategy: cheap}}}", 6, "expected one of: order, quality, cost, latency"),
    ("sanso: {tasks: {a: {fallback: never}}}", 6, "expected one of: allow, deny"),
    ("sanso: {tasks: {a: {models: [sparse]}}}", 6, "nothing is named `sparse`"),
    ("sanso: {tasks: {a: {models: []}}}", 6, "this task has no models"),
    ("sanso: {tasks: {a b: {}}}", 6, "`a b` cannot be the name of a task"),
    ("sanso: {tasks: {'': {}}}", 6, "`` cannot be the name of a task"),
    (
        "router_settings: {model_group_alias: {task/a: main}}\nsanso: {tasks: {a: {}}}",
        7,
        "`task/a` is a model group",
    ),
    ("environment_variables: [A]", 6, "must be a mapping"),
];

#[test]
fn a_bad_section_is_refused_at_its_line() {
    for (section, line, part) in SECTIONS {
        let report = read(&two_models(section)).expect_err(section);
        let errors: Vec<_> = report.errors().collect();
        assert_eq!(errors.len(), 1, "{section}\n{report}");
        assert!(errors[0].message.contains(part), "{section}\n{report}");
        assert_eq!(errors[0].line, *line, "{section}\n{report}");
    }
}

/// A whole entry of `model_list`, and a part of what is said.
const ENTRIES: &[(&str, &str)] = &[
    ("{litellm_params: {model: openai/x}}", "`model_name` is missing"),
    ("{model_name: m}", "`litellm_params` is missing"),
    ("{model_name: m, litellm_params: {}}", "`model` is missing"),
    ("{model_name: m, litellm_params: {model: null}}", "`model` is missing"),
    ("{model_name: '', litellm_params: {model: openai/x}}", "`model_name` is empty"),
    ("{model_name: 4, litellm_params: {model: openai/x}}", "`model_name` must be a string"),
    ("{model_name: m, litellm_params: {model: opnai/x}}", "unknown provider `opnai`"),
    ("{model_name: m, litellm_params: {model: openai/}}", "no model after `openai/`"),
    ("{model_name: m, litellm_params: {model: llama}}", "`llama` names no provider"),
    ("{model_name: m, litellm_params: {model: groq/x}}", "the variable `GROQ_API_KEY` is not set"),
    (
        "{model_name: m, litellm_params: {model: openai/x, api_key: os.environ/NONE}}",
        "the variable `NONE` is not set",
    ),
    (
        "{model_name: m, litellm_params: {model: openai/x, api_key: [a]}}",
        "`api_key` must be a string, found a list",
    ),
    (
        "{model_name: m, litellm_params: {model: openai/x, api_base: example.org}}",
        "begins with https://",
    ),
    (
        "{model_name: m, litellm_params: {model: openai/x, api_base: 'https://u:pw@a.b'}}",
        "no user or password",
    ),
    ("{model_name: m, litellm_params: {model: hosted_vllm/x}}", "`api_base` is missing"),
    ("{model_name: m, litellm_params: {model: openai/x, timeout: -1}}", "must not be negative"),
    (
        "{model_name: m, litellm_params: {model: openai/x, weight: heavy}}",
        "`weight` must be a number",
    ),
    (
        "{model_name: m, litellm_params: {model: openai/x, extra_headers: {'a b': c}}}",
        "no name of a header",
    ),
    (
        "{model_name: m, litellm_params: {model: openai/x, extra_headers: {a: \"b\\nc\"}}}",
        "one line of text",
    ),
    ("{model_name: m, litellm_params: {model: openai/x, top_p: .nan}}", "must be a finite number"),
    (
        "{model_name: m, litellm_params: {model: openai/x}, model_info: {cooldown_time: x}}",
        "must be a duration",
    ),
    ("just text", "must be a mapping, found a string"),
];

#[test]
fn a_bad_entry_is_refused() {
    for (entry, part) in ENTRIES {
        let said = errors(&format!("model_list:\n  - {entry}\n"));
        assert_eq!(said.len(), 1, "{entry}\n{said:?}");
        assert!(said[0].contains(part), "{entry}\n{said:?}");
    }
}

#[test]
fn whole_files_are_refused() {
    for (text, part) in [
        ("", "the file lists no models"),
        ("{}", "the file lists no models"),
        ("- a", "the file must be a mapping, found a list"),
        ("a: [1", "this is not YAML"),
        ("a: 1\n\tb: 2", "this is not YAML"),
        ("model_list: {a: b}", "`model_list` must be a list"),
    ] {
        let said = errors(text);
        assert_eq!(said.len(), 1, "{text:?}\n{said:?}");
        assert!(said[0].contains(part), "{text:?}\n{said:?}");
    }
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_file() {
    let text = "
model_list:
  - model_name: a
  - model_name: b
    litellm_params: {model: opnai/x, timeout: -5}
litellm_settings:
  num_retries: -1
  fallbacks:
    - a: [c]
";
    let lines: Vec<usize> = read(text).unwrap_err().errors().map(|error| error.line).collect();
    assert_eq!(lines, [3, 5, 5, 7, 9]);
}

#[test]
fn two_equal_ids_are_refused() {
    let entry = "  - {model_name: m, litellm_params: {model: openai/x}, model_info: {id: same}}\n";
    let said = errors(&format!("model_list:\n{entry}{entry}"));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("two deployments have the id `same`"));
}
