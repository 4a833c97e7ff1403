//! Configurations, requests, and what tests wait for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use sanso::ir::StreamEvent;
use sanso::{AnswerStream, ChatRequest, Error, Gateway, Relay, Relayed, config};
use sanso_sim::provider::Provider;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::upstream::Upstream;

/// A provider's key, in every configuration of these tests.
pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

/// A configuration in the making: groups in order, then what else is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    models: String,
    rest: String,
}

impl Setup {
    /// Adds a deployment of `group`.
    pub(crate) fn model(mut self, group: &str, model: &str, base: &str) -> Self {
        write!(
            self.models,
            "  - model_name: {group}\n    litellm_params: {{ model: {model}, api_base: \"{base}\", api_key: {KEY} }}\n"
        )
        .unwrap();
        self
    }

    /// Says of the deployment that was added last what stands in its `model_info`.
    pub(crate) fn info(mut self, yaml: &str) -> Self {
        writeln!(self.models, "    model_info: {{ {yaml} }}").unwrap();
        self
    }

    /// Adds a deployment that is called without a key.
    pub(crate) fn keyless(mut self, group: &str, model: &str, base: &str) -> Self {
        let params = format!("{{ model: {model}, api_base: \"{base}\" }}");
        writeln!(self.models, "  - model_name: {group}\n    litellm_params: {params}").unwrap();
        self
    }

    pub(crate) fn provider(self, group: &str, provider: &Provider) -> Self {
        let vendor = provider.vendor();
        let model = format!("{}/{}", vendor.name(), vendor.model());
        self.model(group, &model, &provider.base_url())
    }

    pub(crate) fn upstream(self, group: &str, upstream: &Upstream) -> Self {
        self.model(group, "openai/gpt-scripted", &upstream.base_url())
    }

    /// Adds a top-level key in YAML's flow style.
    pub(crate) fn set(mut self, yaml: &str) -> Self {
        writeln!(self.rest, "{yaml}").unwrap();
        self
    }

    /// `main` falls back to `spare`, and nothing is retried.
    pub(crate) fn with_spare(self) -> Self {
        self.set("litellm_settings: { num_retries: 0, fallbacks: [{ main: [spare] }] }")
    }

    /// Nothing is retried.
    pub(crate) fn without_retries(self) -> Self {
        self.set("litellm_settings: { num_retries: 0 }")
    }

    fn config(&self) -> config::Config {
        let text = format!("model_list:\n{}{}", self.models, self.rest);
        let environment = BTreeMap::<String, String>::new();
        config::parse(&text, "test.yaml", &environment, config::Options::default())
            .unwrap_or_else(|report| panic!("{report}\n{text}"))
    }

    pub(crate) fn gateway(&self) -> Gateway {
        Gateway::from_config(self.config()).unwrap()
    }

    /// A gateway whose request log can be read.
    pub(crate) fn logged(&self) -> (Gateway, Log) {
        let (sender, lines) = mpsc::unbounded_channel();
        (self.logged_to(Box::new(Lines(sender))), Log(lines))
    }

    pub(crate) fn logged_to(&self, out: Box<dyn io::Write + Send>) -> Gateway {
        Gateway::with_request_log(self.config(), out).unwrap()
    }
}

struct Lines(mpsc::UnboundedSender<Vec<u8>>);

impl io::Write for Lines {
    /// Lines come in batches.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.0.send(line.to_vec()).map_err(io::Error::other)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The request log as it is written.
#[derive(Debug)]
pub(crate) struct Log(mpsc::UnboundedReceiver<Vec<u8>>);

impl Log {
    pub(crate) async fn line(&mut self) -> Value {
        let line = soon(self.0.recv()).await.unwrap();
        serde_json::from_slice(&line).unwrap()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A question to `main`.
pub(crate) fn ask() -> ChatRequest {
    ChatRequest::new("main").user("Why is the sky blue?")
}

/// The same as bytes, streamed.
pub(crate) fn ask_bytes() -> Bytes {
    Bytes::from_static(
        br#"{"model":"main","stream":true,"messages":[{"role":"user","content":"Why?"}]}"#,
    )
}

/// What must happen, and soon: a hang fails here.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("this takes too long")
}

/// Runs `request` until `event`, and then drops it, as when its client goes away.
pub(crate) async fn leave_when<T>(
    request: impl Future<Output = T>,
    event: impl Future<Output = impl Sized>,
) {
    tokio::select! {
        biased;
        _ = soon(event) => {}
        _ = request => panic!("the request ended before its client left"),
    }
}

/// Waits, without a clock, until something holds that nothing announces.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// The text of a stream, and how it ended.
pub(crate) async fn read(stream: &mut AnswerStream) -> (String, Result<Vec<StreamEvent>, Error>) {
    let (mut text, mut events) = (String::new(), Vec::new());
    loop {
        match soon(stream.next()).await {
            Ok(Some(event)) => {
                if let StreamEvent::Text { text: piece, .. } = &event {
                    text.push_str(piece);
                }
                events.push(event);
            }
            Ok(None) => return (text, Ok(events)),
            Err(error) => return (text, Err(error)),
        }
    }
}

/// Asks over bytes for a stream that must begin.
pub(crate) async fn relay(gateway: &Gateway) -> Box<Relay> {
    relay_of(gateway, ask_bytes()).await
}

/// The same with a body of the test's own.
pub(crate) async fn relay_of(gateway: &Gateway, body: Bytes) -> Box<Relay> {
    match soon(gateway.relay(body, gateway.arrive())).await.unwrap() {
        Relayed::Stream(relay) => relay,
        Relayed::Whole { body, .. } => panic!("no stream: {body:?}"),
        Relayed::Early(early) => panic!("no content yet: {early:?}"),
    }
}

/// All that a client is sent.
pub(crate) async fn drain(relay: &mut Relay) -> String {
    let mut all = Vec::new();
    while let Some(chunk) = soon(poll_fn(|cx| relay.poll_chunk(cx))).await {
        all.extend_from_slice(&chunk);
    }
    String::from_utf8(all).unwrap()
}

/// Who was called and what came of it: `openai/gpt=529 anthropic/claude=200`.
pub(crate) fn trail(served: &sanso::Served) -> String {
    let attempts = served.attempts.iter();
    let said = attempts.map(|attempt| format!("{}={}", attempt.deployment, attempt.outcome));
    said.collect::<Vec<_>>().join(" ")
}

/// Calls in flight over all deployments.
pub(crate) fn in_flight(gateway: &Gateway) -> u32 {
    gateway.deployments().iter().map(|deployment| deployment.in_flight).sum()
}

/// The sum of a metric over the series whose labels contain all of `labels`.
pub(crate) fn metric(gateway: &Gateway, name: &str, labels: &[&str]) -> f64 {
    let text = gateway.metrics();
    let series = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let labelled = series.strip_prefix(name)?;
        let is_it = labelled.is_empty() || labelled.starts_with('{');
        (is_it && labels.iter().all(|label| labelled.contains(label)))
            .then(|| value.parse::<f64>().unwrap())
    });
    series.sum()
}
