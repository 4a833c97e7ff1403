//! A call made again with a smaller `max_tokens` (`degradation.relax`).

use sanso_sim::provider::{Provider, Vendor};
use serde_json::Value;

use crate::support::{Setup, ask, soon, trail};
use crate::upstream::{Act, Upstream, answer, json, response};

const TOO_LONG: &str = r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the completion).","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;

async fn refuses_once() -> Upstream {
    let refused =
        vec![Act::Read, Act::Send(response("400 Bad Request", "application/json", TOO_LONG))];
    let answers = vec![Act::Read, Act::Send(json(answer("shorter")))];
    Upstream::start(vec![refused, answers]).await
}

#[tokio::test]
async fn the_model_asked_for_answers_with_what_fits_and_the_caller_is_told() {
    let main = refuses_once().await;
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().upstream("main", &main).provider("spare", &spare).with_spare();
    let gateway = setup.set("sanso: { degradation: { relax: true } }").gateway();
    let reply = soon(gateway.chat(ask().set("max_completion_tokens", 4000))).await.unwrap();
    assert_eq!(reply.text(), "shorter");
    assert_eq!(trail(reply.served()), "openai/gpt-scripted=400 openai/gpt-scripted=200");
    assert!(!reply.served().fallback);
    let warning = &reply.served().warnings[0];
    assert!(warning.contains("lowered to 3192") && warning.contains("gpt-scripted"), "{warning}");
    let asked: Vec<_> =
        main.bodies().iter().map(|body| body["max_completion_tokens"].clone()).collect();
    assert_eq!(asked, [Value::from(4000), Value::from(3192)]);
}

#[tokio::test]
async fn only_an_answer_that_was_relaxed_says_so() {
    let act = |status: &str, body: &str| {
        vec![Act::Read, Act::Send(response(status, "application/json", body))]
    };
    let refused = act("400 Bad Request", TOO_LONG);
    let fails = act("500 Internal Server Error", "{}");
    let answers = vec![Act::Read, Act::Send(json(answer("this")))];
    let spare = Upstream::start(vec![answers.clone()]).await;
    let relax = "sanso: { degradation: { relax: true } }";
    for (then, told) in [(answers, 1), (fails, 0), (refused.clone(), 0)] {
        let main = Upstream::start(vec![refused.clone(), then]).await;
        let setup = Setup::default().upstream("main", &main).upstream("spare", &spare);
        let gateway = setup.with_spare().set(relax).gateway();
        let reply = soon(gateway.chat(ask().set("max_tokens", 4000))).await.unwrap();
        let served = reply.served();
        let lowered = served.warnings.iter().filter(|it| it.contains("lowered")).count();
        assert_eq!((main.seen().requests, served.fallback), (2, told == 0));
        assert_eq!(lowered, told, "{:?}", served.warnings);
    }
}

#[tokio::test]
async fn nothing_is_lowered_unless_the_operator_says_so_or_the_request_sets_a_limit() {
    let relax = "sanso: { degradation: { relax: true } }";
    let off = "sanso: { groups: { main: { degradation: { relax: false } } }, degradation: { relax: true } }";
    let limited = || ask().set("max_tokens", 4000);
    for (settings, request) in
        [("general_settings: {}", limited()), (off, limited()), (relax, ask())]
    {
        let main = refuses_once().await;
        let gateway = Setup::default().upstream("main", &main).set(settings).gateway();
        let error = soon(gateway.chat(request)).await.unwrap_err();
        assert_eq!((error.status(), main.seen().requests), (400, 1), "{settings}");
    }
}
