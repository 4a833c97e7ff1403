//! Lists and `fallback_on` that a request brings along, beside those of the configuration.

use sanso::{ChatRequest, Error, Gateway};
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::{Value, json};

use crate::support::{Setup, ask, soon, trail};
use crate::upstream::{Upstream, response};

/// `main` fails; `spare` is its plain fallback, and `listed` and `own` stand by.
struct Stage {
    main: Provider,
    spare: Provider,
    listed: Provider,
    own: Provider,
}

impl Stage {
    async fn start(problem: Problem) -> Self {
        let start = || async { Provider::start(Vendor::OpenAi).await.unwrap() };
        let stage = Self {
            main: start().await,
            spare: start().await,
            listed: start().await,
            own: start().await,
        };
        stage.main.set(Behaviour::Fails(problem));
        stage
    }

    fn gateway(&self, settings: &str) -> Gateway {
        let groups = [("main", &self.main), ("spare", &self.spare)];
        let others = [("listed", &self.listed), ("own", &self.own)];
        let groups = groups.into_iter().chain(others);
        let setup = groups.fold(Setup::default(), |setup, (name, it)| setup.provider(name, it));
        setup.set(settings).gateway()
    }

    /// Calls of `main`, `spare`, `listed` and `own`.
    fn calls(&self) -> [u64; 4] {
        [&self.main, &self.spare, &self.listed, &self.own].map(|it| it.stats().calls)
    }
}

const LISTS: &str = "litellm_settings: { num_retries: 0, fallbacks: [{ main: [spare] }], \
                     context_window_fallbacks: [{ main: [listed] }] }";
const PLAIN: &str = "litellm_settings: { num_retries: 0, fallbacks: [{ main: [spare] }] }";

async fn chat(gateway: &Gateway, request: ChatRequest) -> Result<String, Error> {
    let answer = soon(gateway.chat(request)).await?;
    Ok(answer.served().answering_group.as_deref().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_requests_own_context_list_stands_in_for_the_groups() {
    let stage = Stage::start(Problem::ContextWindow).await;
    let gateway = stage.gateway(LISTS);
    assert_eq!(chat(&gateway, ask()).await.unwrap(), "listed");
    let with = |lists: Value| ask().set("context_window_fallbacks", lists);
    for lists in [json!([{"main": ["own"]}]), json!(["own"]), json!([{"*": "own"}])] {
        assert_eq!(chat(&gateway, with(lists.clone())).await.unwrap(), "own", "{lists}");
    }
    let error = chat(&gateway, with(json!([{"spare": ["own"]}]))).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (400, Some("context_length_exceeded")));
    assert_eq!(stage.calls(), [5, 0, 1, 3]);
}

#[tokio::test]
async fn a_name_in_an_own_list_that_is_no_model_is_refused() {
    let stage = Stage::start(Problem::ContextWindow).await;
    let gateway = stage.gateway(LISTS);
    for member in ["context_window_fallbacks", "content_policy_fallbacks"] {
        let asked = ask().set(member, json!([{"main": ["nope"]}]));
        let error = chat(&gateway, asked).await.unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.to_string().contains("`nope`"), "{error}");
        assert!(error.to_openai_json().contains(member), "{}", error.to_openai_json());
        // Clients send the same lists with every model: one for another group is none of ours.
        let asked = ask().set(member, json!([{"unknown": ["own"]}, {"main": ["own"]}]));
        let expected = if member == "content_policy_fallbacks" { "listed" } else { "own" };
        assert_eq!(chat(&gateway, asked).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn own_lists_are_no_longer_warned_about() {
    let stage = Stage::start(Problem::Status(500)).await;
    let gateway = stage.gateway(PLAIN);
    let asked = ask().set("context_window_fallbacks", json!(["own"]));
    let answer = soon(gateway.chat(asked.set("fallback_on", json!([])))).await.unwrap();
    assert_eq!(answer.served().warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_bad_request_goes_to_the_fallback_where_fallback_on_says_so() {
    let stage = Stage::start(Problem::Status(400)).await;
    let denied = chat(&stage.gateway(PLAIN), ask()).await.unwrap_err();
    assert_eq!(denied.status(), 400);
    let asked = || ask().set("fallback_on", json!(["bad_request"]));
    assert_eq!(chat(&stage.gateway(PLAIN), asked()).await.unwrap(), "spare");
    let said =
        format!("{PLAIN}\nsanso: {{ groups: {{ main: {{ fallback_on: [bad_request] }} }} }}");
    let gateway = stage.gateway(&said);
    assert_eq!(chat(&gateway, ask()).await.unwrap(), "spare");
    let error = chat(&gateway, ask().set("fallback_on", json!([]))).await.unwrap_err();
    assert_eq!(error.status(), 400);
    let error = chat(&gateway, ask().set("fallback_on", json!(["bad"]))).await.unwrap_err();
    assert!(error.to_string().contains("fallback_on[0]"), "{error}");
}

#[tokio::test]
async fn a_filters_refusal_goes_to_the_fallback_where_fallback_on_says_so() {
    let refusal = r#"{"error":{"message":"filtered","code":"content_filter","type":"x"}}"#;
    let filter = response("400 Bad Request", "application/json", refusal);
    let upstream = Upstream::answering(filter).await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &upstream).provider("spare", &spare);
    let gateway = setup.clone().with_spare().gateway();
    let error = chat(&gateway, ask()).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (400, Some("content_filter")));
    let asked = ask().set("content_policy_fallbacks", json!(["spare"]));
    assert_eq!(chat(&gateway, asked).await.unwrap(), "spare");
    let gateway = setup.with_spare().set("sanso: { fallback_on: [content_policy] }").gateway();
    let answer = soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(trail(answer.served()), "openai/gpt-scripted=400 openai/gpt-4.1=200");
}
