//! `sanso explain`, and `POST /admin/explain`.

use sanso_sim::provider::{Provider, Vendor};
use serde_json::Value;

use crate::raw::{bare, post_to};
use crate::support::{File, Server, config, run};

const TASKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tasks.yaml");

/// What a command prints, and what it ends with.
async fn explain(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["explain", "--config", TASKS], arguments].concat()).await;
    let told = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.code(), String::from_utf8(told).unwrap())
}

async fn legs(arguments: &[&str]) -> Vec<(String, String)> {
    let (code, told) = explain(&[arguments, &["--json"]].concat()).await;
    assert_eq!(code, Some(0), "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let text = |leg: &Value, member: &str| leg[member].as_str().unwrap().to_owned();
    let legs = told["legs"].as_array().unwrap().iter();
    legs.map(|leg| (text(leg, "model_group"), text(leg, "turn"))).collect()
}

fn names(legs: &[(String, String)]) -> Vec<&str> {
    legs.iter().map(|leg| leg.0.as_str()).collect()
}

#[tokio::test]
async fn the_example_is_fit_and_has_three_orders() {
    let checked = run(&["check", TASKS, "--strict"]).await;
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    for task in ["medicine", "law", "finance"] {
        assert_eq!(names(&legs(&["--task", task]).await), ["sonnet", "pro", "gpt"], "{task}");
    }
    let medicine = legs(&["--task", "medicine"]).await;
    let turns: Vec<&str> = medicine.iter().map(|leg| leg.1.as_str()).collect();
    assert_eq!(turns, ["first", "denied", "denied"]);
    assert_eq!(names(&legs(&["--task", "summarize"]).await), ["mini", "flash", "haiku"]);
    let batch = legs(&["--task", "batch"]).await;
    assert_eq!(names(&batch), ["mini", "flash", "haiku", "gpt", "pro", "sonnet"]);
    // Of the quickest nothing is known before the first request.
    assert_eq!(names(&legs(&["--task", "live-chat"]).await), ["flash", "haiku", "mini"]);
}

#[tokio::test]
async fn an_order_is_that_of_the_request_in_the_file() {
    let long = "why ".repeat(20_000);
    let body = |model: &str| {
        format!(
            r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":"{long}"}}]}}"#
        )
    };
    // Much to read and nothing to say: another price list is the cheapest.
    let file = File::new(&body("task/summarize"));
    assert_eq!(names(&legs(&["--file", file.path()]).await)[0], "flash");
    // The task of the command line is the one that counts.
    let file = File::new(&body("task/nope"));
    assert_eq!(names(&legs(&["--file", file.path(), "--task", "law"]).await)[0], "sonnet");
}

#[tokio::test]
async fn people_are_told_in_words_and_mistakes_by_name() {
    let (_, told) = explain(&["--task", "summarize"]).await;
    let words = ["task/summarize by cost", "asked first", "openai/gpt-4.1-mini", "$0.00"];
    assert!(words.iter().all(|word| told.contains(word)), "{told}");

    let (code, told) = explain(&["--task", "sumarize"]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("sumarize") && told.contains("summarize, live-chat"), "{told}");
    let (code, told) = explain(&["--file", "no/such.json"]).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("no/such.json"), "{told}");
    for bad in ["[]", "{", "5"] {
        let file = File::new(bad);
        let (code, told) = explain(&["--file", file.path()]).await;
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(file.path()) && told.contains("JSON body"), "{told}");
    }
    assert_eq!(explain(&[]).await.0, Some(2), "neither a task nor a request");
}

fn post(headers: &str, body: &str) -> String {
    post_to("/admin/explain", headers, body)
}

#[tokio::test]
async fn the_route_asks_for_the_key_and_calls_no_one() {
    const KEY: &str = "authorization: Bearer sk-master-1234567890\r\n";
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let rest = "general_settings: { master_key: sk-master-1234567890 }\nsanso: { tasks: { t: { strategy: quality } } }";
    let server = Server::start(&config(&provider, rest)).await;
    let mut raw = server.connect().await;
    let body = r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#;

    raw.ask(post("", body)).await.error(401, "authentication_error");
    let told = raw.ask(post(KEY, body)).await.json();
    assert_eq!((&told["model_group"], &told["legs"][0]["turn"]), (&"main".into(), &"first".into()));
    let by_header = raw.ask(post(&format!("{KEY}x-sanso-task: t\r\n"), body)).await.json();
    assert_eq!((&by_header["task"], &by_header["strategy"]), (&"t".into(), &"quality".into()));
    let unknown = raw.ask(post(&format!("{KEY}x-sanso-task: u\r\n"), body)).await;
    unknown.error(404, "invalid_request_error");
    raw.ask(post(KEY, "{")).await.error(400, "invalid_request_error");
    assert_eq!(raw.ask(bare("GET", "/admin/explain")).await.status, 405);
    assert_eq!(provider.stats().calls, 0);

    // Without a key another name of this machine is a stranger's, as for all that the page reads.
    let open = Server::start(&config(&provider, "")).await;
    let refused = open.connect().await.ask(post("", body)).await;
    assert!(refused.error(403, "invalid_request_error").contains("`sanso`"));
}
