//! The quota gate: what a 429 shuts, and who is let through when it reopens.

use super::line::{Line, QuotaSlot};
use crate::fault::{Dimension, Fault, Spent};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Both quota gates of a deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct Quota {
    requests: Gate,
    tokens: Gate,
}

/// How often each gate had shut when a call was granted: of the 429s granted before a shutting only
/// one is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaEpoch {
    requests: u32,
    tokens: u32,
}

impl QuotaEpoch {
    const fn of(self, dimension: Dimension) -> u32 {
        match dimension {
            Dimension::Requests => self.requests,
            Dimension::Tokens => self.tokens,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Gate {
    shut: Option<Shut>,
    /// How often it has shut.
    shuttings: u32,
    /// `k` of the wait without a hint.
    in_a_row: u32,
    /// How often it admits one more request, as last heard.
    spacing: Option<Duration>,
    /// Places in the line that were given back, and that no one has taken since.
    free: Vec<QuotaSlot>,
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    since: Instant,
    reopens: Instant,
    /// The part of `reopens` that was drawn: once for each shutting.
    jitter: Duration,
    /// When the last place in the line that is held is over.
    line_ends: Instant,
}

/// Why and until when the gate lets no call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaShut {
    pub(super) since: Instant,
    pub(super) not_before: Instant,
}

/// A hint is honoured up to here: one answer must not park a deployment for a week.
pub(crate) const HINT_CAP: Duration = Duration::from_secs(300);
/// The same for the named end of a spent quota.
const RESET_CAP: Duration = Duration::from_secs(24 * 3600);
/// Without a hint: this, doubled with each shutting in a row ...
const BLIND_BASE: Duration = Duration::from_secs(1);
/// ... up to this.
const BLIND_CAP: Duration = Duration::from_secs(30);
/// On top of every time comes U(0, 10 %), over at least this: replicas that were told the same time
/// must not return in the same millisecond.
const JITTER_AT_LEAST: Duration = Duration::from_millis(100);
/// The line leaves one by one, this far apart, where the provider's rate is not known.
const SPACING: Duration = Duration::from_millis(20);
/// ... and never further apart than this, whatever a provider says of its rate: a place that is not
/// used holds up those behind it.
const SPACING_CAP: Duration = Duration::from_secs(1);

impl Quota {
    pub(super) fn epoch(&self) -> QuotaEpoch {
        QuotaEpoch { requests: self.requests.shuttings, tokens: self.tokens.shuttings }
    }

    /// Lets a call through that holds `slot`, or none; or says since when and until when not.
    pub(super) fn admit(&mut self, now: Instant, slot: Option<QuotaSlot>) -> Result<(), QuotaShut> {
        self.requests.admit(now, slot.filter(|slot| slot.dimension == Dimension::Requests))?;
        self.tokens.admit(now, slot.filter(|slot| slot.dimension == Dimension::Tokens))
    }

    pub(super) fn would_admit(&self, now: Instant) -> bool {
        self.requests.refusal(now, None).is_none() && self.tokens.refusal(now, None).is_none()
    }

    /// Since when and until when the gate is shut for a newcomer; `None` where it admits.
    pub(super) fn shut(&self, now: Instant) -> Option<QuotaShut> {
        self.shut_by(now).map(|(_, shut)| shut)
    }

    /// The same, and which quota shut it: the one that keeps it shut for longer.
    pub(super) fn shut_by(&self, now: Instant) -> Option<(Dimension, QuotaShut)> {
        let of = |gate: &Gate, dimension| Some((dimension, gate.refusal(now, None)?));
        let requests = of(&self.requests, Dimension::Requests);
        let tokens = of(&self.tokens, Dimension::Tokens);
        match (requests, tokens) {
            (Some((_, one)), Some((_, other))) if other.not_before > one.not_before => tokens,
            (Some(_), _) => requests,
            (None, _) => tokens,
        }
    }

    /// A 429 to a call that was granted at `granted`.
    pub(super) fn limited(
        &mut self,
        now: Instant,
        fault: &Fault,
        granted: QuotaEpoch,
        rng: &mut Rng,
    ) {
        let hint = fault.hint.map(|hint| hint.min(HINT_CAP));
        let gate = self.gate(fault.dimension);
        gate.spacing = fault.spacing.or(gate.spacing);
        gate.limited(now, hint, granted.of(fault.dimension), rng);
    }

    /// By the headers of an answer to a call that was granted at `granted`, nothing is left.
    pub(super) fn spent(&mut self, now: Instant, spent: Spent, granted: QuotaEpoch, rng: &mut Rng) {
        self.gate(spent.dimension).spent(now, spent, granted.of(spent.dimension), rng);
    }

    /// A quota that the provider says is spent until a named time: `reset` from now.
    pub(super) fn exhausted(
        &mut self,
        now: Instant,
        dimension: Dimension,
        reset: Duration,
        granted: QuotaEpoch,
        rng: &mut Rng,
    ) {
        self.gate(dimension).limited(now, Some(reset.min(RESET_CAP)), granted.of(dimension), rng);
    }

    /// An answer to a call that was granted at `granted`.
    pub(super) fn answered(&mut self, granted: QuotaEpoch) {
        self.requests.answered(granted.requests);
        self.tokens.answered(granted.tokens);
    }

    /// A place in the line of the gate that reopens last; `None` where neither is shut, or where the
    /// place would break one of the line's rules.
    pub(super) fn line_up(&mut self, now: Instant, line: Line) -> Option<QuotaSlot> {
        let slot = self.next_place(now, line)?;
        self.gate(slot.dimension).take(slot);
        Some(slot)
    }

    /// The place that [`Quota::line_up`] would give away; it is not taken.
    pub(super) fn next_place(&self, now: Instant, line: Line) -> Option<QuotaSlot> {
        let ends = |gate: &Gate| gate.shut.map(|shut| shut.line_ends);
        let (gate, dimension) = if ends(&self.tokens) > ends(&self.requests) {
            (&self.tokens, Dimension::Tokens)
        } else {
            (&self.requests, Dimension::Requests)
        };
        gate.next_place(now, dimension, line)
    }

    /// Who held a place does not want it any more.
    pub(super) fn give_back(&mut self, now: Instant, slot: QuotaSlot) {
        self.gate(slot.dimension).give_back(now, slot);
    }

    fn gate(&mut self, dimension: Dimension) -> &mut Gate {
        match dimension {
            Dimension::Requests => &mut self.requests,
            Dimension::Tokens => &mut self.tokens,
        }
    }
}

impl Gate {
    fn spacing(&self) -> Duration {
        self.spacing.map_or(SPACING, |spacing| spacing.min(SPACING_CAP))
    }

    fn refusal(&self, now: Instant, slot: Option<QuotaSlot>) -> Option<QuotaShut> {
        let shut = self.shut?;
        let turn = slot.is_some_and(|slot| slot.shutting == self.shuttings && now >= slot.at);
        // While the line stands, newcomers find the gate shut.
        let admits = now >= shut.reopens && (turn || now >= shut.line_ends);
        (!admits).then_some(QuotaShut { since: shut.since, not_before: shut.line_ends })
    }

    fn admit(&mut self, now: Instant, slot: Option<QuotaSlot>) -> Result<(), QuotaShut> {
        if let Some(refusal) = self.refusal(now, slot) {
            return Err(refusal);
        }
        self.forget_past(now);
        Ok(())
    }

    /// Once the line is over the gate is as if it had never been shut, but for `k`.
    fn forget_past(&mut self, now: Instant) {
        self.shut = self.shut.filter(|shut| now < shut.line_ends);
        if self.shut.is_none() {
            self.free.clear();
        }
    }

    /// The first place that was given back, else one at the end of the line.
    fn next_place(&self, now: Instant, dimension: Dimension, line: Line) -> Option<QuotaSlot> {
        let shut = self.shut.filter(|shut| now < shut.line_ends)?;
        let soonest = now.max(shut.reopens);
        let free = self.free.iter().filter(|slot| slot.at >= soonest).min_by_key(|slot| slot.at);
        let (at, shutting) = (shut.line_ends, self.shuttings);
        let last = QuotaSlot { at, ends: at + self.spacing(), dimension, shutting };
        let slot = free.copied().unwrap_or(last);
        let is_long = slot.at - soonest >= self.spacing().saturating_mul(line.at_most);
        let breaks_a_rule = slot.at > line.latest || shut.reopens > line.reopens_by || is_long;
        (!breaks_a_rule).then_some(slot)
    }

    fn take(&mut self, slot: QuotaSlot) {
        self.free.retain(|free| *free != slot);
        if let Some(shut) = &mut self.shut {
            shut.line_ends = shut.line_ends.max(slot.ends);
        }
    }

    /// The line is as short as those who are left in it make it; a place between them is free.
    fn give_back(&mut self, now: Instant, slot: QuotaSlot) {
        let Some(shut) = &mut self.shut else { return };
        if slot.shutting != self.shuttings || now >= slot.at {
            return;
        }
        self.free.push(slot);
        while let Some(last) = self.free.iter().position(|free| free.ends == shut.line_ends) {
            shut.line_ends = self.free.swap_remove(last).at;
        }
    }

    fn limited(&mut self, now: Instant, hint: Option<Duration>, granted: u32, rng: &mut Rng) {
        self.forget_past(now);
        let is_news = granted == self.shuttings;
        match &mut self.shut {
            // Of the 429s granted before a shutting, a later hint still moves the time. Those in the
            // line keep their places, and ask again where these come too early now.
            Some(shut) if !is_news => {
                let Some(hint) = hint else { return };
                let reopens = now + hint + shut.jitter;
                shut.reopens = shut.reopens.max(reopens);
                shut.line_ends = shut.line_ends.max(shut.reopens);
            }
            None if !is_news && hint.is_none() => {}
            shut => {
                let wait = hint.unwrap_or_else(|| blind_wait(self.in_a_row));
                let jitter = rng.up_to(JITTER_AT_LEAST.max(wait / 10));
                let reopens = now + wait + jitter;
                let since = shut.map_or(now, |shut| shut.since);
                *shut = Some(Shut { since, reopens, jitter, line_ends: reopens });
                self.free.clear();
                self.shuttings += 1;
                self.in_a_row = self.in_a_row.saturating_add(u32::from(is_news));
            }
        }
    }

    /// Shuts before the first 429. While a line stands it is paced already.
    fn spent(&mut self, now: Instant, spent: Spent, granted: u32, rng: &mut Rng) {
        self.forget_past(now);
        self.spacing = spent.spacing().or(self.spacing);
        if granted != self.shuttings || self.shut.is_some() {
            return;
        }
        let wait = spent.spacing().unwrap_or(spent.reset).min(HINT_CAP);
        let jitter = rng.up_to(JITTER_AT_LEAST.max(wait / 10));
        let reopens = now + wait + jitter;
        self.shut = Some(Shut { since: now, reopens, jitter, line_ends: reopens });
        self.shuttings += 1;
    }

    fn answered(&mut self, granted: u32) {
        if granted == self.shuttings {
            self.in_a_row = 0;
        }
    }
}

/// The wait that no hint names: doubled with each shutting in a row.
fn blind_wait(in_a_row: u32) -> Duration {
    BLIND_BASE.saturating_mul(1_u32.checked_shl(in_a_row).unwrap_or(u32::MAX)).min(BLIND_CAP)
}
