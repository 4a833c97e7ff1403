//! A thousand mixed requests, and whoever tells of them tells the same, to the request.

use std::collections::BTreeMap;

use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::Value;

use crate::raw::{Raw, get, post};
use crate::support::{File, Server, config, soon};

/// Requests by how well they were answered.
type Counts = BTreeMap<String, u64>;

const REQUESTS: u64 = 1000;

/// `main` with `spare` behind it. No breaker and no gate comes between, so that each request goes as it
/// is meant to.
fn setup(main: &Provider, spare: &Provider, history: &File) -> String {
    let spare = format!(
        "  - model_name: spare\n    litellm_params: {{ model: openai/gpt-4.1-mini, api_base: \"{}\", api_key: k }}\n",
        spare.base_url()
    );
    let settings = format!(
        "litellm_settings: {{ num_retries: 0, cooldown_time: 0, fallbacks: [{{ main: [spare] }}] }}\n\
         sanso: {{ history: {{ path: {} }} }}\n",
        history.path()
    );
    config(main, &format!("{spare}{settings}"))
}

/// One request, as its number has it. Returns how it will have been answered.
async fn send(number: u64, raw: &mut Raw, main: &Provider, spare: &Provider) -> &'static str {
    let (behaviour, level) = match number % 10 {
        0..=5 => (Behaviour::Healthy, "full"),
        6 => (Problem::Status(500).into(), "partial"),
        7 => (Problem::Status(502).into(), "unavailable"),
        8 => (Problem::Status(400).into(), "rejected"),
        _ => (Behaviour::Empty, "partial"),
    };
    main.set(behaviour);
    spare.set(if level == "unavailable" {
        Problem::Status(500).into()
    } else {
        Behaviour::Healthy
    });
    let stream = number % 10 == 5;
    let body = format!(
        r#"{{"model":"main","stream":{stream},"messages":[{{"role":"user","content":"{number}"}}]}}"#
    );
    let reply = raw.ask(post("", &body)).await;
    let expected = match level {
        "full" | "partial" => reply.status == 200,
        "rejected" => reply.status == 400,
        _ => reply.status >= 500,
    };
    assert!(expected, "{number}: {reply:?}");
    level
}

/// A client that goes away before it is answered.
async fn leave(server: &Server, main: &Provider) -> &'static str {
    main.set(Behaviour::Silent);
    let calls = main.stats().calls;
    let mut raw = server.connect().await;
    raw.send(post("", r#"{"model":"main","messages":[{"role":"user","content":"bye"}]}"#)).await;
    soon(until(|| main.stats().calls > calls)).await;
    drop(raw);
    soon(until(|| main.stats().in_flight == 0)).await;
    "cancelled"
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

fn by_metrics(text: &str) -> Counts {
    let mut counts = Counts::new();
    for line in text.lines().filter(|line| line.starts_with("sanso_requests_total{")) {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        let level = labels.split("degradation=\"").nth(1).unwrap().split('"').next().unwrap();
        let value = value.parse::<f64>().unwrap() as u64;
        if value > 0 {
            *counts.entry(level.to_owned()).or_default() += value;
        }
    }
    counts
}

/// All series of a counter together.
fn sum(metrics: &str, name: &str) -> u64 {
    let name = format!("sanso_{name}_total{{");
    let series = metrics.lines().filter(|line| line.starts_with(&name));
    series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64).sum()
}

fn by_overview(overview: &Value) -> Counts {
    let totals = overview["totals"].as_object().unwrap().iter();
    let levels = totals.filter(|(name, _)| !["requests", "cost_usd"].contains(&name.as_str()));
    levels
        .filter_map(|(name, count)| Some((name.clone(), count.as_u64().filter(|n| *n > 0)?)))
        .collect()
}

/// Every request that is kept, page by page.
async fn by_list(raw: &mut Raw) -> Counts {
    let mut counts = Counts::new();
    let mut before = String::new();
    loop {
        let page = raw.ask(get_page(&format!("/admin/requests?limit=300{before}"))).await.json();
        for row in page["requests"].as_array().unwrap() {
            let level = row["degradation_level"].as_str().unwrap().to_owned();
            *counts.entry(level).or_default() += 1;
        }
        match page["before"].as_str() {
            Some(id) => before = format!("&before={id}"),
            None => return counts,
        }
    }
}

fn get_page(path: &str) -> String {
    get(path).replace("host: sanso", "host: localhost")
}

#[tokio::test]
async fn a_thousand_mixed_requests_are_told_alike_by_all() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let history = File::new("");
    std::fs::remove_file(&history.0).unwrap();
    let config = setup(&main, &spare, &history);
    let mut server = Server::start(&config).await;
    let mut raw = server.connect().await;
    let (mut sent, mut logged) = (Counts::new(), Counts::new());
    let mut spent = 0.0;
    let (mut attempts, mut fallbacks, mut tokens) = (0, 0, 0);
    for number in 0..REQUESTS {
        let level = if number % 50 == 49 {
            leave(&server, &main).await
        } else {
            send(number, &mut raw, &main, &spare).await
        };
        *sent.entry(level.to_owned()).or_default() += 1;
    }
    // A full pipe holds up the log, not the requests.
    for _ in 0..REQUESTS {
        let line = server.log_line().await;
        *logged.entry(line["degradation_level"].as_str().unwrap().to_owned()).or_default() += 1;
        spent += line["cost_usd"].as_f64().unwrap_or_default();
        attempts += line["attempts"].as_array().unwrap().len() as u64;
        fallbacks += u64::from(line["is_fallback"] == true);
        tokens += line["input_tokens"].as_u64().unwrap_or_default();
        tokens += line["output_tokens"].as_u64().unwrap_or_default();
    }
    assert_eq!(sent.values().sum::<u64>(), REQUESTS);
    assert_eq!(sent.len(), 5, "{sent:?}");
    assert_eq!(logged, sent);
    let metrics = raw.ask(get("/metrics")).await;
    assert_eq!(by_metrics(metrics.text()), sent);
    let counted = ["attempts", "fallbacks", "tokens"].map(|name| sum(metrics.text(), name));
    assert_eq!(counted, [attempts, fallbacks, tokens]);
    // Views are told off the request path.
    let overview = soon(async {
        loop {
            let shown = raw.ask(get_page("/admin/overview?range=15m")).await.json();
            if by_overview(&shown).values().sum::<u64>() >= REQUESTS {
                break shown;
            }
        }
    });
    let overview = overview.await;
    assert_eq!(by_overview(&overview), sent);
    let shown = overview["totals"]["cost_usd"].as_f64().unwrap();
    assert!((shown - spent).abs() < 1e-9 && spent > 0.0, "{shown} {spent}");
    assert_eq!(by_list(&mut raw).await, sent);

    // What is read from the file alone, after a restart.
    server.signal("TERM").await;
    assert_eq!(server.ended().await, Some(0));
    let server = Server::start(&config).await;
    let mut raw = server.connect().await;
    assert_eq!(by_list(&mut raw).await, sent);
    let series = raw.ask(get_page("/admin/series?range=1h")).await.json();
    let asked = series["model_groups"]["main"]["requests"].as_array().unwrap();
    // A caller's mistake and one who left say nothing of the models: charts and rates leave them out.
    let counted = REQUESTS - sent["rejected"] - sent["cancelled"];
    assert_eq!(asked.iter().filter_map(Value::as_u64).sum::<u64>(), counted);
    let costs = series["cost_usd"]["answers"].as_array().unwrap();
    let kept: f64 = costs.iter().filter_map(Value::as_f64).sum();
    assert!(kept > 0.0 && kept <= spent * 1.001, "{kept} {spent}");
}
