//! Findings as they are printed.

use super::*;

#[test]
fn a_misspelt_fallback() {
    let text = two_models("litellm_settings:\n  fallbacks:\n    - main: [\"sparee\"]\n");
    let expected = r#"error: nothing is named `sparee`
  --> config.yaml:8:14
   |
 8 |     - main: ["sparee"]
   |              ^^^^^^^^ litellm_settings.fallbacks[0].main[0]
   = help: did you mean `spare`?"#;
    assert_eq!(errors(&text), [expected]);
}

#[test]
fn an_unknown_key_and_a_known_one() {
    let config = good(&two_models(
        "litellm_settings:\n  request_timeout: 5\n  num_retrys: 3\n  drop_params: true\n",
    ));
    let said: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let expected = [
        "warning: unknown key `num_retrys`, which does nothing
  --> config.yaml:8:3
   |
 8 |   num_retrys: ***
   |   ^^^^^^^^^^ litellm_settings.num_retrys
   = help: did you mean `num_retries`?",
        "warning: `drop_params` is not built yet and does nothing
  --> config.yaml:9:3
   |
 9 |   drop_params: true
   |   ^^^^^^^^^^^ litellm_settings.drop_params",
    ];
    assert_eq!(said[1..], expected);
}

#[test]
fn a_slip_in_the_parameters_is_forwarded_and_named() {
    let config = good(
        "model_list: [{model_name: m, litellm_params: {model: openai/x, tiemout: 5, temperature: 1}}]",
    );
    let params: Vec<&String> = config.deployments[0].params.keys().collect();
    assert_eq!(params, ["temperature", "tiemout"]);
    let said: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let named =
        said.iter().any(|one| one.contains("`tiemout`") && one.contains("did you mean `timeout`?"));
    assert!(named, "{said:?}");
}

#[test]
fn a_text_that_is_not_yaml_hides_its_secrets() {
    let text = "model_list:\n  - litellm_params: {api_key: sk-canary-1234, model: [\n";
    let said = errors(text).concat();
    assert!(said.starts_with("error: this is not YAML: "), "{said}");
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn a_file_that_is_not_there() {
    let path = std::path::Path::new("/no/such/config.yaml");
    let report = crate::config::load(path, &keys(), Options::default()).unwrap_err();
    let text = report.to_string();
    assert!(text.starts_with("error: cannot read the file: "), "{text}");
    assert!(text.contains("\n --> /no/such/config.yaml\n"), "{text}");
    assert!(text.ends_with("\n1 error"), "{text}");
}

#[test]
fn what_is_not_yaml_shows_its_line() {
    let text = "model_list:\n  - model_name: a\n    litellm_params:\n      model: openai/x\n     timeout: 3\n";
    let expected =
        "error: this is not YAML: while parsing a block mapping, did not find expected key
  --> config.yaml:5:6
   |
 5 |      timeout: 3
   |      ^";
    assert_eq!(errors(text), [expected]);
    let two = errors("a: 1\n---\nb: 2\n").concat();
    assert!(two.starts_with("error: this is not YAML: a second document begins\n"), "{two}");
}
