//! A reference breaker that keeps every event and recomputes everything from scratch.
//!
//! It is slow and obvious, on purpose: each rule of the specification is one function over the list of
//! all that ever happened. Only the drawn end of an open time is taken from the real one, and checked
//! to lie within its bounds.

use sanso_core::*;

#[derive(Clone, Copy, Debug)]
enum Fact {
    Success {
        at: Instant,
        taken_back: bool,
    },
    Fault {
        at: Instant,
        halves: u32,
        first: bool,
    },
    Break {
        at: Instant,
    },
    /// A whole answer.
    Finished,
    /// The slow start began.
    Recovering {
        at: Instant,
    },
    TurnedAway {
        at: Instant,
    },
    /// Older facts are forgotten.
    Opened,
}

/// A call as the oracle remembers it.
#[derive(Clone, Copy, Debug)]
struct Known {
    epoch: u64,
    granted: Instant,
    /// Granted by half-open.
    probe: bool,
    /// Granted by half-open or by a slow start.
    trial: bool,
    lease_ends: Option<Instant>,
    /// Of a breaker that is tried to the end: since when content flows.
    flows_since: Option<Instant>,
    undecided: bool,
    flows: bool,
    again: bool,
    success: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Oracle {
    policy: BreakerPolicy,
    state: BreakerState,
    since: Instant,
    until: Instant,
    epoch: u64,
    k: u32,
    last_closed: Option<Instant>,
    probe_successes: u32,
    /// Opened by cut streams.
    to_the_end: bool,
    facts: Vec<Fact>,
    calls: Vec<Known>,
    /// The drawn ends of open times, as the real breaker reported them.
    pub(crate) drawn: Vec<Instant>,
    /// What changed since, as (from, to).
    pub(crate) news: Vec<(BreakerState, BreakerState)>,
}

impl Oracle {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: BreakerState::Closed,
            since: Instant::ORIGIN,
            until: Instant::ORIGIN,
            epoch: 0,
            k: 0,
            last_closed: None,
            probe_successes: 0,
            to_the_end: false,
            facts: vec![],
            calls: vec![],
            drawn: vec![],
            news: vec![],
        }
    }

    // === what happens ===

    /// Whether a call is let through now; `lease` is what a probe would be given.
    pub(crate) fn acquire(&mut self, now: Instant, lease: Duration, again: bool) -> Option<usize> {
        self.pass_time(now);
        let lets = match self.state {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                self.probes_out().count() < self.policy.probes.max(1) as usize
            }
            BreakerState::Recovering => self.undecided() < self.slow_start_window(now),
        };
        if !lets {
            if self.state == BreakerState::Recovering {
                self.facts.push(Fact::TurnedAway { at: now });
            }
            return None;
        }
        let probe = self.state == BreakerState::HalfOpen;
        self.calls.push(Known {
            epoch: self.epoch,
            granted: now,
            probe,
            trial: self.state != BreakerState::Closed,
            flows_since: None,
            lease_ends: probe.then_some(now + lease),
            undecided: true,
            flows: false,
            again,
            success: None,
        });
        Some(self.calls.len() - 1)
    }

    pub(crate) fn answered(&mut self, now: Instant, call: usize) {
        self.pass_time(now);
        self.calls[call].flows = true;
        if self.is_old(call) {
            self.calls[call].undecided = false;
            return;
        }
        let comes_back = matches!(self.state, BreakerState::HalfOpen | BreakerState::Recovering);
        if self.to_the_end && self.calls[call].trial && comes_back {
            // Late content, whose limit counted as a fault, counts for nothing here.
            if self.calls[call].undecided {
                self.calls[call].lease_ends = None;
                self.calls[call].flows_since = Some(now);
            }
            return;
        }
        self.succeed(now, call);
    }

    fn succeed(&mut self, now: Instant, call: usize) {
        self.calls[call].undecided = false;
        self.calls[call].success = Some(self.facts.len());
        self.facts.push(Fact::Success { at: now, taken_back: false });
        if self.state == BreakerState::HalfOpen {
            self.probe_successes += 1;
            if self.probe_successes >= self.policy.success_threshold {
                self.enter(BreakerState::Recovering, now);
                self.facts.push(Fact::Recovering { at: now });
            }
        }
    }

    /// A fault of so many halves ends the call, or has been heard of while it runs on.
    pub(crate) fn failed(&mut self, now: Instant, call: usize, halves: u32) {
        self.pass_time(now);
        self.calls[call].undecided = false;
        if !self.is_old(call) {
            self.count(now, halves, !self.calls[call].again);
        }
    }

    pub(crate) fn neutral(&mut self, now: Option<Instant>, call: usize) {
        if let Some(now) = now {
            self.pass_time(now);
        }
        self.calls[call].undecided = false;
    }

    pub(crate) fn finished(&mut self, now: Instant, call: usize) {
        self.pass_time(now);
        self.calls[call].flows = false;
        if self.is_old(call) {
            return;
        }
        self.facts.push(Fact::Finished);
        if self.calls[call].flows_since.take().is_some() {
            self.succeed(now, call);
        }
    }

    pub(crate) fn left(&mut self, call: usize) {
        self.calls[call].flows = false;
        if self.calls[call].flows_since.take().is_some() {
            self.calls[call].undecided = false;
        }
    }

    pub(crate) fn broke(&mut self, now: Instant, call: usize) {
        self.pass_time(now);
        if !self.is_old(call) {
            if let Some(place) = self.calls[call].success
                && let Fact::Success { taken_back, .. } = &mut self.facts[place]
            {
                *taken_back = true;
            }
            if self.calls[call].flows_since.take().is_some() {
                self.calls[call].undecided = false;
            }
            self.facts.push(Fact::Break { at: now });
            self.count(now, 2, !self.calls[call].again);
        }
        self.calls[call].flows = false;
    }

    fn count(&mut self, now: Instant, halves: u32, first: bool) {
        let is_break = matches!(self.facts.last(), Some(Fact::Break { .. }));
        self.facts.push(Fact::Fault { at: now, halves, first });
        match self.state {
            BreakerState::HalfOpen if halves == 2 => self.open(now, is_break),
            BreakerState::HalfOpen => {}
            BreakerState::Closed | BreakerState::Recovering | BreakerState::Open => {
                if let Some(by_breaks) = self.must_open(now) {
                    let mostly = self.mostly_breaks(now);
                    self.open(now, by_breaks || mostly);
                }
            }
        }
    }

    /// More breaks than other faults in the window.
    fn mostly_breaks(&self, now: Instant) -> bool {
        let bucket = (self.policy.window / 10).as_nanos();
        let slice = |at: Instant| at.since_origin().as_nanos() / bucket;
        let inside = |at: Instant| slice(now) - slice(at) < 10;
        let (mut breaks, mut faults) = (0, 0);
        for fact in self.recent() {
            match *fact {
                Fact::Break { at } if inside(at) => breaks += 1,
                Fact::Fault { at, .. } if inside(at) => faults += 1,
                _ => {}
            }
        }
        breaks > faults - breaks
    }

    // === what time does ===

    fn pass_time(&mut self, now: Instant) {
        let flowing = if self.to_the_end { self.calls.len() } else { 0 };
        for call in 0..flowing {
            let long =
                self.calls[call].flows_since.is_some_and(|at| now >= at + Duration::from_secs(30));
            if long && !self.is_old(call) {
                self.calls[call].flows_since = None;
                self.succeed(now, call);
            }
        }
        if self.state == BreakerState::Open && now >= self.until {
            self.probe_successes = 0;
            self.enter(BreakerState::HalfOpen, self.until);
        }
        if self.state == BreakerState::HalfOpen
            && let Some(silent) = self.leases().min().filter(|ends| *ends <= now)
        {
            self.open(silent, false);
            self.pass_time(now);
        }
        if self.state == BreakerState::Recovering && self.slow_start_is_over(now) {
            self.last_closed = Some(now);
            self.enter(BreakerState::Closed, now);
        }
    }

    fn open(&mut self, at: Instant, by_breaks: bool) {
        self.to_the_end = by_breaks;
        let s = Duration::from_secs;
        let cap = self.policy.cooldown.max(s(12));
        let time = |k: u32| self.policy.cooldown.saturating_mul(1 << k).min(cap);
        if self.state != BreakerState::Closed {
            self.k += u32::from(time(self.k) < cap);
        } else if self.last_closed.is_none_or(|closed| at - closed > self.policy.window) {
            self.k = 0;
        }
        self.until = self.drawn.remove(0);
        let drawn = (self.until - at).as_secs_f64() / time(self.k).as_secs_f64();
        assert!((0.8..=1.2).contains(&drawn), "open for {drawn} of {:?}", time(self.k));
        self.epoch += 1;
        self.facts.push(Fact::Opened);
        self.enter(BreakerState::Open, at);
    }

    fn enter(&mut self, state: BreakerState, at: Instant) {
        self.news.push((self.state, state));
        (self.state, self.since) = (state, at);
    }

    // === the rules ===

    /// Whether it must open, and if so, whether for its breaks.
    fn must_open(&self, now: Instant) -> Option<bool> {
        let s = Duration::from_secs;
        let policy = &self.policy;
        let (row, row_lasts) = self.row(now);
        let (breaks, breaks_last) = self.breaks(now);
        let flowing = self.calls.iter().filter(|it| it.epoch == self.epoch && it.flows).count();
        let enough = breaks * 5 >= flowing;
        let (calls, halves) = self.window(now, false);
        let rate = f64::from(halves) / 2.0 / f64::from(calls.max(1));
        let many = calls >= policy.min_calls && calls > 0;
        let by_breaks = !policy.lone && breaks >= 5 && breaks_last >= s(1) && enough;
        let opens = if !policy.enabled {
            false
        } else if policy.lone {
            (row >= 10 && row_lasts >= s(5)) || (many && rate >= policy.failure_rate.max(0.75))
        } else {
            let by_row = row >= 40 || (row >= 10 && row_lasts >= s(1));
            let by_count = match policy.allowed_fails {
                None => many && rate >= policy.failure_rate,
                Some(allowed) => {
                    let (calls, halves) = self.window(now, true);
                    let rate = f64::from(halves) / 2.0 / f64::from(calls.max(1));
                    halves > allowed * 2 && rate >= policy.min_rate
                }
            };
            by_row || by_breaks || by_count
        };
        opens.then_some(by_breaks)
    }

    /// Calls and halves of faults in the window; with `first`, each request's faults once.
    fn window(&self, now: Instant, only_first: bool) -> (u32, u32) {
        let bucket = (self.policy.window / 10).as_nanos();
        let slice = |at: Instant| at.since_origin().as_nanos() / bucket;
        let inside = |at: Instant| slice(now) - slice(at) < 10;
        let (mut calls, mut weight) = (0, 0);
        for fact in self.recent() {
            match *fact {
                Fact::Success { at, taken_back: false } if inside(at) => calls += 1,
                Fact::Fault { at, halves, first } if inside(at) && (first || !only_first) => {
                    calls += 1;
                    weight += halves;
                }
                _ => {}
            }
        }
        (calls, weight)
    }

    /// Halves of the row of faults with no success between them, and how long it has lasted.
    fn row(&self, now: Instant) -> (u32, Duration) {
        let after_success =
            self.recent().rev().take_while(|fact| !matches!(fact, Fact::Success { .. }));
        let faults: Vec<(Instant, u32)> = after_success
            .filter_map(|fact| match *fact {
                Fact::Fault { at, halves, first: true } => Some((at, halves)),
                _ => None,
            })
            .collect();
        let since = faults.last().map_or(now, |(at, _)| *at);
        (faults.iter().map(|(_, halves)| halves).sum(), now - since)
    }

    fn breaks(&self, now: Instant) -> (usize, Duration) {
        let since_finish = self.recent().rev().take_while(|fact| !matches!(fact, Fact::Finished));
        let breaks: Vec<Instant> = since_finish
            .filter_map(|fact| if let Fact::Break { at } = *fact { Some(at) } else { None })
            .collect();
        (breaks.len(), now - breaks.last().copied().unwrap_or(now))
    }

    /// The slow start's window, replayed from its beginning.
    fn slow_start_window(&self, now: Instant) -> u32 {
        let s = Duration::from_secs;
        let mut window = self.policy.probes.max(1);
        let mut quiet_since = now;
        let double = |window: &mut u32, quiet_since: &mut Instant, at: Instant| {
            while at - *quiet_since >= s(2) {
                *quiet_since = *quiet_since + s(2);
                *window = window.saturating_mul(2);
            }
        };
        for fact in self.slow_start() {
            match *fact {
                Fact::Recovering { at } => quiet_since = at,
                Fact::Success { at, .. } => {
                    double(&mut window, &mut quiet_since, at);
                    window += 1;
                }
                Fact::Fault { at, .. } => {
                    double(&mut window, &mut quiet_since, at);
                    quiet_since = at;
                }
                _ => {}
            }
        }
        double(&mut window, &mut quiet_since, now);
        window
    }

    fn slow_start_is_over(&self, now: Instant) -> bool {
        let s = Duration::from_secs;
        let turned_away = self
            .slow_start()
            .any(|fact| matches!(*fact, Fact::TurnedAway { at } if now - at < s(1)));
        now - self.since >= s(10) && (!turned_away || self.slow_start_window(now) >= 64)
    }

    // === what is remembered ===

    /// Facts since the last opening.
    fn recent(&self) -> std::slice::Iter<'_, Fact> {
        let opened = self.facts.iter().rposition(|fact| matches!(fact, Fact::Opened));
        self.facts[opened.map_or(0, |at| at + 1)..].iter()
    }

    /// Facts since the slow start began.
    fn slow_start(&self) -> std::slice::Iter<'_, Fact> {
        let began = self.facts.iter().rposition(|fact| matches!(fact, Fact::Recovering { .. }));
        self.facts[began.unwrap_or(0)..].iter()
    }

    fn probes_out(&self) -> impl Iterator<Item = &Known> {
        let current = |call: &&Known| call.epoch == self.epoch && call.undecided && call.probe;
        self.calls.iter().filter(current)
    }

    fn leases(&self) -> impl Iterator<Item = Instant> {
        self.probes_out().filter_map(|call| call.lease_ends)
    }

    pub(crate) fn unexpired_leases(&self, now: Instant) -> usize {
        self.probes_out().filter(|call| call.lease_ends.is_none_or(|ends| ends > now)).count()
    }

    pub(crate) fn fits_slow_start(&self, now: Instant) -> bool {
        self.state != BreakerState::Recovering || self.undecided() <= self.slow_start_window(now)
    }

    fn undecided(&self) -> u32 {
        let current = |call: &&Known| call.epoch == self.epoch && call.undecided;
        self.calls.iter().filter(current).count() as u32
    }

    fn is_old(&self, call: usize) -> bool {
        self.calls[call].epoch != self.epoch
    }

    pub(crate) fn granted(&self, call: usize) -> Instant {
        self.calls[call].granted
    }

    /// A lease has run out, and no step has drawn yet for how long that reopens the breaker.
    pub(crate) fn has_silent_probe(&self, now: Instant) -> bool {
        // Or content has flowed for long, which a step has yet to count.
        let long =
            |call: &Known| call.flows_since.is_some_and(|at| now >= at + Duration::from_secs(30));
        if self.calls.iter().any(|call| call.epoch == self.epoch && long(call)) {
            return true;
        }
        self.state == BreakerState::HalfOpen && self.leases().any(|ends| ends <= now)
    }

    /// The state as it is shown to an operator who looks now.
    pub(crate) fn shown(&self, now: Instant) -> BreakerState {
        match self.state {
            BreakerState::Open if now >= self.until => BreakerState::HalfOpen,
            BreakerState::Recovering if self.slow_start_is_over(now) => BreakerState::Closed,
            state => state,
        }
    }
}
