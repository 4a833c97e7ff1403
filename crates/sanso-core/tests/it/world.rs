//! A small world in virtual time: many requests over one topology and one set of gates.
//!
//! One heap of events, ordered by time and then by lot, so that what happens at one instant happens
//! in any order; the same seed gives the same history.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use sanso_core::*;

use crate::provider::{Behaviour, Provider};

/// What happened, for the laws to judge.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) requests: Vec<Told>,
    pub(crate) transitions: Vec<(DeploymentId, Transition)>,
    /// Each start of a call with what its deployment's gates showed just before.
    pub(crate) starts: Vec<(usize, CallId, GateView, Vec<Gate>)>,
    pub(crate) over_at: Instant,
}

/// One request's story.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) request: Request,
    pub(crate) arrived: Instant,
    pub(crate) left: Option<Instant>,
    pub(crate) calls: BTreeMap<CallId, CallTold>,
    pub(crate) events: Vec<(Instant, Event)>,
    pub(crate) committed: Vec<(Instant, CallId)>,
    pub(crate) verdicts: Vec<(Instant, Verdict)>,
}

impl Told {
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdicts.first().expect("each request ends").1
    }

    pub(crate) fn served_by(&self) -> Option<&CallTold> {
        match self.verdict() {
            Verdict::Answered { call, .. } | Verdict::Broken(call) => self.calls.get(call),
            Verdict::Failed(_) | Verdict::Cancelled => None,
        }
    }
}

/// One call's story.
#[derive(Clone, Debug)]
pub(crate) struct CallTold {
    pub(crate) call: Call,
    pub(crate) started: Instant,
    pub(crate) content: Option<Instant>,
    pub(crate) over: Option<(Instant, Over)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Over {
    Ended(Outcome),
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Arrive,
    Poll,
    Leave,
    Signal(CallId, Signal),
}

type Due = Reverse<(Instant, u64, usize)>;

pub(crate) struct World {
    pub(crate) topology: Arc<Topology>,
    pub(crate) gates: Gates,
    pub(crate) history: History,
    providers: Vec<Provider>,
    chains: Vec<Option<Chain>>,
    rests: BTreeMap<(usize, CallId), Rest>,
    rng: Rng,
    dice: Rng,
    heap: BinaryHeap<Due>,
    what: Vec<(usize, What)>,
    pub(crate) now: Instant,
}

/// A host that is there is connected to within this.
const CONNECTS_IN: Duration = Duration::from_millis(2);

impl World {
    pub(crate) fn new(topology: Topology, behaviours: Vec<Behaviour>, seed: u64) -> Self {
        let gates = Gates::new(&topology);
        let now = Instant::ORIGIN;
        let history =
            History { requests: vec![], transitions: vec![], starts: vec![], over_at: now };
        Self {
            topology: Arc::new(topology),
            gates,
            history,
            providers: behaviours.into_iter().map(Provider::new).collect(),
            chains: vec![],
            rests: BTreeMap::new(),
            rng: Rng::from_seed(seed),
            dice: Rng::from_seed(!seed),
            heap: BinaryHeap::new(),
            what: vec![],
            now,
        }
    }

    /// Sets how long requests may wait.
    pub(crate) fn patience(&mut self, patience: Patience) {
        let rules = Rules { patience, ..*self.topology.rules() };
        let (groups, deployments) = (self.topology.groups(), self.topology.deployments());
        let topology = Topology::new(groups.to_vec(), deployments.to_vec(), None, rules);
        self.topology = Arc::new(topology);
    }

    /// Sends a request at `at`, whose client may leave; returns its number.
    pub(crate) fn send(&mut self, at: Instant, request: Request, leaves: Option<Instant>) -> usize {
        let number = self.chains.len();
        self.chains.push(None);
        self.history.requests.push(Told {
            request,
            arrived: at,
            left: None,
            calls: BTreeMap::new(),
            events: vec![],
            committed: vec![],
            verdicts: vec![],
        });
        self.at(at, number, What::Arrive);
        if let Some(leaves) = leaves {
            self.at(leaves, number, What::Leave);
        }
        number
    }

    /// Lets everything happen, until nothing is left to happen. Bounded: a world that does not come
    /// to rest is a fault of the chain.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000_000 {
            if !self.step() {
                self.history.over_at = self.now;
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn step(&mut self) -> bool {
        let Some(Reverse((at, _, index))) = self.heap.pop() else { return false };
        self.now = at;
        let (number, what) = self.what[index];
        match what {
            What::Arrive => {
                let request = self.history.requests[number].request.clone();
                let chain = Chain::new(self.topology.clone(), request, &mut self.rng);
                self.chains[number] = Some(chain);
            }
            What::Poll => {}
            What::Leave => {
                let Some(chain) = &mut self.chains[number] else { return true };
                chain.handle_client_gone(at, &mut self.rng);
                let told = &mut self.history.requests[number];
                told.left = told.verdicts.is_empty().then_some(at);
            }
            What::Signal(call, signal) => {
                if !self.tell(number, call, signal) {
                    return true;
                }
            }
        }
        self.drive(number);
        true
    }

    /// Notes what happened to a call, and tells the chain; `false` where it is of no interest.
    fn tell(&mut self, number: usize, call: CallId, signal: Signal) -> bool {
        let told = self.history.requests[number].calls.get_mut(&call).expect("it was started");
        let flows = told.content.is_some();
        let before_content = [Phase::Connect, Phase::FirstToken, Phase::Total];
        let stale =
            matches!(signal, Signal::Limit(phase) if flows && before_content.contains(&phase));
        if told.over.is_some() || stale {
            return false;
        }
        if signal != Signal::Connected
            && let Some(rest) = self.rests.remove(&(number, call))
        {
            self.end_rest(number, rest, signal);
            return true;
        }
        match signal {
            Signal::Content => told.content = Some(self.now),
            Signal::End(outcome) => told.over = Some((self.now, Over::Ended(outcome))),
            Signal::Connected | Signal::Limit(_) | Signal::MoreThanText | Signal::Spent(_) => {}
        }
        let gap = told.call.limits.gap.filter(|_| signal == Signal::Content);
        let views = self.views();
        let chain = self.chains[number].as_mut().expect("it has arrived");
        chain.handle_signal(self.now, call, signal, &self.gates, &mut self.rng);
        self.note_starts(number, &views);
        if let Some(gap) = gap {
            self.at(self.now + gap, number, What::Signal(call, Signal::Limit(Phase::Gap)));
        }
        true
    }

    /// Does what a chain says until it waits or is done.
    fn drive(&mut self, number: usize) {
        for _ in 0..1_000 {
            let views = self.views();
            let Some(chain) = &mut self.chains[number] else { return };
            let step = chain.poll(self.now, &self.gates, &mut self.rng);
            self.note_starts(number, &views);
            match step {
                Step::Start(call) => self.start(number, call),
                Step::Cancel(id) => {
                    let told = self.history.requests[number].calls.get_mut(&id);
                    told.expect("it was started").over = Some((self.now, Over::Cancelled));
                }
                Step::Commit(id) => self.history.requests[number].committed.push((self.now, id)),
                Step::Wait(None) => return,
                Step::Wait(Some(at)) if at > self.now => return self.at(at, number, What::Poll),
                Step::Wait(Some(_)) => {}
                Step::Done(verdict) => {
                    self.history.requests[number].verdicts.push((self.now, verdict));
                }
            }
            while let Some(rest) = self.chains[number].as_mut().and_then(Chain::poll_rest) {
                let limit = What::Signal(rest.call(), Signal::Limit(Phase::FirstToken));
                self.at(rest.until(), number, limit);
                self.rests.insert((number, rest.call()), rest);
            }
        }
        panic!("a chain that neither waits nor ends");
    }

    /// A probe that runs on without its request has its verdict.
    fn end_rest(&mut self, number: usize, rest: Rest, signal: Signal) {
        let over = match signal {
            Signal::End(outcome) => Over::Ended(outcome),
            Signal::Connected
            | Signal::Content
            | Signal::MoreThanText
            | Signal::Limit(_)
            | Signal::Spent(_) => Over::Cancelled,
        };
        let told = self.history.requests[number].calls.get_mut(&rest.call());
        told.expect("it was started").over = Some((self.now, over));
        for event in rest.end(self.now, signal, &mut self.rng) {
            self.note(number, event);
        }
    }

    fn start(&mut self, number: usize, call: Call) {
        let provider = &mut self.providers[call.deployment.index()];
        let reply = provider.reply(self.now, &mut self.dice);
        let stream = self.history.requests[number].request.class.stream;
        let mut happens = vec![(call.limits.total, Signal::Limit(Phase::Total))];
        happens.extend(call.limits.first_token.map(|at| (at, Signal::Limit(Phase::FirstToken))));
        happens.extend(reply.content.filter(|_| stream).map(|at| (at, Signal::Content)));
        let connects = call.tries_host && !reply.is_unreachable();
        happens.extend(connects.then_some((CONNECTS_IN, Signal::Connected)));
        happens.extend(reply.end.map(|(at, outcome)| (at, Signal::End(outcome))));
        for (after, signal) in happens {
            self.at(self.now + after, number, What::Signal(call.id, signal));
        }
        let told = CallTold { call, started: self.now, content: None, over: None };
        self.history.requests[number].calls.insert(told.call.id, told);
    }

    fn views(&self) -> Vec<(GateView, Vec<Gate>)> {
        let count = self.topology.deployments().len() as u32;
        let ids = (0..count).map(DeploymentId::new);
        // Those that a time holds shut; one that a probe holds may be freed in the step that follows.
        let shut = |id| {
            let shut = self.gates.shut(id, self.now).into_iter();
            shut.filter(|shut| shut.not_before.is_some()).map(|shut| shut.gate).collect()
        };
        ids.map(|id| (self.gates.view(id, self.now), shut(id))).collect()
    }

    /// Takes a chain's events over into the history.
    fn note_starts(&mut self, number: usize, views: &[(GateView, Vec<Gate>)]) {
        let Some(chain) = &mut self.chains[number] else { return };
        let mut noted = vec![];
        while let Some(event) = chain.poll_event() {
            if let Event::CallStarted { call, deployment, .. } = event {
                let (view, shut) = views[deployment.index()].clone();
                self.history.starts.push((number, call, view, shut));
            }
            noted.push(event);
        }
        noted.into_iter().for_each(|event| self.note(number, event));
    }

    fn note(&mut self, number: usize, event: Event) {
        if let Event::Breaker { deployment, transition } = event {
            self.history.transitions.push((deployment, transition));
        }
        self.history.requests[number].events.push((self.now, event));
    }

    fn at(&mut self, at: Instant, number: usize, what: What) {
        let lot = (self.dice.unit() * 1e15) as u64;
        self.heap.push(Reverse((at, lot, self.what.len())));
        self.what.push((number, what));
    }
}
