//! What one request costs apart from its connections: CPU time per request, as JSON.
//!
//! `chain` is the core alone: the walk, the gates, the budgets, the breaker of a request that its first
//! call answers. `request` is all of the library but the upstream's connections and its HTTP: the body
//! read and written, the chain, counters and trail; a canned answer stands for the provider's.
//! `logged` writes a line of the request log besides, and hands it to its writer.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sanso::{Gateway, Relayed, config};
use sanso_core::{
    Chain, Class, Deployment, DeploymentId, Gates, Group, GroupId, Instant, Outcome, Request, Rng,
    Rules, Signal, Step, Topology,
};

const REQUESTS: u32 = 200_000;
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
    let config = || {
        config::parse(
            CONFIG,
            "bench",
            &BTreeMap::<String, String>::new(),
            config::Options::default(),
        )
    };
    let silent = Gateway::from_config(config().expect("a configuration")).expect("a gateway");
    let logged =
        Gateway::with_request_log(config().expect("a configuration"), Box::new(io::sink()))
            .expect("a gateway");
    let through = |gateway: &Gateway| {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let relayed = gateway.relay(Bytes::from_static(BODY), gateway.arrive()).await;
                assert!(matches!(black_box(relayed), Ok(Relayed::Whole { .. })));
            }
        });
    };
    let chain = best_of(chains);
    let request = best_of(|| through(&silent));
    let logged = best_of(|| through(&logged));
    let mut out = io::stdout();
    let figures =
        format!(r#"{{"chain_us":{chain:.3},"request_us":{request:.3},"logged_us":{logged:.3}}}"#);
    writeln!(out, "{figures}").expect("standard output");
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
fn best_of(round: impl Fn()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let began = cpu_time();
        round();
        (cpu_time() - began).as_secs_f64() * 1e6 / f64::from(REQUESTS)
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
