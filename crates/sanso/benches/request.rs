//! What one request costs apart from its connections: CPU time per request, as JSON.
//!
//! `chain` is the core alone: the walk, the gates, the budgets, the breaker of a request that its first
//! call answers. `body` is what anyone has to do who looks at a request: the body read, an answer
//! written. `request` is all of the library but the upstream's connections and its HTTP: both of these,
//! counters and trail; a canned answer stands for the provider's. `logged` writes a line of the request
//! log besides, and hands it to its writer; `watched` keeps it in a history and in the figures of a
//! watch, too, as `sanso serve` does. `by_quality`, `by_cost` and `by_latency` are what the order of a
//! task of thirty models costs above one that is as listed.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sanso::watch::{Thresholds, Watch};
use sanso::{Gateway, Queue, Relayed, View, config, wall_clock};
use sanso_core::{
    Chain, Class, Deployment, DeploymentId, Gates, Group, GroupId, Instant, Outcome, Request, Rng,
    Rules, Signal, Step, Topology,
};
use sanso_history::{History, Settings};
use sanso_wire::envelope::Envelope;
use sanso_wire::{ir, openai_chat};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REQUESTS: u32 = 200_000;
/// For each order of a task.
const ORDERED: u32 = 50_000;
/// Of those that are watched, and how many come at once.
const WATCHED: u32 = 20_000;
const BURST: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(100);
const MODELS: u32 = 30;
const ROUNDS: usize = 5;

const CONFIG: &str = "
model_list:
  - { model_name: main, litellm_params: { model: openai/a, api_key: k, mock_response: Hello } }
  - { model_name: main, litellm_params: { model: openai/b, api_key: k, mock_response: Hello } }
  - { model_name: spare, litellm_params: { model: openai/c, api_key: k, mock_response: Hello } }
litellm_settings: { num_retries: 2, fallbacks: [{ main: [spare] }] }
";
const BODY: &[u8] =
    br#"{"model":"main","messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;

#[expect(clippy::expect_used, reason = "a measurement that cannot be made ends")]
fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let config = |text: &str| {
        let nothing = BTreeMap::<String, String>::new();
        config::parse(text, "bench", &nothing, config::Options::default()).expect("a configuration")
    };
    let silent = Gateway::from_config(config(CONFIG)).expect("a gateway");
    let logged = Gateway::with_request_log(config(CONFIG), Box::new(io::sink()));
    let logged = logged.expect("a gateway");
    let watched = Gateway::with_request_log(config(CONFIG), Box::new(io::sink()));
    let watched = watched.expect("a gateway");
    let folder = std::env::temp_dir().join(format!("sanso-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    watch(&watched, &folder);
    let ordered = Gateway::from_config(config(&tasks())).expect("a gateway");
    let through = |gateway: &Gateway, body: &Bytes, requests: u32| {
        runtime.block_on(async {
            for _ in 0..requests {
                let relayed = gateway.relay(body.clone(), gateway.arrive()).await;
                assert!(matches!(black_box(relayed), Ok(Relayed::Whole { .. })));
            }
        });
    };
    let body = Bytes::from_static(BODY);
    let chain = best_of(REQUESTS, chains);
    let bodies = best_of(REQUESTS, || bodies(&body));
    let request = best_of(REQUESTS, || through(&silent, &body, REQUESTS));
    let logged = best_of(REQUESTS, || through(&logged, &body, REQUESTS));
    // In bursts that the views can follow; the time is the processor's, so pauses are not in it.
    let watched_us = best_of(WATCHED, || {
        for _ in 0..WATCHED / BURST {
            through(&watched, &body, BURST);
            runtime.block_on(async { tokio::time::sleep(PAUSE).await });
        }
    });
    let lost = watched.metrics();
    let lost = lost.lines().filter(|line| line.starts_with("sanso_events_dropped_total{"));
    let lost: Vec<&str> = lost.filter(|line| !line.ends_with(" 0")).collect();
    drop(watched);
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    let [listed, quality, cost, latency] = STRATEGIES.map(|strategy| {
        let body =
            String::from_utf8_lossy(BODY).replace("main", &format!("task/{strategy}")).into();
        best_of(ORDERED, || through(&ordered, &body, ORDERED))
    });
    let by = [quality, cost, latency].map(|all| all - listed);
    let mut out = io::stdout();
    let figures = format!(
        r#"{{"chain_us":{chain:.3},"body_us":{bodies:.3},"request_us":{request:.3},"logged_us":{logged:.3},"watched_us":{watched_us:.3},"by_quality_us":{:.3},"by_cost_us":{:.3},"by_latency_us":{:.3}}}"#,
        by[0], by[1], by[2]
    );
    writeln!(out, "{figures}").expect("standard output");
    if !lost.is_empty() {
        writeln!(io::stderr(), "watched_us is too low, events were dropped: {lost:?}")
            .expect("standard error");
    }
}

/// The views of `sanso serve`: figures, and a history in `folder`.
#[expect(clippy::expect_used, reason = "a measurement that cannot be made ends")]
fn watch(gateway: &Gateway, folder: &Path) {
    let settings = Settings::new(folder.join("history.db"), wall_clock);
    let history = History::start(settings, gateway.plan()).expect("a history");
    let mut watch = Watch::new(gateway.plan(), Thresholds::default(), None, wall_clock());
    let view = Queue::spawn("watch", move |events| {
        for event in events {
            watch.note(&event);
            history.note(event);
        }
        0
    });
    let view: Arc<dyn View> = Arc::new(view.expect("a thread"));
    gateway.tell(&view);
}

const STRATEGIES: [&str; 4] = ["order", "quality", "cost", "latency"];

/// A task for each strategy, over models of which everything is known.
fn tasks() -> String {
    let mut text = "model_list:\n".to_owned();
    for number in 0..MODELS {
        text += &format!(
            "  - {{ model_name: m{number}, litellm_params: {{ model: openai/m{number}, api_key: k, \
             mock_response: Hello, input_cost_per_token: 0.0{number}, output_cost_per_token: 0.1 }}, \
             model_info: {{ quality: {number} }} }}\n"
        );
    }
    text += "sanso:\n  tasks:\n";
    for strategy in STRATEGIES {
        text += &format!("    {strategy}: {{ strategy: {strategy} }}\n");
    }
    text
}

/// The core alone, in a time of its own: a request each millisecond.
fn chains() {
    let (topology, gates) = core();
    let mut rng = Rng::from_seed(1);
    let class = Class { stream: false, thinks: false };
    for number in 0..REQUESTS {
        let now = Instant::from_origin(Duration::from_millis(number.into()));
        let request = Request::new(GroupId::new(0), class, now + Duration::from_secs(600));
        let mut chain = Chain::new(Arc::clone(&topology), request, &mut rng);
        let Step::Start(call) = chain.poll(now, &gates, &mut rng) else { continue };
        let done = now + Duration::from_millis(1);
        chain.handle_signal(done, call.id, Signal::End(Outcome::Finished), &gates, &mut rng);
        assert!(matches!(black_box(chain.poll(done, &gates, &mut rng)), Step::Done(_)));
        while let Some(event) = chain.poll_event() {
            black_box(event);
        }
    }
}

/// What is read of a request's body, and what `mock_response` writes.
#[expect(clippy::expect_used, reason = "a measurement that cannot be made ends")]
fn bodies(body: &Bytes) {
    for _ in 0..REQUESTS {
        let envelope = Envelope::read(body.clone()).expect("a request");
        let choice = ir::Choice {
            parts: vec![ir::Part::Text("Hello".to_owned())],
            finish: Some(ir::FinishReason::Stop),
            ..ir::Choice::default()
        };
        let usage = ir::Usage { prompt: 10, completion: 20, ..ir::Usage::default() };
        let answer = ir::Answer {
            model: envelope.model.clone(),
            choices: vec![choice],
            usage: Some(usage),
            ..ir::Answer::default()
        };
        black_box(openai_chat::write_answer(&answer, "chatcmpl-0", 0));
    }
}

fn core() -> (Arc<Topology>, Gates) {
    let deployments = ["a", "b", "c"].map(|key| Deployment {
        credential: Some(key.into()),
        host: Some("host:443".into()),
        ..Deployment::new(key)
    });
    let group = |ids: &[u32], to: &[u32]| Group {
        deployments: ids.iter().map(|id| DeploymentId::new(*id)).collect(),
        fallbacks: Some(to.iter().map(|id| GroupId::new(*id)).collect()),
        ..Group::default()
    };
    let groups = vec![group(&[0, 1], &[1]), group(&[2], &[])];
    let topology = Topology::new(groups, deployments.into(), None, Rules::default());
    let gates = Gates::new(&topology);
    (Arc::new(topology), gates)
}

/// Microseconds a request, of the round that was disturbed least.
fn best_of(requests: u32, round: impl Fn()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let began = cpu_time();
        round();
        (cpu_time() - began).as_secs_f64() * 1e6 / f64::from(requests)
    });
    times.fold(f64::INFINITY, f64::min)
}

/// What all threads of this process have had so far, the log's writer included.
fn cpu_time() -> Duration {
    const PER_SECOND: u32 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |it| it.1).split(' ').skip(11).take(2);
    let ticks: u32 = fields.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    Duration::from_secs(1) * ticks / PER_SECOND
}
