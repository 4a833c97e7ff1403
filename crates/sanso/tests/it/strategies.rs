//! Tasks whose order goes by price, quality or pace, over real sockets.

use sanso::{ChatRequest, Degradation, Gateway, Served};
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use sanso_watch::Forced;
use serde_json::{Value, json};

use crate::support::{Log, Setup, leave_when, read, soon};

/// Three groups, each with what is said of it.
pub(crate) struct Stage(pub(crate) [Provider; 3]);

const NAMES: [&str; 3] = ["main", "spare", "third"];

impl Stage {
    pub(crate) async fn start() -> Self {
        let start = || async { Provider::start(Vendor::OpenAi).await.unwrap() };
        Self([start().await, start().await, start().await])
    }

    pub(crate) fn setup(&self, infos: [&str; 3], strategy: &str) -> Setup {
        let models = NAMES.iter().zip(&self.0).zip(infos);
        let setup = models.fold(Setup::default(), |setup, ((name, provider), info)| {
            setup.provider(name, provider).info(info)
        });
        setup
            .without_retries()
            .set(&format!("sanso: {{ tasks: {{ t: {{ strategy: {strategy} }} }} }}"))
    }
}

fn task(words: &str) -> ChatRequest {
    ChatRequest::new("task/t").user(words)
}

async fn ask(gateway: &Gateway, request: ChatRequest) -> Served {
    soon(gateway.chat(request)).await.unwrap().served().clone()
}

fn by(served: &Served) -> (&str, bool) {
    (served.answering_group.as_deref().unwrap(), served.fallback)
}

pub(crate) const PRICES: [&str; 3] = [
    "input_cost_per_token: 0.00001, output_cost_per_token: 0.00001",
    "input_cost_per_token: 0.000001, output_cost_per_token: 0.0001",
    "input_cost_per_token: 0.0001, output_cost_per_token: 0.000001",
];

#[tokio::test]
async fn the_cheapest_for_this_request_is_asked_first() {
    let stage = Stage::start().await;
    let gateway = stage.setup(PRICES, "cost").gateway();
    // An answer is expected to be long, as long as nothing is known.
    assert_eq!(by(&ask(&gateway, task("Why?")).await), ("third", false));
    // A limit of the request's own bounds what it is expected to cost.
    let limited = |words: &str| task(words).set("max_tokens", 1);
    assert_eq!(by(&ask(&gateway, limited("Why?")).await), ("main", false));
    let long = "why ".repeat(5000);
    assert_eq!(by(&ask(&gateway, limited(&long)).await), ("spare", false));
    stage.0[1].set(Problem::Overloaded);
    assert_eq!(by(&ask(&gateway, limited(&long)).await), ("main", true));
}

#[tokio::test]
async fn what_a_task_used_before_is_what_its_answers_are_expected_to_cost() {
    let stage = Stage::start().await;
    let gateway = stage.setup(PRICES, "cost").gateway();
    let prompt = || task(&"why ".repeat(4000));
    assert_eq!(by(&ask(&gateway, prompt()).await).0, "main", "500 tokens of answer, unless known");
    let mut firsts = Vec::new();
    for _ in 0..30 {
        firsts.push(by(&ask(&gateway, prompt()).await).0.to_owned());
    }
    // The answers are some ten tokens long: the price of the prompt decides.
    assert_eq!(firsts.last().unwrap(), "spare", "{firsts:?}");
}

#[tokio::test]
async fn an_answers_cost_is_told_and_logged() {
    let stage = Stage::start().await;
    let (gateway, mut log) = stage.setup(PRICES, "order").logged();
    let answer = soon(gateway.chat(task("Why?"))).await.unwrap();
    let usage = answer.usage().unwrap();
    let expected = 1e-5 * (usage.prompt + usage.completion) as f64;
    let cost = answer.served().cost_usd.unwrap();
    assert!((cost - expected).abs() < 1e-12 && cost > 0.0, "{cost} {expected}");
    assert_eq!(log.line().await["cost_usd"], json!(cost));
    let counted = task("Why?").set("stream_options", json!({"include_usage": true}));
    let mut stream = soon(gateway.stream(counted)).await.unwrap();
    assert!(read(&mut stream).await.1.is_ok());
    assert!(log.line().await["cost_usd"].as_f64().unwrap() > 0.0);
    // Of a failure nothing is known.
    stage.0.iter().for_each(|provider| provider.set(Problem::Overloaded));
    soon(gateway.chat(task("Why?"))).await.unwrap_err();
    assert_eq!(log.line().await["cost_usd"], json!(null));
}

#[tokio::test]
async fn the_best_is_asked_first_as_long_as_its_answers_are_what_was_wanted() {
    let stage = Stage::start().await;
    let infos = ["quality: 70", "quality: 90", "quality: 85"];
    let gateway = stage.setup(infos, "quality").gateway();
    assert_eq!(by(&ask(&gateway, task("Why?")).await), ("spare", false));
    stage.0[1].set(Behaviour::Empty);
    let mut last = ask(&gateway, task("Why?")).await;
    assert_eq!(by(&last), ("third", true));
    for _ in 0..30 {
        last = ask(&gateway, task("Why?")).await;
    }
    // It is no longer the first: who answers instead is no fallback.
    assert_eq!(by(&last), ("third", false));
}

/// It was: after some empty answers the requests went to the next best without a word.
#[tokio::test]
async fn under_deny_soft_faults_hand_no_request_to_another_model() {
    let stage = Stage::start().await;
    let infos = ["quality: 70", "quality: 90", "quality: 85"];
    let gateway = stage.setup(infos, "quality, fallback: deny").gateway();
    assert_eq!(by(&ask(&gateway, task("Why?")).await), ("spare", false));
    stage.0[1].set(Behaviour::Empty);
    for _ in 0..30 {
        // Where no one else may answer, what is empty is passed on with a warning.
        assert_eq!(by(&ask(&gateway, task("Why?")).await), ("spare", false));
    }
    let told = gateway.explain(BODY.into(), &gateway.arrive()).unwrap();
    assert_eq!(&*told.legs[0].model_group, "spare");
    assert_eq!(told.legs[0].quality, Some(90.0), "{told}");
    assert!(told.legs[0].why.ends_with("% of soft faults not counted"), "{told}");
    let others = stage.0[0].stats().calls + stage.0[2].stats().calls;
    assert_eq!(others, 0);
}

const BODY: &str = r#"{"model":"task/t","messages":[{"role":"user","content":"Why?"}]}"#;

#[tokio::test]
async fn a_request_that_denies_fallbacks_goes_by_given_scores_and_moves_no_others() {
    let stage = Stage::start().await;
    let infos = ["quality: 70", "quality: 90", "quality: 85"];
    let gateway = stage.setup(infos, "quality").gateway();
    stage.0[1].set(Behaviour::Empty);
    for _ in 0..30 {
        ask(&gateway, task("Why?")).await;
    }
    assert_eq!(by(&ask(&gateway, task("Why?")).await), ("third", false));
    for denies in [("fallback", json!("deny")), ("max_fallbacks", json!(0))] {
        let denied = ask(&gateway, task("Why?").set(denies.0, denies.1)).await;
        assert_eq!(by(&denied), ("spare", false));
        assert_eq!(by(&ask(&gateway, task("Why?")).await), ("third", false));
    }
}

#[tokio::test]
async fn who_fails_is_not_the_quickest_however_quick_the_failure() {
    let stage = Stage::start().await;
    stage.0[0].set(Problem::Status(500));
    stage.0[2].set(Problem::Status(500));
    let gateway = stage.setup([""; 3], "latency").gateway();
    for _ in 0..30 {
        assert_eq!(by(&ask(&gateway, task("Why?")).await).0, "spare");
    }
    // Nearly all of them go there first: some are sent out to measure.
    let mut firsts = 0;
    for _ in 0..40 {
        firsts += usize::from(!ask(&gateway, task("Why?")).await.fallback);
    }
    assert!(firsts >= 30, "{firsts} of 40");
}

/// A request that was sent out to measure someone, as it is logged, once there is one; all of them
/// must be answered by `main`.
async fn tried_out(gateway: &Gateway, log: &mut Log) -> Option<Value> {
    let mut tried = None;
    for _ in 0..200 {
        let served = ask(gateway, task("Why?")).await;
        assert_eq!(by(&served), ("main", false));
        assert_eq!(served.degradation, Degradation::Full);
        let line = log.line().await;
        tried = tried.or_else(|| (line["explores"] == json!(true)).then_some(line));
    }
    tried
}

/// From now on no request is sent out to measure someone: who is shut is not tried out.
fn shut_all_but_main(gateway: &Gateway) {
    for deployment in &gateway.deployments()[1..] {
        assert!(gateway.force(&deployment.id, Some(Forced::Open)));
    }
}

#[tokio::test]
async fn who_is_tried_out_in_vain_makes_no_fallback() {
    let stage = Stage::start().await;
    stage.0[1].set(Problem::Status(500));
    stage.0[2].set(Problem::Status(500));
    let (gateway, mut log) = stage.setup([""; 3], "latency").logged();
    let line = tried_out(&gateway, &mut log).await.expect("someone is tried out");
    assert_eq!((&line["attempt"], &line["leg"]), (&json!(2), &json!(1)), "{line}");
    assert_eq!((&line["is_fallback"], &line["first_group"]), (&json!(false), &json!("main")));
    assert_eq!((&line["fallback_from"], &line["fallback_reason"]), (&json!(null), &json!(null)));
    let fallbacks = |text: &str| text.lines().any(|it| it.starts_with("sanso_fallbacks_total{"));
    assert!(!fallbacks(&gateway.metrics()));
}

#[tokio::test]
async fn no_one_is_tried_out_at_the_cost_of_an_error() {
    let stage = Stage::start().await;
    stage.0[1].set(Problem::Status(500));
    stage.0[2].set(Problem::Status(500));
    let (gateway, mut log) = stage.setup([""; 3], "latency, fallback: deny").logged();
    assert_eq!(tried_out(&gateway, &mut log).await, None);
    // Nor one that is shut.
    let (gateway, mut log) = stage.setup([""; 3], "latency").logged();
    shut_all_but_main(&gateway);
    assert_eq!(tried_out(&gateway, &mut log).await, None);
    assert_eq!((stage.0[1].stats().calls, stage.0[2].stats().calls), (0, 0));
}

#[tokio::test]
async fn who_keeps_clients_waiting_until_they_leave_is_known_for_it() {
    let stage = Stage::start().await;
    let gateway = stage.setup([""; 3], "latency").gateway();
    // One in twenty would be answered at once by someone else, and its client would not leave.
    shut_all_but_main(&gateway);
    stage.0[0].set(Behaviour::Silent);
    let latency = || {
        let body = json!({"model": "task/t", "messages": [{"role": "user", "content": "Why?"}]});
        gateway.explain(body.to_string().into(), &gateway.arrive()).unwrap().legs[0].latency_ms
    };
    for left in 1..=3 {
        assert_eq!(latency(), None);
        let in_flight = stage.0[0].stats_when(|stats| stats.in_flight == 1);
        leave_when(gateway.chat(task("Why?")), in_flight).await;
        soon(stage.0[0].stats_when(|stats| stats.cancelled == left)).await;
    }
    assert_eq!(latency(), Some(10_000), "as of one that never answered");
}
