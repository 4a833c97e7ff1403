//! Soft faults over real sockets: acted on where nothing has been sent, recorded elsewhere.

use sanso::{ChatRequest, Degradation};
use sanso_sim::provider::{Behaviour, Provider, Vendor};
use serde_json::{Value, json};

use crate::support::{Setup, ask, ask_bytes, drain, metric, read, relay_of, soon, trail};
use crate::upstream::{DONE, FINISH, ROLE, Upstream, answer, json as json_answer, says, stream};

/// A plain answer whose text is this JSON.
fn saying(text: &str) -> Vec<u8> {
    json_answer(answer(&text.replace('"', "\\\"")))
}

fn person() -> ChatRequest {
    let schema = json!({"type": "object", "required": ["name"]});
    let json_schema = json!({"name": "person", "schema": schema});
    ask().set("response_format", json!({"type": "json_schema", "json_schema": json_schema}))
}

const GOOD: &str = r#"{"name": "Ada"}"#;
const BAD: &str = r#"{"age": 36}"#;
const BOTH: &str = "openai/gpt-scripted=soft_schema openai/gpt-scripted=200";
const ON: &str = "sanso: { checks: { schema: true } }";

#[tokio::test]
async fn what_fails_its_schema_is_answered_by_the_fallback() {
    let main = Upstream::answering(saying(BAD)).await;
    let spare = Upstream::answering(saying(GOOD)).await;
    let setup = Setup::default().upstream("main", &main).upstream("spare", &spare).with_spare();
    let (gateway, mut log) = setup.set(ON).logged();
    let answered = soon(gateway.chat(person())).await.unwrap();
    assert_eq!(answered.text(), GOOD);
    assert_eq!(trail(answered.served()), BOTH);
    assert_eq!(answered.served().degradation, Degradation::Partial);
    assert_eq!(answered.served().warnings, Vec::<String>::new());
    let line = log.line().await;
    assert_eq!(line["failure_kinds"], json!(["Soft"]));
    assert_eq!((&line["format_valid"], &line["soft_fault"]), (&json!(true), &Value::Null));
    let schema = ["model_group=\"main\"", "reason=\"schema\""];
    assert_eq!(metric(&gateway, "sanso_soft_faults_total", &schema), 1.0);
    assert_eq!(metric(&gateway, "sanso_soft_faults_total", &[]), 1.0);
    // Who asks for no schema is served by the first.
    assert_eq!(soon(gateway.chat(ask())).await.unwrap().text(), BAD);
}

#[tokio::test]
async fn where_all_fail_the_first_answer_is_given_with_a_warning() {
    let main = Upstream::answering(saying(BAD)).await;
    let spare = Upstream::answering(saying("no JSON")).await;
    let setup = Setup::default().upstream("main", &main).upstream("spare", &spare).with_spare();
    let (gateway, mut log) = setup.set(ON).logged();
    let answered = soon(gateway.chat(person())).await.unwrap();
    assert_eq!(answered.text(), BAD, "as it came");
    let expected = "openai/gpt-scripted=soft_schema openai/gpt-scripted=soft_schema";
    assert_eq!(trail(answered.served()), expected);
    let warnings = &answered.served().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("schema"), "{warnings:?}");
    assert_eq!(answered.served().degradation, Degradation::Full);
    let line = log.line().await;
    assert_eq!((&line["format_valid"], &line["soft_fault"]), (&json!(false), &json!("schema")));
    assert_eq!(metric(&gateway, "sanso_soft_faults_total", &["reason=\"schema\""]), 2.0);
    let full = ["model_group=\"main\"", "degradation=\"full\""];
    assert_eq!(metric(&gateway, "sanso_requests_total", &full), 1.0, "apart from availability");
}

#[tokio::test]
async fn a_translated_answer_is_checked_as_well() {
    let main = Provider::start(Vendor::Anthropic).await.unwrap();
    let spare = Upstream::answering(saying(GOOD)).await;
    let setup = Setup::default().provider("main", &main).upstream("spare", &spare).with_spare();
    let gateway = setup.set(ON).gateway();
    let answered = soon(gateway.chat(person())).await.unwrap();
    assert_eq!((answered.text().as_str(), main.stats().calls), (GOOD, 1));
}

#[tokio::test]
async fn a_live_stream_is_recorded_and_no_more() {
    let events = [ROLE.to_owned(), says("no JSON"), FINISH.to_owned(), DONE.to_owned()];
    let main = Upstream::answering(stream(&events)).await;
    let spare = Upstream::answering(saying(GOOD)).await;
    let setup = Setup::default().upstream("main", &main).upstream("spare", &spare).with_spare();
    let (gateway, mut log) = setup.set(ON).logged();
    for count in 1..=12 {
        let mut streamed = soon(gateway.stream(person())).await.unwrap();
        let (text, end) = read(&mut streamed).await;
        assert!(text == "no JSON" && end.is_ok());
        let line = log.line().await;
        assert_eq!((&line["format_valid"], &line["soft_fault"]), (&json!(false), &json!("schema")));
        assert!(line["warnings"][0].as_str().unwrap().contains("schema"), "{line}");
        assert_eq!((&line["degradation_level"], &line["attempt"]), (&json!("full"), &json!(1)));
        let soft = metric(&gateway, "sanso_soft_faults_total", &["reason=\"schema\""]);
        assert_eq!(soft, f64::from(count));
    }
    let success = metric(&gateway, "sanso_attempts_total", &["outcome=\"success\""]);
    assert_eq!((success, spare.seen().requests), (12.0, 0));
    let open = gateway.deployments().iter().any(|it| it.breaker != sanso::BreakerState::Closed);
    assert!(!open, "the breaker hears nothing of it");
}

#[tokio::test]
async fn a_stream_passes_byte_by_byte_while_it_is_listened_to() {
    let events = [ROLE.to_owned(), says("a"), says("b"), FINISH.to_owned(), DONE.to_owned()];
    let main = Upstream::answering(stream(&events)).await;
    let on = "sanso: { checks: { loop: true, tools: true, truncated: true, refusal: true } }";
    let gateway = Setup::default().upstream("main", &main).set(on).gateway();
    let mut relay = relay_of(&gateway, ask_bytes()).await;
    assert_eq!(drain(&mut relay).await, events.concat());
    assert_eq!(relay.served().warnings, Vec::<String>::new());
}

#[tokio::test]
async fn groups_have_checks_of_their_own() {
    let main = Upstream::answering(saying(BAD)).await;
    let spare = Upstream::answering(saying(GOOD)).await;
    let setup = Setup::default().upstream("main", &main).upstream("spare", &spare).with_spare();
    let off =
        "sanso: { checks: { schema: true }, groups: { main: { checks: { schema: false } } } }";
    let gateway = setup.clone().set(off).gateway();
    assert_eq!(
        trail(soon(gateway.chat(person())).await.unwrap().served()),
        "openai/gpt-scripted=200"
    );
    let only = "sanso: { groups: { main: { checks: { schema: true } } } }";
    let gateway = setup.set(only).gateway();
    assert_eq!(trail(soon(gateway.chat(person())).await.unwrap().served()), BOTH);
}

#[tokio::test]
async fn every_check_moves_a_plain_request_on() {
    let long = "I will now look at the file again. ".repeat(60);
    let call = answer("x").replace(
        r#""content":"x""#,
        r#""content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"nope","arguments":"{"}}]"#,
    );
    let cut = answer("The").replace("\"stop\"", "\"length\"");
    let cases = [
        ("truncated: true", cut, "soft_truncated"),
        ("loop: true", answer(&long), "soft_loop"),
        ("tools: true", call, "soft_tools"),
        ("refusal: true", answer("I'm sorry, but I can't help with that."), "soft_refusal"),
        ("patterns: ['(?i)forbidden']", answer("A Forbidden word."), "soft_user"),
    ];
    for (key, said, outcome) in cases {
        let main = Upstream::answering(json_answer(&said)).await;
        let spare = Upstream::answering(json_answer(answer("fine"))).await;
        let setup = Setup::default().upstream("main", &main).upstream("spare", &spare).with_spare();
        let off = soon(setup.clone().gateway().chat(ask())).await.unwrap();
        assert_eq!(trail(off.served()), "openai/gpt-scripted=200", "{key} is off by default");
        let gateway = setup.set(&format!("sanso: {{ checks: {{ {key} }} }}")).gateway();
        let answered = soon(gateway.chat(ask())).await.unwrap();
        let expected = format!("openai/gpt-scripted={outcome} openai/gpt-scripted=200");
        assert_eq!((trail(answered.served()), answered.text()), (expected, "fine".to_owned()));
    }
}

#[tokio::test]
async fn an_empty_answer_may_be_what_is_wanted() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    main.set(Behaviour::Empty);
    let setup = Setup::default().provider("main", &main).provider("spare", &spare).with_spare();
    let answered = soon(setup.clone().gateway().chat(ask())).await.unwrap();
    assert!(answered.served().fallback);
    let gateway = setup.set("sanso: { checks: { empty: false } }").gateway();
    let answered = soon(gateway.chat(ask())).await.unwrap();
    assert!(!answered.served().fallback && answered.text().is_empty());
    assert_eq!(answered.served().warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_said_and_harms_no_one() {
    let main = Upstream::answering(saying(GOOD)).await;
    let gateway = Setup::default().upstream("main", &main).set(ON).gateway();
    let json_schema = json!({"name": "n", "schema": {"$ref": "http://127.0.0.1:9/schema.json"}});
    let asked =
        ask().set("response_format", json!({"type": "json_schema", "json_schema": json_schema}));
    let answered = soon(gateway.chat(asked)).await.unwrap();
    assert_eq!(trail(answered.served()), "openai/gpt-scripted=200");
    let warnings = &answered.served().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("was not checked"), "{warnings:?}");
}
