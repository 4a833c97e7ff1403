//! One alert's life: pending, firing, escalated, resolved.

use serde::{Deserialize, Serialize};

use super::alert::{Alert, AlertState, Change};
use super::onset::onset;
use super::reading::{Ratio, Reading};
use super::signal::{Severity, Signal, Subject};
use super::thresholds::Thresholds;
use super::watched::{Of, Watched};
use crate::cause::Cause;
use crate::event::Degradation;
use crate::figures::DAY;
use crate::millis::Millis;
use crate::reason::Reason;
use crate::scene::Scene;
use crate::words::time;

/// An alert, and what its next step depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tracked {
    pub(crate) subject: Subject,
    pub(crate) alert: Alert,
    /// The worst that was told of it.
    told: Option<Severity>,
    /// For how long it has been below 80 % of its line.
    pub(crate) below_ms: u64,
    /// For how long nothing was asked.
    quiet_ms: u64,
    /// The highest rate that it was over its line with.
    #[serde(default)]
    worst: Option<f64>,
    /// Pending of too few requests for a rate, and all that is known is over its line.
    #[serde(skip)]
    pub(crate) is_scarce: bool,
    /// When what is shown was filled in.
    #[serde(skip)]
    looked_at: Millis,
}

/// How long what is shown of a firing alert is shown as it is: for a part of its age, since what was
/// counted since an old onset takes as much longer to read as it takes to change; at least for a part of
/// the short window, which is ten seconds of five minutes.
const LOOKS: u64 = 360;
const LOOKS_OF_SHORT: u64 = 30;

/// How the evidence that counts begin later than the onset begins: said once.
const COUNTED: &str = "counted since ";

/// What a step is taken by.
pub(crate) struct Lines<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) watched: &'a Watched,
    pub(crate) thresholds: &'a Thresholds,
    pub(crate) reading: Reading,
    /// Since the last step.
    pub(crate) passed: u64,
}

/// The next step of an alert, or of none. `None` when there is nothing to keep.
pub(crate) fn step(
    before: Option<Tracked>,
    lines: &Lines<'_>,
    next_id: &mut u64,
) -> Option<Tracked> {
    let level = lines.reading.level();
    let Some(mut tracked) = before else {
        if level.is_none() && !lines.reading.is_pending() {
            return None;
        }
        let mut tracked = Tracked::new(lines, next_id);
        tracked.worsen(lines);
        tracked.fire(lines, level);
        return Some(tracked);
    };
    tracked.worsen(lines);
    match tracked.alert.state {
        AlertState::Pending => {
            if level.is_none() && !lines.reading.is_pending() {
                return None;
            }
            tracked.fire(lines, level);
        }
        AlertState::Firing | AlertState::Resolved => {
            if let Some(level) = level {
                tracked.alert.severity = tracked.alert.severity.max(level);
            }
            tracked.ease(lines);
            tracked.look_again(lines);
        }
    }
    Some(tracked)
}

impl Tracked {
    fn new(lines: &Lines<'_>, next_id: &mut u64) -> Self {
        *next_id += 1;
        let watched = lines.watched;
        let alert = Alert {
            id: format!("al-{next_id}").into(),
            signal: watched.signal,
            severity: Severity::Warn,
            state: AlertState::Pending,
            since: lines.scene.now,
            subject: watched.subject.clone(),
            value: 0.0,
            threshold: 0.0,
            window: lines.thresholds.window(watched.signal).into(),
            count: 0,
            of: None,
            served_instead: None,
            served_instead_model: None,
            same_model_share: None,
            cause: Cause::default(),
            silenced_until: None,
        };
        let subject = watched.subject.clone();
        let mut tracked = Self {
            subject,
            alert,
            told: None,
            below_ms: 0,
            quiet_ms: 0,
            worst: None,
            is_scarce: false,
            looked_at: lines.scene.now,
        };
        tracked.show_subject(lines);
        tracked
    }

    pub(crate) fn is_of(&self, watched: &Watched) -> bool {
        self.alert.signal == watched.signal && self.subject == watched.subject
    }

    /// Takes note of the rate: the severity is the worst that it was, and has to be shown with its number.
    fn worsen(&mut self, lines: &Lines<'_>) {
        let judged_by = lines.reading.judged_by();
        self.worst = self.worst.into_iter().chain(judged_by).reduce(f64::max);
    }

    /// Takes note of a level; the first makes it fire.
    fn fire(&mut self, lines: &Lines<'_>, level: Option<Severity>) {
        self.alert.since = since(lines);
        self.is_scarce = lines.reading.is_scarce();
        if let Some(level) = level {
            self.alert.state = AlertState::Firing;
            self.alert.severity = level;
        }
        self.look(lines);
    }

    /// Counts the time for which it has been well, or quiet.
    fn ease(&mut self, lines: &Lines<'_>) {
        match lines.reading.is_below() {
            Some(true) => self.below_ms += lines.passed.max(1),
            Some(false) => self.below_ms = 0,
            // Once well, silence does not make it worse.
            None if self.below_ms > 0 => self.below_ms += lines.passed,
            None => {}
        }
        self.quiet_ms = match lines.reading.is_below() {
            Some(_) => 0,
            None => self.quiet_ms + lines.passed,
        };
        let well_for = lines.thresholds.well_for(self.alert.signal);
        if self.below_ms > well_for || self.quiet_ms >= lines.thresholds.long() {
            self.alert.state = AlertState::Resolved;
        }
    }

    /// Fills in what is shown, now and then: each second would be a lot of reading for nothing new.
    fn look_again(&mut self, lines: &Lines<'_>) {
        let now = lines.scene.now;
        let least = lines.thresholds.short() / LOOKS_OF_SHORT;
        let rest = least.max(now.since(self.alert.since).min(DAY) / LOOKS);
        let is_due = self.looked_at.0.abs_diff(now.0) >= rest;
        let is_news = self.alert.state == AlertState::Resolved
            || self.told.is_some_and(|told| told < self.alert.severity);
        if is_due || is_news {
            self.look(lines);
        }
    }

    /// Fills in what is shown. What the counts do not hold stays as it was: after a restart they hold
    /// nothing at first, and nothing says nothing of the cause, nor of who answers instead.
    fn look(&mut self, lines: &Lines<'_>) {
        let scene = lines.scene;
        self.looked_at = scene.now;
        let alert = &mut self.alert;
        alert.threshold = lines.reading.threshold(alert.severity);
        let seen = || lines.watched.over(scene, scene.kept(alert.since));
        let (value, count, of) = match lines.reading {
            Reading::Count { limit: 0, .. } => (f64::from(seen().count), seen().count, None),
            Reading::Count { count, .. } => (f64::from(count), count, None),
            Reading::Rate { .. } => {
                (seen().rate().unwrap_or_default(), seen().count, Some(seen().of))
            }
        };
        let mut counted_since = alert.cause.counted_since;
        if count > 0 {
            (alert.value, alert.count, alert.of) = (value, count, of);
            counted_since = match lines.reading {
                // An opening is counted for an hour, whenever the onset was.
                Reading::Count { limit: 1.., .. } => None,
                Reading::Count { .. } | Reading::Rate { .. } => scene.counted_since(alert.since),
            };
        }
        let is_known = count > 0 || matches!(lines.reading, Reading::Count { holds: true, .. });
        if is_known && lines.reading.is_below() != Some(true) {
            self.explain(lines);
        }
        let cause = &mut self.alert.cause;
        (cause.worst, cause.counted_since) = (self.worst, counted_since);
        if let Some(at) = counted_since {
            let at = time(at, scene.now);
            cause.evidence.retain(|line| !line.starts_with(COUNTED));
            cause.evidence.push(format!("{COUNTED}{at}, the start, and not since the onset"));
        }
    }

    /// Why, who answers instead, and whom it concerns.
    fn explain(&mut self, lines: &Lines<'_>) {
        let (scene, alert) = (lines.scene, &mut self.alert);
        alert.cause = Cause::of(scene, lines.watched, alert.since);
        if let Of::Chain(chain) = lines.watched.of {
            let counts = scene.figures.chain(chain, scene.kept(alert.since), scene.now);
            let instead = scene.index.served_instead(chain, &counts.instead);
            alert.served_instead = instead.map(|planned| planned.deployment.clone());
            alert.served_instead_model = instead.map(|planned| planned.label().into());
            let partial = counts.of(Degradation::Partial);
            alert.same_model_share =
                (partial > 0).then(|| f64::from(counts.same_model) / f64::from(partial));
        }
        self.show_subject(lines);
    }

    /// Beside what an alert is about: the chain that suffers, and whose model or deployment it is.
    fn show_subject(&mut self, lines: &Lines<'_>) {
        let index = lines.scene.index;
        let shown = &mut self.alert.subject;
        if let Some(chain) = suffering(lines) {
            let planned = &index.plan.chains[chain];
            shown.model_group = Some(planned.model_group.clone());
            shown.task.clone_from(&planned.task);
        }
        if let Of::Deployments(numbers) = &lines.watched.of
            && let Some(first) = numbers.first().map(|number| &index.deployments[*number])
            && lines.watched.signal == Signal::BreakerOpenings
        {
            shown.provider = Some(first.provider.clone());
            shown.model = Some(first.model.clone());
        }
    }

    /// What is to be told now, if anything. A silence defers it; what resolved in it is not told.
    pub(super) fn tell(&mut self) -> Option<Change> {
        if self.alert.silenced_until.is_some() {
            return None;
        }
        match (self.alert.state, self.told) {
            (AlertState::Firing, None) => {
                self.told = Some(self.alert.severity);
                Some(Change::Fired)
            }
            (AlertState::Firing, Some(told)) if told < self.alert.severity => {
                self.told = Some(self.alert.severity);
                Some(Change::Escalated)
            }
            (AlertState::Resolved, Some(_)) => Some(Change::Resolved),
            (AlertState::Pending | AlertState::Firing | AlertState::Resolved, _) => None,
        }
    }
}

/// The onset. Of a signal that is a count it is when the count went over its limit.
fn since(lines: &Lines<'_>) -> Millis {
    let Lines { scene, watched, thresholds, reading, .. } = lines;
    let now = scene.now;
    match *reading {
        Reading::Count { limit, .. } if limit > 0 => {
            let Of::Deployments(numbers) = &watched.of else { return now };
            let ids = numbers.iter().map(|number| &*scene.index.deployments[*number].deployment);
            let mut at: Vec<_> = ids
                .flat_map(|id| scene.facts.openings(id, now.minus(thresholds.long())))
                .map(|moved| moved.at)
                .collect();
            at.sort_unstable();
            at.get(limit as usize).copied().unwrap_or(now)
        }
        Reading::Count { .. } | Reading::Rate { .. } => {
            let line = match reading {
                Reading::Rate { lines, .. } => lines.warn(),
                Reading::Count { .. } => 0.0,
            };
            let minutes = watched.minutes(scene, now.minus(DAY));
            let width = thresholds.well_for(watched.signal);
            let minute = onset(&minutes, line, width, now).unwrap_or(now);
            // Of a young onset the ten seconds are known, too.
            let buckets = watched.buckets(scene, minute);
            let is_over = |ratio: &Ratio| ratio.rate().is_some_and(|rate| rate > line);
            let first = buckets.iter().find(|(at, ratio)| *at >= minute && is_over(ratio));
            first.map_or(minute, |(at, _)| *at)
        }
    }
}

/// The chain whose users notice: of deployments the one whose requests met them most in the last hour,
/// answered or passed on. Where none did, the one that the plan says.
fn suffering(lines: &Lines<'_>) -> Option<usize> {
    let Lines { scene, watched, .. } = lines;
    let direct = watched.chain(scene.index);
    let Of::Deployments(numbers) = &watched.of else { return direct };
    let met = |chain: usize| {
        let slots = &scene.index.slots[chain];
        let is_theirs = |slot: &usize| numbers.contains(&slots[*slot].deployment);
        let parts =
            scene.figures.chain_parts(chain, scene.now.minus(lines.thresholds.long()), scene.now);
        let sums = parts.map(|counts| {
            let served = counts.served.iter();
            let passed = counts.passed_on.iter().map(|(key, count)| (key / Reason::COUNT, count));
            let theirs = served.chain(passed).filter(|(slot, _)| is_theirs(slot));
            theirs.map(|(_, count)| count).sum::<u32>()
        });
        sums.sum::<u32>()
    };
    let chains = (0..scene.index.slots.len()).map(|chain| (met(chain), chain));
    let most = chains.max_by_key(|(met, chain)| (*met, std::cmp::Reverse(*chain)));
    most.filter(|(met, _)| *met > 0).map(|(_, chain)| chain).or(direct)
}
