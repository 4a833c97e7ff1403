//! The table of faults: what becomes of a request whose provider does each of them, over real sockets,
//! against the binary.
//!
//! Each row has a provider of its own, which plays a script over raw TCP, and a healthy fallback. It
//! says what the client must see, and how often the provider may be called. After all rows nothing is
//! in flight, the gateway still answers, and no key has left it.
#![cfg(test)]

mod bodies;
mod client;
mod http2;
mod leaving;
mod lost;
#[path = "../it/raw.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod raw;
mod row;
mod rows;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod support;
mod tls;
mod trusting;
#[path = "../../../sanso/tests/it/upstream.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod upstream;

use std::fmt::Write as _;
use std::sync::Arc;

use sanso_sim::provider::{Provider, Vendor};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::row::{Row, Stage};
use crate::support::{File, Server};
use crate::tls::Authority;

/// The key of every deployment. It must be in no byte that a client or a log reader sees.
const KEY: &str = "sk-canary-0123456789abcdef";

/// Rows that are played at once.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_ends_as_the_specification_says() {
    let rows = rows::all();
    let spare = Provider::start(Vendor::OpenAi).await.unwrap();
    let authority = Authority::new();
    let mut stages = Vec::new();
    for row in rows {
        stages.push(Stage::set(row, &authority).await);
    }
    let trusted = File::new(&authority.pem());
    let mut server = Server::start(&config(&stages, &spare, &trusted)).await;
    let address = server.address;

    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for stage in stages {
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire().await.unwrap();
            stage.play(address).await
        });
    }
    let mut results = playing.join_all().await;
    results.sort_by_key(|result| result.number);

    println!("{}", row::Result::HEAD);
    results.iter().for_each(|result| println!("{result}"));
    let wrong: Vec<_> = results.iter().filter_map(|result| result.wrong.as_ref()).collect();
    assert!(wrong.is_empty(), "{} of {} rows: {wrong:#?}", wrong.len(), results.len());
    assert!(results.len() >= 50, "{} rows", results.len());

    nothing_leaked(&mut server).await;
}

/// Nothing in flight, an answer for who asks, no key in the log.
async fn nothing_leaked(server: &mut Server) {
    let alive = client::ask(server.address, "spare", false).await;
    assert_eq!(alive.status, Some(200));
    support::soon(async {
        while server.metric("sanso_in_flight", &[]).await > 0.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.signal("TERM").await;
    for line in server.rest().await {
        assert!(!line.contains(KEY), "a key in the log: {line}");
    }
}

fn config(stages: &[Stage], spare: &Provider, trusted: &File) -> String {
    let mut models = String::from("model_list:\n");
    let (mut fallbacks, mut groups) = (String::new(), String::new());
    for stage in stages {
        let (group, Row { dialect, .. }) = (stage.group(), &stage.row);
        let (model, base) = (dialect.model(), &stage.base);
        writeln!(
            models,
            "  - {{ model_name: {group}, litellm_params: {{ model: {model}, api_base: \"{base}\", \
             api_key: {KEY} }}, model_info: {{ id: {group} }} }}"
        )
        .unwrap();
        if stage.row.early {
            write!(groups, "{group}: {{ streams: {{ commit_by: 50ms }} }}, ").unwrap();
        }
        if !stage.row.alone {
            write!(fallbacks, "{{ {group}: [spare] }}, ").unwrap();
        }
    }
    let (base, trusted) = (spare.base_url(), trusted.path());
    format!(
        "{models}  - {{ model_name: spare, litellm_params: {{ model: openai/gpt-4.1, api_base: \
         \"{base}\", api_key: {KEY} }} }}
litellm_settings: {{ num_retries: 1, request_timeout: 1200ms, ssl_verify: \"{trusted}\", fallbacks: [{fallbacks}] }}
sanso:
  timeouts: {{ connect: 600ms, first_token: 750ms, first_token_patient: 750ms, gap: 750ms }}
  groups: {{ {groups} }}
  limits: {{ head: 16KiB, event: 64KiB, answer: 4MiB, body: 1MiB }}
"
    )
}
