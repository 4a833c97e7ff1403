//! What one deployment did for one requested model. Such pairs are few, known only as requests come
//! (a request may bring fallbacks of its own), and looked up by numbers.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sanso_core::{DeploymentId, GroupId};

use super::super::{Histograms, OVERHEADS, add, histograms};
use super::deployments::Named;
use super::labels;

type Dollars = Counter<f64, AtomicU64>;

/// See the module.
#[derive(Debug)]
pub(super) struct Pairs {
    pairs: RwLock<HashMap<(GroupId, DeploymentId), Arc<Pair>>>,
    total: Family<labels::Responses, Counter>,
    success: Family<labels::Responses, Counter>,
    latency: Histograms<labels::Answers>,
    ttft: Histograms<labels::Answers>,
    per_token: Histograms<labels::Deployment>,
    overhead: Histograms<labels::Overhead>,
    input: Family<labels::Answers, Counter>,
    output: Family<labels::Answers, Counter>,
    tokens: Family<labels::Answers, Counter>,
    spend: Family<labels::Answers, Dollars>,
}

/// One pair's counters.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) total: Counter,
    pub(super) success: Counter,
    latency: Histogram,
    ttft: Histogram,
    per_token: Histogram,
    overhead: Histogram,
    input: Counter,
    output: Counter,
    tokens: Counter,
    spend: Dollars,
}

/// What is told of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) took: Duration,
    /// Of a stream.
    pub(super) first_content: Option<Duration>,
    pub(super) overhead: Duration,
    /// In and out.
    pub(super) tokens: Option<(u64, u64)>,
    pub(super) cost_usd: Option<f64>,
}

impl Pairs {
    pub(super) fn new(r: &mut Registry) -> Self {
        let (latency, ttft, per_token) = (histograms(), histograms(), histograms());
        let overhead: Histograms<labels::Overhead> =
            Family::new_with_constructor(|| Histogram::new(OVERHEADS));
        let name = "litellm_llm_api_latency_metric";
        r.register(name, "Seconds that answering calls took", Family::clone(&latency));
        let name = "litellm_llm_api_time_to_first_token_metric";
        r.register(name, "Seconds to the first content of streams", Family::clone(&ttft));
        let name = "litellm_deployment_latency_per_output_token";
        r.register(name, "Seconds per token of an answer", Family::clone(&per_token));
        let name = "litellm_overhead_latency_metric";
        r.register(name, "Seconds that the gateway itself took", Family::clone(&overhead));
        Self {
            pairs: RwLock::default(),
            total: add(r, "litellm_deployment_total_requests", "Calls of a deployment"),
            success: add(r, "litellm_deployment_success_responses", "Those that were answered"),
            latency,
            ttft,
            per_token,
            overhead,
            input: add(r, "litellm_input_tokens_metric", "Tokens of prompts"),
            output: add(r, "litellm_output_tokens_metric", "Tokens of answers"),
            tokens: add(r, "litellm_total_tokens_metric", "Tokens of both"),
            spend: add(r, "litellm_spend_metric", "US dollars"),
        }
    }

    /// What `deployment` did for `group`; made when it is first asked for.
    pub(super) fn of(
        &self,
        (group, requested): (GroupId, &str),
        (deployment, named): (DeploymentId, &Named),
    ) -> Arc<Pair> {
        let key = (group, deployment);
        let known = self.pairs.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(pairs.entry(key).or_insert_with(|| Arc::new(self.make(requested, named))))
        })
    }

    fn make(&self, requested: &str, named: &Named) -> Pair {
        let responses = named.responses(requested);
        let answers = named.answers(requested);
        Pair {
            total: self.total.get_or_create_owned(&responses),
            success: self.success.get_or_create_owned(&responses),
            latency: self.latency.get_or_create_owned(&answers),
            ttft: self.ttft.get_or_create_owned(&answers),
            per_token: self.per_token.get_or_create_owned(&named.deployment()),
            overhead: self.overhead.get_or_create_owned(&named.overhead()),
            input: self.input.get_or_create_owned(&answers),
            output: self.output.get_or_create_owned(&answers),
            tokens: self.tokens.get_or_create_owned(&answers),
            spend: self.spend.get_or_create_owned(&answers),
        }
    }
}

impl Pair {
    pub(super) fn answered(&self, answer: Answered) {
        let took = answer.took.as_secs_f64();
        self.latency.observe(took);
        self.overhead.observe(answer.overhead.as_secs_f64());
        if let Some(first) = answer.first_content {
            self.ttft.observe(first.as_secs_f64());
        }
        if let Some((input, output)) = answer.tokens {
            self.input.inc_by(input);
            self.output.inc_by(output);
            self.tokens.inc_by(input.saturating_add(output));
            if output > 0 {
                self.per_token.observe(took / output as f64);
            }
        }
        self.spend.inc_by(answer.cost_usd.unwrap_or_default());
    }
}
