//! The gateway: a configuration, what is known of its deployments, and the way to ask.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use sanso_core::{BreakerState, Instant, News};
use sanso_watch::{Forced, Mark, MarkKind};
use sanso_wire::envelope::Envelope;
use tokio::sync::broadcast;

use crate::answer::{Answer, AnswerStream};
use crate::ask::{Asked, Sizes};
use crate::checks::Checks;
use crate::clock::{Clock, wall_clock};
use crate::config::{self, Config, Report};
use crate::degrade::{Caller, Store};
use crate::early::Early;
use crate::error::Error;
use crate::exchange::{Exchange, Reply};
use crate::observe::{BreakerChange, Observer, View, standing};
use crate::plan::{self, Plan};
use crate::request::ChatRequest;
use crate::snapshot::Snapshot;
use crate::tasks;
use crate::upstream::{Upstream, UpstreamLimits};

/// Calls LLM providers through retry, fallback and circuit breaker.
///
/// Cheap to clone: clones share everything. Needs a tokio runtime.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sanso::{ChatRequest, Gateway};
///
/// let gateway = Gateway::from_yaml(&std::fs::read_to_string("config.yaml")?)?;
/// let answer = gateway.chat(ChatRequest::new("main-model").user("Why is the sky blue?")).await?;
/// println!("{} says: {}", answer.served_by(), answer.text());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) clock: Clock,
    pub(crate) upstream: Upstream,
    pub(crate) observer: Observer,
    pub(crate) store: Store,
}

/// What is known of a request besides its body. [`Gateway::arrive`] makes one.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When its first byte came.
    pub(crate) at: Instant,
    /// The shortest deadline that the client named, from then on.
    pub deadline: Option<Duration>,
    /// The client says that it is repeating a request that failed: it earns no retries.
    pub is_retry: bool,
    /// The task that a header names (`x-sanso-task`); what the body says counts before it.
    pub task: Option<String>,
    /// Who asks.
    caller: Option<Caller>,
}

impl Arrival {
    /// Who asks, by the key that they sent: an answer that is stored for one key is never served to
    /// another. Without a key they are of those who sent none.
    #[must_use]
    pub fn from_key(mut self, key: Option<&str>) -> Self {
        self.caller = key.map(Caller::of_key);
        self
    }
}

/// What an operator sees of one deployment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeploymentState {
    /// LiteLLM's id.
    pub id: Arc<str>,
    /// `provider/model`.
    pub name: Arc<str>,
    /// Its circuit breaker.
    pub breaker: BreakerState,
    /// Calls in flight.
    pub in_flight: u32,
}

impl Gateway {
    /// A gateway from the text of a LiteLLM `config.yaml`. Variables come from the process's
    /// environment.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, at once.
    pub fn from_yaml(text: &str) -> Result<Self, Report> {
        let environment = config::ProcessEnvironment;
        let config = config::parse(text, "config.yaml", &environment, config::Options::default())?;
        Self::from_config(config)
    }

    /// A gateway from a checked configuration.
    ///
    /// # Errors
    /// A deployment whose address or headers cannot be put into a request.
    pub fn from_config(config: Config) -> Result<Self, Report> {
        Self::build(config, None)
    }

    /// The same, which writes one JSON line per finished request to `log`, off the request path.
    ///
    /// # Errors
    /// As [`Gateway::from_config`].
    pub fn with_request_log(config: Config, log: Box<dyn Write + Send>) -> Result<Self, Report> {
        Self::build(config, Some(log))
    }

    fn build(config: Config, log: Option<Box<dyn Write + Send>>) -> Result<Self, Report> {
        let snapshot = Snapshot::new(config)?;
        let limits = UpstreamLimits {
            connect: snapshot.config.policy.timeouts.connect,
            head_bytes: snapshot.config.limits.head,
        };
        let upstream = Upstream::new(limits, &snapshot.config.trust)
            .map_err(|error| Report::of_error(format!("TLS cannot be set up: {error}")))?;
        let observer = Observer::new(&snapshot);
        if let Some(log) = log
            && let Err(error) = observer.log_to(log)
        {
            tracing::error!(%error, "no request log: its thread could not be started");
        }
        let store = Store::new(snapshot.config.limits.stored);
        let snapshot = ArcSwap::from_pointee(snapshot);
        let shared = Shared { snapshot, clock: Clock::start(), upstream, observer, store };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// No one answered; [`Error::served`] says who was asked.
    pub async fn chat(&self, request: ChatRequest) -> Result<Answer, Error> {
        match self.exchange(request.into_body(false), self.arrive())?.run().await? {
            Reply::Whole { body, served } => Answer::read(body, *served),
            Reply::Stream(_) => Err(crate::fail::internal("a plain request was streamed")),
        }
    }

    /// Asks, and returns at the first content of the answer.
    ///
    /// # Errors
    /// No one began to answer; [`Error::served`] says who was asked.
    pub async fn stream(&self, request: ChatRequest) -> Result<AnswerStream, Error> {
        let reply = self.exchange(request.into_body(true), self.arrive())?.run().await?;
        Ok(AnswerStream::new(reply))
    }

    /// Notes that a request begins to arrive: its deadline runs from its first byte, not from its
    /// last.
    #[must_use]
    pub fn arrive(&self) -> Arrival {
        let at = self.shared.clock.now();
        Arrival { at, deadline: None, is_retry: false, task: None, caller: None }
    }

    /// Asks with an OpenAI chat body as it came over HTTP, for servers: bytes in, bytes out.
    ///
    /// # Errors
    /// The body is at fault, or no one answered.
    pub async fn relay(&self, body: Bytes, arrival: Arrival) -> Result<Relayed, Error> {
        let exchange = self.exchange(body, arrival)?;
        let stream = exchange.asked.envelope.stream;
        let relayed = |reply| match reply {
            Reply::Whole { body, served } => Relayed::Whole { body, served, stream },
            Reply::Stream(relay) => Relayed::Stream(relay),
        };
        if !stream {
            return exchange.run().await.map(relayed);
        }
        let commit_by = exchange.commit_by();
        let id = exchange.request_id.clone();
        let at = self.shared.clock.to_tokio(exchange.started + commit_by);
        let mut run = Box::pin(exchange.run());
        tokio::select! {
            biased;
            reply = &mut run => reply.map(relayed),
            () = tokio::time::sleep_until(at) => {
                Ok(Relayed::Early(Box::new(Early::new(id, run, commit_by))))
            }
        }
    }

    /// What clients may ask for.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        self.shared.snapshot.load().models().map(str::to_owned).collect()
    }

    /// The configuration that new requests are served from.
    #[must_use]
    pub fn config(&self) -> impl std::ops::Deref<Target = Config> {
        ConfigRef(self.shared.snapshot.load_full())
    }

    /// A name for a request: unique, and in the order of time. For answers that no provider was
    /// asked for, such as a refusal.
    #[must_use]
    pub fn new_request_id(&self) -> String {
        self.shared.clock.request_id()
    }

    /// Prometheus text, in OpenMetrics' format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let now = self.shared.clock.now();
        self.shared.observer.render(&self.shared.snapshot.load(), now)
    }

    /// Every deployment as it stands.
    #[must_use]
    pub fn deployments(&self) -> Vec<DeploymentState> {
        let snapshot = self.shared.snapshot.load();
        let now = self.shared.clock.now();
        let state = |id| {
            let view = snapshot.gates.view(id, now);
            (view.breaker, view.in_flight)
        };
        let deployments = snapshot.deployments().map(|(id, target)| {
            let (breaker, in_flight) = state(id);
            let (name, id) = (snapshot.label(id), Arc::clone(&target.id));
            DeploymentState { id, name, breaker, in_flight }
        });
        deployments.collect()
    }

    /// Changes of circuit breakers, as requests notice them.
    #[must_use]
    pub fn watch_breakers(&self) -> broadcast::Receiver<BreakerChange> {
        self.shared.observer.watch_breakers()
    }

    /// Tells one more of what happens from now on, off the request path.
    pub fn tell(&self, view: &Arc<dyn View>) {
        self.shared.observer.tell(view);
    }

    /// Tells the views that something was done to the gateway which may explain what follows.
    pub fn mark(&self, kind: MarkKind, what: &str) {
        let mark = Mark { at: wall_clock(), kind, what: what.into() };
        self.shared.observer.mark(mark);
    }

    /// Sets a deployment's breaker by hand, or leaves it to itself again with `None`. Returns whether
    /// there is a deployment of that id.
    pub fn force(&self, deployment: &str, forced: Option<Forced>) -> bool {
        let snapshot = self.shared.snapshot.load_full();
        let found = snapshot.deployments().find(|(_, target)| *target.id == *deployment);
        let Some((id, _)) = found else { return false };
        let now = self.shared.clock.now();
        let mut news = News::default();
        let forced = standing::to_core(forced);
        snapshot.gates.force(id, forced, now, &mut self.shared.clock.rng(), &mut news);
        for transition in news.breaker {
            let event = sanso_core::Event::Breaker { deployment: id, transition };
            self.shared.observer.note(&event, None, &snapshot, now);
        }
        true
    }

    /// What there is to watch.
    #[must_use]
    pub fn plan(&self) -> sanso_watch::Plan {
        standing::plan(&self.shared.snapshot.load())
    }

    /// Every deployment as its gates are now.
    #[must_use]
    pub fn live(&self) -> Vec<sanso_watch::LiveDeployment> {
        standing::live(&self.shared.snapshot.load(), self.shared.clock.now())
    }

    fn exchange(&self, body: Bytes, arrival: Arrival) -> Result<Exchange, Error> {
        let (started, begun) = (arrival.at, self.shared.clock.now());
        let snapshot = self.shared.snapshot.load_full();
        let envelope = Envelope::read(body)?;
        let order = |task, ask: &tasks::Ask| {
            tasks::legs(&snapshot, task, ask, started, &mut self.shared.clock.rng())
        };
        let plan = plan::make(&snapshot, &envelope, &arrival, order)?;
        let Plan { request, matches, warnings, streamed, explores } = plan;
        let id = self.shared.clock.request_id();
        let limits = &snapshot.config.limits;
        let checks = &snapshot.config.groups[request.group.index()].policy.checks;
        let asked = Asked {
            sizes: Sizes { event: limits.event, answer: limits.answer },
            created: u64::try_from(Clock::wall().as_second()).unwrap_or_default(),
            answer_id: format!("chatcmpl-{id}"),
            streamed,
            held: request.held,
            continues: request.continues,
            no_empty: checks.empty,
            checks: Checks::new(checks),
            matches,
            caller: arrival.caller,
            envelope,
        };
        let shared = Arc::clone(&self.shared);
        let times = (started, begun);
        let mut exchange =
            Exchange::new(shared, snapshot, Arc::new(asked), (request, explores), id, times);
        warnings.into_iter().for_each(|warning| exchange.warn(warning));
        Ok(exchange)
    }
}

/// What [`Gateway::relay`] brings.
#[derive(Debug)]
pub enum Relayed {
    /// A complete answer, as OpenAI's JSON (or, of a stream that ended without content, all of its
    /// events).
    Whole {
        /// The body.
        body: Bytes,
        /// Who served it.
        served: Box<crate::Served>,
        /// Whether the body is server-sent events.
        stream: bool,
    },
    /// A stream whose first content is at hand.
    Stream(Box<crate::Relay>),
    /// A stream that has brought nothing for so long that its headers go out before it is known who
    /// serves it.
    Early(Box<Early>),
}

/// A configuration that is held while it is looked at.
struct ConfigRef(Arc<Snapshot>);

impl std::ops::Deref for ConfigRef {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0.config
    }
}
