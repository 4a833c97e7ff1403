//! Requests that ask for a task.

use sanso::{ChatRequest, Error, ErrorKind, Gateway, Relayed, Served};
use sanso_sim::provider::{Problem, Provider, Vendor};
use serde_json::json;

use crate::support::{Setup, ask, metric, soon};

struct Stage {
    main: Provider,
    spare: Provider,
    third: Provider,
}

impl Stage {
    async fn start() -> Self {
        let start = || async { Provider::start(Vendor::OpenAi).await.unwrap() };
        Self { main: start().await, spare: start().await, third: start().await }
    }

    /// `main` falls back to `third` when it is asked for; the task `t` goes from `spare` to `main`.
    fn setup(&self, task: &str) -> Setup {
        Setup::default()
            .provider("main", &self.main)
            .provider("spare", &self.spare)
            .provider("third", &self.third)
            .set("litellm_settings: { num_retries: 0, fallbacks: [{ main: [third] }] }")
            .set(&format!(
                "sanso: {{ tasks: {{ t: {{ {task} }}, other: {{ models: [third] }} }} }}"
            ))
    }
}

const T: &str = "models: [spare, main]";

async fn served(gateway: &Gateway, request: ChatRequest) -> Served {
    soon(gateway.chat(request)).await.unwrap().served().clone()
}

fn by_model() -> ChatRequest {
    ChatRequest::new("task/t").user("Why?")
}

fn by_metadata(task: &str) -> ChatRequest {
    ask().set("metadata", json!({ "task": task }))
}

/// Whom a plain request is answered by that names its task in a header.
async fn by_header(gateway: &Gateway, request: &str, task: &str) -> Result<Served, Error> {
    let mut arrival = gateway.arrive();
    arrival.task = Some(task.to_owned());
    let body = request.to_owned().into();
    match soon(gateway.relay(body, arrival)).await? {
        Relayed::Whole { served, .. } => Ok(*served),
        other => panic!("no stream was asked for: {other:?}"),
    }
}

const PLAIN: &str = r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#;
const OTHER: &str =
    r#"{"model":"main","metadata":{"task":"other"},"messages":[{"role":"user","content":"?"}]}"#;

#[tokio::test]
async fn a_task_is_named_by_model_metadata_or_header_and_the_body_outdoes_the_header() {
    let stage = Stage::start().await;
    let gateway = stage.setup(T).gateway();
    for by in [by_model(), by_metadata("t")] {
        let served = served(&gateway, by).await;
        assert_eq!(served.answering_group.as_deref(), Some("spare"));
        assert_eq!((&*served.model_group, served.fallback), ("task/t", false));
        assert_eq!(served.warnings, [""; 0]);
    }
    let header = by_header(&gateway, PLAIN, "t").await.unwrap();
    assert_eq!(header.answering_group.as_deref(), Some("spare"));
    // Both of the body's words count before the header, and the model before the metadata.
    let body = by_header(&gateway, OTHER, "t").await.unwrap();
    assert_eq!(body.answering_group.as_deref(), Some("third"));
    assert!(body.warnings[0].contains("`other` of `metadata.task` counts"), "{body:?}");
    let both = served(&gateway, by_model().set("metadata", json!({"task": "other"}))).await;
    assert_eq!(both.answering_group.as_deref(), Some("spare"));
    assert!(both.warnings[0].contains("`t` of `model` counts, `metadata.task` does not"));
    // Without a task the group is asked for.
    assert_eq!(served(&gateway, ask()).await.answering_group.as_deref(), Some("main"));
    // A model beside a task is not asked for; one that nobody knows is told.
    let unknown = ChatRequest::new("gpt-9").user("?").set("metadata", json!({"task": "t"}));
    let unknown = served(&gateway, unknown).await;
    assert_eq!(unknown.answering_group.as_deref(), Some("spare"));
    assert!(unknown.warnings[0].contains("`gpt-9` is not configured"), "{unknown:?}");
}

#[tokio::test]
async fn an_unknown_task_is_refused_where_it_was_named() {
    let stage = Stage::start().await;
    let gateway = stage.setup(T).gateway();
    let by_model = ChatRequest::new("task/x").user("?");
    let model = soon(gateway.chat(by_model)).await.unwrap_err();
    let metadata = soon(gateway.chat(by_metadata("x"))).await.unwrap_err();
    let header = by_header(&gateway, PLAIN, "x").await.unwrap_err();
    for (error, param) in [(model, "model"), (metadata, "metadata.task"), (header, "x-sanso-task")]
    {
        assert_eq!((error.status(), error.kind()), (404, ErrorKind::UnknownTask));
        let body: serde_json::Value = serde_json::from_str(&error.to_openai_json()).unwrap();
        assert_eq!(body["error"]["code"], "task_not_found");
        assert_eq!(body["error"]["param"], param);
        assert!(error.to_string().contains("Known tasks: t, other."), "{error}");
    }
    assert_eq!(stage.main.stats().calls + stage.spare.stats().calls, 0);
    // A file without tasks takes the name for another gateway's.
    let without = Setup::default().provider("main", &stage.main).gateway();
    let served = served(&without, by_metadata("x")).await;
    assert_eq!(served.warnings, ["the task `x` is not configured"]);
}

#[tokio::test]
async fn a_tasks_chain_is_its_groups_and_no_list_of_theirs() {
    let stage = Stage::start().await;
    let (gateway, mut log) = stage.setup(T).logged();
    stage.spare.set(Problem::Overloaded);
    let answer = served(&gateway, by_model()).await;
    assert_eq!((answer.answering_group.as_deref(), answer.fallback), (Some("main"), true));
    let line = log.line().await;
    assert_eq!((&line["task"], &line["model_group"]), (&json!("t"), &json!("task/t")));
    assert_eq!(line["fallback_from"], json!("spare"));
    stage.main.set(Problem::Overloaded);
    let error = soon(gateway.chat(by_model())).await.unwrap_err();
    assert_eq!(error.status(), 503);
    let line = log.line().await;
    assert_eq!((&line["first_group"], &line["fallback_from"]), (&json!("spare"), &json!(null)));
    assert_eq!(stage.third.stats().calls, 0);
    let count = |name, labels: &[&str]| metric(&gateway, name, labels);
    let labels = ["model_group=\"task/t\"", "task=\"t\"", "degradation=\"partial\""];
    assert_eq!(count("sanso_requests_total", &labels), 1.0);
    assert_eq!(count("sanso_requests_total", &["task=\"t\"", "\"unavailable\""]), 1.0);
    let moved = ["model_group=\"task/t\"", "from=\"spare\"", "to=\"main\""];
    assert_eq!(count("sanso_fallbacks_total", &moved), 1.0);
}

#[tokio::test]
async fn deny_gives_the_first_leg_or_an_error_whatever_the_request_says() {
    let stage = Stage::start().await;
    let gateway = stage.setup("models: [spare, main], fallback: deny").gateway();
    assert_eq!(served(&gateway, by_model()).await.answering_group.as_deref(), Some("spare"));
    stage.spare.set(Problem::Overloaded);
    for request in [by_model(), by_model().set("fallback", "allow"), by_metadata("t")] {
        assert_eq!(soon(gateway.chat(request)).await.unwrap_err().status(), 503);
    }
    assert_eq!(stage.main.stats().calls + stage.third.stats().calls, 0);
}

#[tokio::test]
async fn models_are_listed_with_the_tasks_last() {
    let stage = Stage::start().await;
    let models = stage.setup(T).gateway().models();
    assert_eq!(models, ["main", "spare", "third", "task/t", "task/other"]);
}
