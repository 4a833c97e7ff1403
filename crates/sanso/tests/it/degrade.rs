//! Where everyone fails: a stored answer, a static one, or the error, and never one for another.

use sanso::{Arrival, Degradation, Gateway, Relayed};
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::{Value, json};

use crate::support::{Setup, ask, ask_bytes, drain, read, relay, soon};

const STORED: &str = "sanso: {degradation: {stored: {stale_for: 1h}}}";

async fn chain(set: &str) -> (Provider, Gateway) {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &main).without_retries().set(set).gateway();
    (main, gateway)
}

async fn asked_with(gateway: &Gateway, key: Option<&str>, body: &Value) -> Result<String, u16> {
    let arrival: Arrival = gateway.arrive().from_key(key);
    match soon(gateway.relay(body.to_string().into(), arrival)).await {
        Ok(Relayed::Whole { body, served, .. }) => {
            assert!(served.served_by.is_some());
            let body = String::from_utf8(body.to_vec()).unwrap();
            Ok(format!("{} {body}", served.degradation.as_str()))
        }
        Ok(_) => panic!("a plain request was streamed"),
        Err(error) => Err(error.status()),
    }
}

fn question(text: &str) -> Value {
    json!({"model": "main", "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn a_stored_answer_stands_in_word_for_word_and_is_marked() {
    let (main, gateway) = chain(STORED).await;
    let good = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(good.served().degradation, Degradation::Full);
    main.set(Problem::Status(500));
    let again = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(again.json(), good.json());
    let served = again.served();
    assert_eq!(
        (served.degradation, served.served_by.as_deref()),
        (Degradation::Degraded, Some("stored"))
    );
    assert!(!served.fallback && served.deployment_id.is_none());
    let warning = served.warnings.join("; ");
    let wanted = "no deployment answered: this is the answer of openai/gpt-4.1 from ";
    assert!(warning.starts_with(wanted) && warning.ends_with(" s ago"), "{warning}");
    let other = soon(gateway.chat(ask().user("And at night?"))).await.unwrap_err();
    assert_eq!(other.status(), 500, "another request has no stored answer");
}

#[tokio::test]
async fn a_stored_stream_is_a_complete_stream() {
    let (main, gateway) = chain(STORED).await;
    let good = drain(&mut *relay(&gateway).await).await;
    main.set(Problem::Status(500));
    let again = soon(gateway.relay(ask_bytes(), gateway.arrive())).await.unwrap();
    let Relayed::Whole { body, served, stream } = again else { panic!("{again:?}") };
    assert!(stream && good.ends_with("data: [DONE]\n\n"));
    assert_eq!(body, good);
    assert_eq!(served.degradation, Degradation::Degraded);
    let plain = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(plain.status(), 500);
}

#[tokio::test]
async fn a_stream_that_broke_is_not_stored() {
    let (main, gateway) = chain(STORED).await;
    main.set(Behaviour::Cut { after_tokens: 3 });
    let part = drain(&mut *relay(&gateway).await).await;
    assert!(!part.contains("[DONE]"), "{part}");
    main.set(Problem::Status(500));
    assert!(soon(gateway.relay(ask_bytes(), gateway.arrive())).await.is_err());
}

#[tokio::test]
async fn what_is_stored_for_one_caller_is_never_served_to_another() {
    let (main, gateway) = chain(STORED).await;
    let question = question("Why?");
    asked_with(&gateway, Some("key-a"), &question).await.unwrap();
    main.set(Problem::Status(500));
    let own = asked_with(&gateway, Some("key-a"), &question).await.unwrap();
    assert!(own.starts_with("degraded "), "{own}");
    assert_eq!(asked_with(&gateway, Some("key-b"), &question).await, Err(500));
    assert_eq!(asked_with(&gateway, None, &question).await, Err(500));
    assert_eq!(asked_with(&gateway, Some(""), &question).await, Err(500));
}

#[tokio::test]
async fn an_answer_older_than_stale_for_is_no_answer() {
    // A microsecond, in seconds: no two requests over a socket are as close.
    let (main, gateway) = chain("sanso: {degradation: {stored: {stale_for: 0.000001}}}").await;
    soon(gateway.chat(ask())).await.unwrap();
    main.set(Problem::Status(500));
    assert_eq!(soon(gateway.chat(ask())).await.err().map(|error| error.status()), Some(500));
}

#[tokio::test]
async fn a_static_text_stands_in_plain_and_streamed() {
    let set = "sanso: {groups: {main: {degradation: {static: \"Please try again later.\"}}}}";
    let (main, gateway) = chain(set).await;
    main.set(Problem::Status(500));
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.model()),
        ("Please try again later.", "sanso/static")
    );
    assert_eq!(answer.served_by(), "static");
    assert_eq!(answer.served().degradation, Degradation::Degraded);
    let usage = answer.usage().unwrap();
    assert_eq!((usage.prompt, usage.completion), (0, 0), "nobody is to pay for it");
    let mut stream = soon(gateway.stream(ask())).await.unwrap();
    let (text, events) = read(&mut stream).await;
    assert_eq!(text, "Please try again later.");
    assert!(events.is_ok());
    assert!(gateway.metrics().contains("degradation=\"degraded\"} 2"), "{}", gateway.metrics());
}

#[tokio::test]
async fn no_stand_in_where_it_would_mislead() {
    let set = "sanso: {degradation: {stored: {stale_for: 1h}, static: \"Later.\"}}";
    let (main, gateway) = chain(set).await;
    let tools = json!([{"type": "function", "function": {"name": "look"}}]);
    let with_tools = || ask().set("tools", tools.clone());
    let denied = || ask().user("denied").set("fallback", "deny");
    let as_json = || ask().set("response_format", json!({"type": "json_object"}));
    soon(gateway.chat(with_tools())).await.unwrap();
    soon(gateway.chat(denied())).await.unwrap();
    main.set(Problem::Status(500));
    for (request, why) in [
        (with_tools(), "never for tool calls"),
        (denied(), "the first leg or an error"),
        (as_json(), "a text is no JSON"),
    ] {
        assert_eq!(soon(gateway.chat(request)).await.err().map(|e| e.status()), Some(500), "{why}");
    }
    main.set(Problem::Status(422));
    let error = soon(gateway.chat(ask())).await.unwrap_err();
    assert_eq!(error.status(), 422, "the caller is to hear of it");
}

#[tokio::test]
async fn two_tasks_do_not_share_an_answer_to_the_same_body() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let tasks = "tasks: {one: {models: [main]}, two: {models: [main]}}";
    let set = format!("sanso: {{degradation: {{stored: {{stale_for: 1h}}}}, {tasks}}}");
    let gateway = Setup::default().provider("main", &main).without_retries().set(&set).gateway();
    let asked = async |task: &str| {
        let mut arrival = gateway.arrive();
        arrival.task = Some(task.to_owned());
        let answer = soon(gateway.relay(question("Why?").to_string().into(), arrival)).await;
        answer.map(|_| ()).map_err(|error| error.status())
    };
    asked("one").await.unwrap();
    main.set(Problem::Status(500));
    assert_eq!(asked("one").await, Ok(()), "its own is found");
    assert_eq!(asked("two").await, Err(500));
}

#[tokio::test]
async fn a_static_text_is_not_one_answer_to_who_asked_for_three() {
    let (main, gateway) = chain("sanso: {degradation: {static: \"Later.\"}}").await;
    main.set(Problem::Status(500));
    let error = soon(gateway.chat(ask().set("n", 3))).await.unwrap_err();
    assert_eq!(error.status(), 500);
    assert_eq!(soon(gateway.chat(ask().set("n", 1))).await.unwrap().text(), "Later.");
}

#[tokio::test]
async fn no_stand_in_for_what_follows_a_tools_result() {
    let set = "sanso: {degradation: {stored: {stale_for: 1h}, static: \"Later.\"}}";
    let (main, gateway) = chain(set).await;
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "c", "content": "blue"});
    let with_result = || ask().message(call.clone()).message(result.clone());
    soon(gateway.chat(with_result())).await.unwrap();
    main.set(Problem::Status(500));
    assert_eq!(soon(gateway.chat(with_result())).await.err().map(|e| e.status()), Some(500));
    // The turn after it is an ordinary one.
    let after = with_result().assistant("Blue.").user("Thanks!");
    assert_eq!(soon(gateway.chat(after)).await.unwrap().text(), "Later.");
}
