//! The page's endpoints: what they show, whom they let in, and what they refuse.

use sanso_sim::provider::{Problem, Provider, Vendor};
use serde_json::{Value, json};

use crate::raw::{Raw, Reply};
use crate::support::{File, Server, config, config_at, soon};

const CHAT: &str = r#"{"model":"main","messages":[{"role":"user","content":"Why?"}]}"#;
const KEYED: &str = "general_settings: {master_key: sk-master-key}";

/// A request with these header lines.
fn asked(method: &str, path: &str, headers: &str, body: &str) -> String {
    let host = if headers.contains("host:") { "" } else { "host: 127.0.0.1\r\n" };
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\n{host}{headers}content-length: {length}\r\n\r\n{body}")
}

const JSON: &str = "content-type: application/json\r\n";

async fn get(raw: &mut Raw, path: &str) -> Reply {
    raw.ask(asked("GET", path, "", "")).await
}

async fn post(raw: &mut Raw, path: &str, body: &str) -> Reply {
    raw.ask(asked("POST", path, JSON, body)).await
}

async fn chat(raw: &mut Raw) -> Reply {
    post(raw, "/v1/chat/completions", CHAT).await
}

/// Asks until what is shown holds: views are told off the request path.
async fn until(raw: &mut Raw, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut shown = get(raw, path).await.json();
    while !holds(&shown) {
        tokio::task::yield_now().await;
        shown = soon(get(raw, path)).await.json();
    }
    shown
}

fn asked_of_main(series: &Value) -> u64 {
    let asked = series["model_groups"]["main"]["requests"].as_array().unwrap();
    asked.iter().filter_map(Value::as_u64).sum()
}

/// `main` with `spare` behind it, and a history of its own.
fn setup(main: &Provider, spare: &Provider, rest: &str) -> (String, File) {
    let file = File::new("");
    std::fs::remove_file(&file.0).unwrap();
    let spare = format!(
        "  - model_name: spare\n    litellm_params: {{ model: openai/gpt-4.1-mini, api_base: \"{}\", api_key: k }}\n",
        spare.base_url()
    );
    let settings = format!(
        "litellm_settings: {{ num_retries: 0, fallbacks: [{{ main: [spare] }}] }}\n\
         sanso: {{ history: {{ path: {} }} }}\n{rest}",
        file.path()
    );
    (config(main, &format!("{spare}{settings}")), file)
}

#[tokio::test]
async fn what_happened_is_shown_and_outlives_a_restart() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let (config, _history) = setup(&main, &spare, "");
    let mut server = Server::start(&config).await;
    let mut raw = server.connect().await;
    let empty = get(&mut raw, "/admin/overview").await.json();
    assert_eq!(empty["verdict"]["state"], "empty");
    assert_eq!(empty["history"]["store"], "sqlite");
    // `spare` stands behind `main` and is no chain that anyone asks for.
    assert_eq!(empty["chains"].as_array().unwrap().len(), 1, "{empty}");

    main.set(Problem::Status(500));
    for _ in 0..3 {
        assert_eq!(chat(&mut raw).await.status, 200);
    }
    let three = |it: &Value| it["totals"]["requests"] == 3;
    let shown = until(&mut raw, "/admin/overview?range=15m", three).await;
    assert_eq!(shown["totals"]["partial"], 3, "{shown}");
    let chain = &shown["chains"][0];
    assert_eq!((&chain["model_group"], &chain["fallback"]), (&json!("main"), &json!("allow")));
    let rows = get(&mut raw, "/admin/requests?limit=2&kind=ServerError").await.json();
    assert_eq!(rows["requests"].as_array().unwrap().len(), 2);
    let row = &rows["requests"][0];
    assert_eq!(
        (&row["is_fallback"], &row["fallback_reason"]),
        (&json!(true), &json!("ServerError"))
    );
    assert_eq!(row["attempts"][0]["outcome"], "ServerError");
    assert_eq!(row["attempts"][1]["outcome"], "success");
    let id = row["request_id"].as_str().unwrap();
    assert_eq!(&get(&mut raw, &format!("/admin/requests/{id}")).await.json(), row);
    let none = get(&mut raw, "/admin/requests?degradation_level=unavailable").await.json();
    assert_eq!(none, json!({"requests": [], "before": null}));
    let before = rows["before"].as_str().unwrap();
    let path = format!("/admin/requests?limit=2&before={before}");
    let rest = get(&mut raw, &path).await.json();
    assert_eq!(rest["requests"].as_array().unwrap().len(), 1, "{rest}");
    assert_ne!(rest["requests"][0]["request_id"], row["request_id"]);
    let path = "/admin/series?range=15m&points=72";
    let series = until(&mut raw, path, |series| asked_of_main(series) == 3).await;
    assert!(series["t"].as_array().unwrap().len() > 1);

    // What was kept is there after a restart, under the same id.
    server.signal("TERM").await;
    assert_eq!(server.ended().await, Some(0));
    let server = Server::start(&config).await;
    let mut raw = server.connect().await;
    let again = get(&mut raw, &format!("/admin/requests/{id}")).await.json();
    assert_eq!(&again, row);
    until(&mut raw, "/admin/series?range=1h", |series| asked_of_main(series) == 3).await;
    get(&mut raw, "/admin/requests/no-such-request").await.error(404, "invalid_request_error");
    get(&mut raw, "/admin/incidents").await.error(404, "invalid_request_error");
}

/// The list of requests was empty for any name, and a misspelt one passed for one without requests.
#[tokio::test]
async fn a_group_that_nobody_knows_is_refused_and_one_that_the_history_knows_is_shown() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let (before, _history) = setup(&main, &spare, "");
    let mut server = Server::start(&before).await;
    let mut raw = server.connect().await;
    assert_eq!(chat(&mut raw).await.status, 200);
    for path in ["/admin/requests?", "/admin/series?range=15m&", "/admin/series?range=7d&"] {
        let reply = get(&mut raw, &format!("{path}model_group=mian")).await;
        let said = reply.error(400, "invalid_request_error");
        assert_eq!(said, "There is no model group `mian`; there are: main, spare.", "{path}");
    }
    let none = get(&mut raw, "/admin/requests?model_group=spare").await.json();
    assert_eq!(none, json!({"requests": [], "before": null}));
    server.signal("TERM").await;
    assert_eq!(server.ended().await, Some(0));

    let renamed =
        before.replace("model_name: main", "model_name: first").replace("main:", "first:");
    let server = Server::start(&renamed).await;
    let mut raw = server.connect().await;
    let kept = get(&mut raw, "/admin/requests?model_group=main").await.json();
    assert_eq!(kept["requests"].as_array().unwrap().len(), 1, "{kept}");
    for range in ["15m", "7d"] {
        let path = format!("/admin/series?range={range}&model_group=main");
        let series = get(&mut raw, &path).await.json();
        assert_eq!(asked_of_main(&series), 1, "{range}: {series}");
    }
    let reply = get(&mut raw, "/admin/requests?model_group=mian").await;
    let said = reply.error(400, "invalid_request_error");
    assert!(said.ends_with("there are: first, main, spare."), "{said}");
}

#[tokio::test]
async fn who_looks_on_is_told_as_it_happens() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&main, "sanso: { history: off }")).await;
    let mut events = server.connect().await;
    events.send(asked("GET", "/admin/events", "", "")).await;
    let head = events.head().await;
    assert_eq!(head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    let mut raw = server.connect().await;
    assert_eq!(chat(&mut raw).await.status, 200);
    let deployments = get(&mut raw, "/admin/overview").await.json();
    let id = deployments["chains"][0]["legs"][0]["deployments"][0]["deployment"].clone();
    let path = format!("/admin/deployments/{}/breaker", id.as_str().unwrap());
    let done = post(&mut raw, &path, r#"{"forced":"open"}"#);
    assert_eq!(done.await.json(), json!({"ok": true}));
    assert_eq!(chat(&mut raw).await.status, 503);
    let mut wanted = vec!["hello", "tick", "request", "breaker", "verdict"];
    let mut told = String::new();
    while !wanted.is_empty() {
        told += std::str::from_utf8(&soon(events.chunk()).await.unwrap()).unwrap();
        wanted.retain(|name| !told.contains(&format!("event: {name}\n")));
    }
    assert!(told.starts_with("id: ") && told.find("event: hello") < told.find("event: tick"));
    let shown = until(&mut raw, "/admin/overview", |it| {
        it["chains"][0]["legs"][0]["deployments"][0]["breaker"]["forced"] == "open"
    });
    shown.await;
    // Left to itself, it serves again.
    let done = post(&mut raw, &path, r#"{"forced":null}"#);
    assert_eq!(done.await.status, 200);
    assert_eq!(chat(&mut raw).await.status, 200);
    server.signal("TERM").await;
    while !told.contains("event: bye\n") {
        told += std::str::from_utf8(&soon(events.chunk()).await.unwrap()).unwrap();
    }
}

#[tokio::test]
async fn with_a_master_key_the_page_asks_for_it_once() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let server =
        Server::start(&config(&main, &format!("{KEYED}\nsanso: {{ history: off }}"))).await;
    let mut raw = server.connect().await;
    for path in ["/admin/overview", "/admin/series", "/admin/requests", "/admin/events"] {
        get(&mut raw, path).await.error(401, "authentication_error");
    }
    for path in ["/admin/alerts/1/silence", "/admin/deployments/x/breaker"] {
        post(&mut raw, path, "{}").await.error(401, "authentication_error");
    }
    // The page itself has no secret in it, and none of what it would show.
    let page = get(&mut raw, "/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("started_at"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));

    let wrong = post(&mut raw, "/admin/login", r#"{"key":"sk-wrong"}"#).await;
    assert!(!wrong.error(401, "authentication_error").contains("sk-"));
    let right = post(&mut raw, "/admin/login", r#"{"key":"sk-master-key"}"#).await;
    let cookie = right.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    let session = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    let shown = raw.ask(asked("GET", "/admin/overview", &session, "")).await;
    assert_eq!(shown.json()["verdict"]["state"], "empty");
    let key = "authorization: Bearer sk-master-key\r\n";
    assert_eq!(raw.ask(asked("GET", "/admin/overview", key, "")).await.status, 200);
    // A session is for looking at the gateway, not for asking models.
    let with = format!("{JSON}{session}");
    let reply = raw.ask(asked("POST", "/v1/chat/completions", &with, CHAT)).await;
    reply.error(401, "authentication_error");
    for _ in 0..9 {
        post(&mut raw, "/admin/login", r#"{"key":"guess"}"#)
            .await
            .error(401, "authentication_error");
    }
    let slow = post(&mut raw, "/admin/login", r#"{"key":"guess"}"#).await;
    slow.error(429, "invalid_request_error");
    assert_eq!(slow.header("retry-after"), Some("60"));
    // Who has the key is not kept out by others' guesses.
    let right = post(&mut raw, "/admin/login", r#"{"key":"sk-master-key"}"#).await;
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn what_another_site_makes_a_browser_send_is_refused() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(
        &main,
        "sanso: { history: off, admin: { hosts: [sanso.internal] } }",
    ))
    .await;
    let mut raw = server.connect().await;
    let path = "/admin/deployments/x/breaker";
    let body = r#"{"forced":"open"}"#;
    for (headers, status) in [
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/json\r\norigin: http://evil.example\r\n", 403),
        ("content-type: application/json\r\nsec-fetch-site: cross-site\r\n", 403),
        ("content-type: application/json\r\norigin: null\r\n", 403),
        ("content-type: application/json\r\norigin: http://127.0.0.1\r\n", 404),
        ("content-type: application/json\r\nsec-fetch-site: same-origin\r\n", 404),
        (
            "host: sanso.internal:4000\r\ncontent-type: application/json\r\norigin: http://sanso.internal:4000\r\n",
            404,
        ),
        (
            "host: rebound.example\r\ncontent-type: application/json\r\norigin: http://rebound.example\r\n",
            403,
        ),
    ] {
        let reply = raw.ask(asked("POST", path, headers, body)).await;
        assert_eq!(reply.status, status, "{headers}: {}", reply.text());
    }
    for (host, status) in [
        ("rebound.example:4000", 403),
        ("localhost:4000", 200),
        ("[::1]:4000", 200),
        ("10.1.2.3", 200),
        ("SANSO.internal", 200),
    ] {
        let headers = format!("host: {host}\r\n");
        let reply = raw.ask(asked("GET", "/admin/overview", &headers, "")).await;
        assert_eq!(reply.status, status, "{host}");
        // Who asks models under whatever name is served.
        let headers = format!("{headers}{JSON}");
        assert_eq!(
            raw.ask(asked("POST", "/v1/chat/completions", &headers, CHAT)).await.status,
            200
        );
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_what_and_why() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let server = Server::start(&config(&main, "sanso: { history: off }")).await;
    let mut raw = server.connect().await;
    for (path, words) in [
        ("/admin/overview?range=2w", "there are 15m, 1h, 6h, 24h, 7d and 30d"),
        ("/admin/overview?rnge=1h", "`rnge` is not known here; there are: range."),
        ("/admin/series?points=0", "`points` is `0`, and must be from 1 to 2000"),
        ("/admin/series?points=99999999999999999999", "must be from 1 to 2000"),
        ("/admin/requests?limit=1000000", "`limit` is `1000000`, and must be from 1 to 1000"),
        ("/admin/requests?limit=-1", "must be from 1 to 1000"),
        ("/admin/requests?kind=Nope", "No kind of fault is called `Nope`"),
        ("/admin/requests?degradation_level=bad", "No degradation is called `bad`"),
        ("/admin/requests?q=%ff", "not UTF-8"),
    ] {
        let message = get(&mut raw, path).await.error(400, "invalid_request_error");
        assert!(message.contains(words), "{path}: {message}");
    }
    for (path, body, status) in [
        ("/admin/alerts/none/silence", r#"{"for":"1h"}"#, 404),
        ("/admin/alerts/none/silence", r#"{"for":"soon"}"#, 400),
        ("/admin/alerts/none/silence", r#"{"for":"1s"}"#, 400),
        ("/admin/alerts/none/silence", "{}", 400),
        ("/admin/deployments/none/breaker", r#"{"forced":"open"}"#, 404),
        ("/admin/deployments/none/breaker", r#"{"forced":"ajar"}"#, 400),
        ("/admin/deployments/none/breaker", "{}", 400),
        ("/admin/login", "not json", 400),
    ] {
        let reply = post(&mut raw, path, body).await;
        reply.error(status, "invalid_request_error");
    }
}

#[tokio::test]
async fn the_page_may_have_an_address_of_its_own() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let listen = "sanso: { history: off, admin: { listen: \"127.0.0.1:0\" } }";
    let server = Server::start(&config_at(&main.base_url(), listen)).await;
    let mut raw = server.connect().await;
    assert_eq!(chat(&mut raw).await.status, 200);
    get(&mut raw, "/admin/overview").await.error(404, "invalid_request_error");
    get(&mut raw, "/").await.error(404, "invalid_request_error");
    let mut page = Raw::connect(server.page).await;
    until(&mut page, "/admin/overview", |it| it["totals"]["requests"] == 1).await;
    post(&mut page, "/v1/chat/completions", CHAT).await.error(404, "invalid_request_error");
    assert_eq!(get(&mut page, "/metrics").await.status, 200);
}

#[tokio::test]
async fn a_disk_that_hangs_keeps_no_connection_waiting() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let (config, history) = setup(&main, &spare, "");
    // Whoever opens it to write waits for a reader, and there is none.
    let hung = format!("{}.alerts.new", history.path());
    let made = std::process::Command::new("mkfifo").arg(&hung).status().unwrap();
    assert!(made.success());
    let mut server = Server::start(&config).await;
    let mut raw = server.connect().await;
    main.set(Problem::BadKey);
    assert_eq!(chat(&mut raw).await.status, 200, "by the spare");
    let fired = |shown: &Value| {
        shown["alerts"].as_array().unwrap().iter().any(|alert| alert["state"] == "firing")
    };
    soon(until(&mut raw, "/admin/overview", fired)).await;
    for _ in 0..3 {
        let mut another = soon(server.connect()).await;
        assert_eq!(soon(get(&mut another, "/health/liveliness")).await.status, 200);
        assert_eq!(soon(chat(&mut another)).await.status, 200);
    }
    server.signal("TERM").await;
    assert_eq!(server.ended().await, Some(0));
    std::fs::remove_file(&hung).unwrap();
}
