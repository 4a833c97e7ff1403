//! A watched gateway on virtual time.

use std::sync::Arc;

use sanso_watch::*;

/// Midnight of the 24th of November 2026, UTC.
pub(crate) const START: Millis = Millis(1_795_478_400_000);
pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
/// A gateway ticks each second; two a minute come to the same alerts.
const TICK: u64 = 30 * SECOND;

/// `a` and its fallback `b`; `g` and its fallback `h`; two regions `k1` and `k2` with the same model
/// at `d` behind them, and another one at `e`.
pub(crate) fn plan() -> Plan {
    let main = chain(
        "main-model",
        None,
        [
            ("main-model", &["a anthropic claude-sonnet-4-6"][..]),
            ("fallback-gpt", &["b openai gpt-4.1"]),
        ],
    );
    let flash = chain(
        "flash",
        Some("summarize"),
        [
            ("flash", &["g gemini gemini-2.5-flash"][..]),
            ("haiku", &["h anthropic claude-haiku-4-5"]),
        ],
    );
    let pool = chain(
        "pool",
        None,
        [
            ("pool", &["k1 bedrock claude-opus-4-8", "k2 bedrock claude-opus-4-8"][..]),
            ("direct", &["d anthropic claude-opus-4-8"]),
            ("last", &["e openai gpt-4.1"]),
        ],
    );
    Plan { chains: vec![main, flash, pool], tasks: vec!["summarize".into()] }
}

/// Deployments are written `id provider model`; the key of a provider is its name in capitals.
pub(crate) fn chain<const N: usize>(
    group: &str,
    task: Option<&str>,
    legs: [(&str, &[&str]); N],
) -> PlannedChain {
    let deployment = |text: &&str| {
        let mut words = text.split(' ');
        let mut word = || Arc::<str>::from(words.next().unwrap());
        let (deployment, provider, model) = (word(), word(), word());
        let key_name = Some(format!("{}_API_KEY", provider.to_uppercase()).into());
        PlannedDeployment { deployment, provider, model, region: None, key_name }
    };
    let leg = |(group, deployments): (&str, &[&str])| PlannedLeg {
        model_group: group.into(),
        deployments: deployments.iter().map(deployment).collect(),
    };
    PlannedChain {
        model_group: group.into(),
        task: task.map(Into::into),
        strategy: "simple-shuffle".into(),
        denied: false,
        spare: false,
        legs: legs.into_iter().map(leg).collect(),
    }
}

pub(crate) struct Rig {
    pub(crate) watch: Watch,
    pub(crate) now: Millis,
    pub(crate) notices: Vec<Notice>,
    pub(crate) live: Vec<LiveDeployment>,
    asked: u64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(plan())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let watch = Watch::new(plan, Thresholds::default(), None, START);
        Self { watch, now: START, notices: vec![], live: vec![], asked: 0 }
    }

    /// The same gateway after a restart: figures are gone, what was saved is read back from JSON.
    pub(crate) fn restart(&mut self) {
        let saved = serde_json::to_string(&self.watch.saved()).unwrap();
        let saved = serde_json::from_str(&saved).unwrap();
        self.watch = Watch::new(plan(), Thresholds::default(), Some(saved), self.now);
    }

    /// Time passes; a tick whenever half a minute is full.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now.plus(millis);
        while self.now < end {
            let full = Millis((self.now.0 / TICK + 1) * TICK);
            self.now = full.min(end);
            if self.now == full {
                self.tick();
            }
        }
    }

    pub(crate) fn tick(&mut self) {
        let notices = self.watch.tick(self.now);
        self.notices.extend(notices);
    }

    /// A request that ends now.
    pub(crate) fn ask(&mut self, mut request: Finished) {
        self.asked += 1;
        request.at = self.now;
        request.request_id = format!("r{}", self.asked).into();
        self.watch.note(&Event::Request(Arc::new(request)));
    }

    /// Minutes with `per_minute` requests each, spread evenly; the `n`th of each is what `request` says.
    pub(crate) fn run(&mut self, minutes: u64, per_minute: u64, request: impl Fn(u64) -> Finished) {
        let mut passed = 0;
        for number in 0..minutes * per_minute {
            let due = number * MINUTE / per_minute;
            self.pass(due - passed);
            passed = due;
            self.ask(request(number % per_minute));
        }
        self.pass(minutes * MINUTE - passed);
    }

    /// `run` with so many in a hundred answered by the fallback of `main-model`, for `kind`: spread
    /// evenly, so that no window holds more of them than that.
    pub(crate) fn main_model(&mut self, minutes: u64, of_hundred: u64, kind: Kind) {
        let is_due = |n: u64| (n + 1) * of_hundred / 100 > n * of_hundred / 100;
        self.run(minutes, 100, |n| if is_due(n) { fallback(kind) } else { own() });
    }

    pub(crate) fn opening(&mut self, deployment: &str, kind: Kind) {
        self.breaker(deployment, BreakerState::Closed, BreakerState::Open, Some(kind));
    }

    pub(crate) fn breaker(
        &mut self,
        deployment: &str,
        from: BreakerState,
        to: BreakerState,
        kind: Option<Kind>,
    ) {
        self.watch.note(&Event::Breaker(BreakerMoved {
            deployment: deployment.into(),
            at: self.now,
            from,
            to,
            kind,
            forced: false,
            next_probe: None,
            window: None,
        }));
    }

    pub(crate) fn gate(
        &mut self,
        deployment: &str,
        gate: GateName,
        shut: bool,
        kind: Option<Kind>,
    ) {
        self.watch.note(&Event::Gate(GateMoved {
            deployment: deployment.into(),
            at: self.now,
            gate,
            shut,
            kind,
            dimension: (gate == GateName::Quota).then_some(Dimension::Tokens),
            not_before: None,
        }));
    }

    pub(crate) fn mark(&mut self, kind: MarkKind, what: &str) {
        self.watch.note(&Event::Mark(Mark { at: self.now, kind, what: what.into() }));
    }

    /// What was told since the last time, in a word each: `fired fallback_rate critical main-model`.
    pub(crate) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices).iter().map(say).collect()
    }

    pub(crate) fn alert(&self, signal: Signal) -> Alert {
        let open = self.watch.overview(self.now, Range::Hour, &self.live).alerts;
        let of = open.into_iter().find(|alert| alert.signal == signal);
        of.unwrap_or_else(|| panic!("no alert of {signal:?} is open"))
    }

    pub(crate) fn firing(&self) -> Vec<Signal> {
        let open = self.watch.overview(self.now, Range::Hour, &self.live).alerts;
        let firing = open.iter().filter(|alert| alert.state == AlertState::Firing);
        firing.map(|alert| alert.signal).collect()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.watch.verdict(self.now, Range::Hour, &self.live)
    }

    pub(crate) fn sentence(&self) -> String {
        self.verdict().sentence(self.now, Range::Hour)
    }

    /// Sets how a breaker stands.
    pub(crate) fn stands(&mut self, deployment: &str, state: BreakerState, since: Millis) {
        self.live.retain(|live| &*live.deployment != deployment);
        let open = state == BreakerState::Open;
        self.live.push(LiveDeployment {
            deployment: deployment.into(),
            breaker: LiveBreaker {
                state,
                since,
                next_probe: open.then(|| self.now.plus(6 * SECOND)),
                window: (state == BreakerState::Recovering).then_some(17),
                forced: None,
            },
            gates: vec![],
            in_flight: 3,
        });
    }
}

fn say(notice: &Notice) -> String {
    let one = |change: Change, alert: &Alert| {
        let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let (change, signal, severity) = (
            word(serde_json::to_value(change).unwrap()),
            word(serde_json::to_value(alert.signal).unwrap()),
            word(serde_json::to_value(alert.severity).unwrap()),
        );
        let group = alert.subject.model_group.as_deref().unwrap_or("-");
        format!("{change} {signal} {severity} {group}")
    };
    let also = notice.also.iter().map(|also| format!(" + {}", one(also.change, &also.alert)));
    one(notice.change, &notice.alert) + &also.collect::<String>()
}

fn attempt(deployment: &str, leg: u32, outcome: Outcome) -> AttemptMade {
    let plan = plan();
    let planned = plan.chains.iter().flat_map(|c| &c.legs).flat_map(|l| &l.deployments);
    let mut of = planned.filter(|planned| &*planned.deployment == deployment);
    let (provider, model) = match of.next() {
        Some(planned) => (planned.provider.clone(), planned.model.clone()),
        None => ("unknown".into(), "unknown".into()),
    };
    AttemptMade {
        deployment: deployment.into(),
        provider,
        model,
        leg,
        outcome,
        phase: None,
        soft: None,
        status: None,
        note: None,
        wait_before_ms: 0,
        start_ms: 0,
        duration_ms: 900,
        ttft_ms: (outcome == Outcome::Success).then_some(400),
        forced_probe: false,
    }
}

/// A request for `group` with these attempts, the last of which answered if it was a success.
pub(crate) fn request(group: &str, attempts: &[(&str, u32, Outcome)]) -> Finished {
    let made: Vec<_> =
        attempts.iter().map(|(d, leg, outcome)| attempt(d, *leg, *outcome)).collect();
    let answer = made.last().filter(|attempt| attempt.outcome == Outcome::Success).cloned();
    let leg = answer.as_ref().map(|attempt| attempt.leg);
    let degradation = match leg {
        Some(0) => Degradation::Full,
        Some(_) => Degradation::Partial,
        None => Degradation::Unavailable,
    };
    let fault = made.iter().find_map(|attempt| attempt.outcome.kind()).map(Reason::Fault);
    let plan = plan();
    let of = plan.chains.iter().find(|chain| &*chain.model_group == group);
    let legs = of.map(|chain| &chain.legs);
    let answered_by_group = leg.and_then(|leg| Some(legs?.get(leg as usize)?.model_group.clone()));
    Finished {
        request_id: "".into(),
        at: START,
        task: of.and_then(|chain| chain.task.clone()),
        model_group: group.into(),
        degradation,
        provider: answer.as_ref().map(|attempt| attempt.provider.clone()),
        model: answer.as_ref().map(|attempt| attempt.model.clone()),
        deployment: answer.map(|attempt| attempt.deployment),
        answered_by_group,
        leg,
        fallback: fault.filter(|_| degradation != Degradation::Full),
        duration_ms: 1000,
        ttft_ms: leg.map(|_| 450),
        input_tokens: None,
        output_tokens: None,
        cost_usd: leg.map(|_| 0.25),
        soft: None,
        format_valid: None,
        quality_score: None,
        explores: false,
        first_group: None,
        fallback_from: None,
        circuit_state: None,
        warnings: vec![],
        attempts: made,
        skipped: vec![],
    }
}

/// `main-model`, answered by its own model.
pub(crate) fn own() -> Finished {
    request("main-model", &[("a", 0, Outcome::Success)])
}

/// `main-model`, answered by its fallback after a fault.
pub(crate) fn fallback(kind: Kind) -> Finished {
    request("main-model", &[("a", 0, Outcome::Fault(kind)), ("b", 1, Outcome::Success)])
}

/// `main-model`, answered by nobody.
pub(crate) fn nobody(kind: Kind) -> Finished {
    request("main-model", &[("a", 0, Outcome::Fault(kind)), ("b", 1, Outcome::Fault(kind))])
}

/// `main-model`, answered by its fallback since a gate of `a` is shut.
pub(crate) fn passed(gate: Passed) -> Finished {
    let mut request = request("main-model", &[("b", 1, Outcome::Success)]);
    request.fallback = Some(Reason::Passed(gate));
    request.skipped = vec![Skip { deployment: "a".into(), gate, since: None }];
    request
}

/// `main-model`, answered from store.
pub(crate) fn stored() -> Finished {
    Finished { degradation: Degradation::Degraded, ..nobody(Kind::ServerError) }
}

/// `main-model`, answered by its own model in a way that was not wanted.
pub(crate) fn soft(reason: Soft) -> Finished {
    Finished { soft: Some(reason), ..own() }
}
