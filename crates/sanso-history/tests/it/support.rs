//! A directory that is removed, requests that are made up, and the file as any program sees it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use sanso_history::{History, Settings};
use sanso_watch::{
    AttemptMade, Degradation, Event, Finished, Kind, Millis, Outcome, Plan, PlannedChain,
    PlannedDeployment, PlannedLeg, Reason, Soft,
};

/// A directory for one test.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sanso-history-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn history(&self) -> History {
        History::start(self.settings(), plan()).unwrap()
    }

    /// Without pauses that a test would wait for: it says itself when it is time to try again.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            gather: Duration::from_hours(1),
            busy: Duration::ZERO,
            retry_first: Duration::from_hours(1),
            retry_most: Duration::from_hours(1),
            ..Settings::new(self.path("history.db"), || NOW)
        }
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.path("history.db")).unwrap()
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        number(&self.path("history.db"), sql)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// The first of December 2026, 00:00:10 UTC: a minute, an hour, a day and a month have just begun.
pub(crate) const NOW: Millis = Millis(1_796_083_210_000);

/// Two chains: `main` falls back to `small`; `small` is alone. One task is configured.
pub(crate) fn plan() -> Plan {
    let leg = |group: &str| PlannedLeg {
        model_group: group.into(),
        deployments: deployments(group).map(planned).collect(),
    };
    let chain = |groups: &[&str]| PlannedChain {
        model_group: groups[0].into(),
        legs: groups.iter().map(|group| leg(group)).collect(),
        ..PlannedChain::default()
    };
    Plan { chains: vec![chain(&["main", "small"]), chain(&["small"])], tasks: vec!["sum".into()] }
}

fn deployments(group: &str) -> impl Iterator<Item = &'static str> + use<> {
    let ids: &[&str] = if group == "main" { &["main-a", "main-b"] } else { &["small-a"] };
    ids.iter().copied()
}

fn planned(id: &str) -> PlannedDeployment {
    PlannedDeployment {
        deployment: id.into(),
        provider: provider(id).into(),
        model: model(id).into(),
        ..PlannedDeployment::default()
    }
}

fn provider(id: &str) -> &'static str {
    if id == "main-b" { "azure" } else { "openai" }
}

fn model(id: &str) -> &'static str {
    if id.starts_with("main") { "gpt-4.1" } else { "gpt-4.1-mini" }
}

/// A request that went well.
pub(crate) fn finished(id: &str, at: Millis) -> Finished {
    Finished {
        request_id: id.into(),
        at,
        task: None,
        model_group: "main".into(),
        degradation: Degradation::Full,
        provider: Some("openai".into()),
        model: Some("gpt-4.1".into()),
        deployment: Some("main-a".into()),
        answered_by_group: Some("main".into()),
        leg: Some(0),
        fallback: None,
        duration_ms: 1200,
        ttft_ms: Some(300),
        input_tokens: Some(100),
        output_tokens: Some(20),
        cost_usd: Some(0.000_25),
        soft: None,
        format_valid: None,
        quality_score: None,
        explores: false,
        first_group: None,
        fallback_from: None,
        circuit_state: None,
        warnings: Vec::new(),
        attempts: vec![attempt("main-a", 0, Outcome::Success)],
        skipped: Vec::new(),
    }
}

pub(crate) fn attempt(id: &str, leg: u32, outcome: Outcome) -> AttemptMade {
    AttemptMade {
        deployment: id.into(),
        provider: provider(id).into(),
        model: model(id).into(),
        leg,
        outcome,
        phase: None,
        soft: None,
        status: Some(200),
        note: None,
        wait_before_ms: 0,
        start_ms: 0,
        duration_ms: 1200,
        ttft_ms: Some(300),
        forced_probe: false,
    }
}

/// So many requests that went well, one a second up to now.
pub(crate) fn plain(count: u64) -> Vec<Finished> {
    (0..count).map(|n| finished(&format!("plain-{n}"), NOW.minus(n * SECOND))).collect()
}

/// A request of any kind, some time between two moments.
pub(crate) fn mixed(rng: &mut fastrand::Rng, id: &str, from: Millis, to: Millis) -> Finished {
    let mut request = finished(id, Millis(rng.u64(from.0..to.0)));
    request.task =
        [None, Some("sum".into()), Some(format!("made-up-{id}").into())][rng.usize(0..3)].clone();
    request.duration_ms = rng.u64(1..100_000);
    request.ttft_ms = rng.bool().then(|| rng.u64(1..20_000));
    request.input_tokens = rng.bool().then(|| rng.u64(0..9000));
    request.output_tokens = rng.bool().then(|| rng.u64(0..900));
    request.cost_usd = rng.bool().then(|| rng.u64(0..9_000_000) as f64 / 1e9);
    request.soft = (rng.u8(0..10) == 0).then_some(Soft::Refusal);
    request.degradation = [
        Degradation::Full,
        Degradation::Full,
        Degradation::Partial,
        Degradation::Degraded,
        Degradation::Unavailable,
        Degradation::Cancelled,
        Degradation::Rejected,
    ][rng.usize(0..7)];
    let failed = Kind::ALL[rng.usize(0..Kind::ALL.len())];
    match request.degradation {
        Degradation::Full => {}
        Degradation::Partial => {
            request.deployment = Some("small-a".into());
            request.answered_by_group = Some("small".into());
            request.leg = Some(1);
            request.fallback = Some(Reason::Fault(failed));
            request.attempts.insert(0, attempt("main-b", 0, Outcome::Fault(failed)));
            request.attempts[1] = attempt("small-a", 1, Outcome::Success);
        }
        Degradation::Degraded
        | Degradation::Unavailable
        | Degradation::Cancelled
        | Degradation::Rejected => {
            request.deployment = None;
            request.answered_by_group = None;
            request.leg = None;
            request.attempts = vec![attempt("main-a", 0, Outcome::Fault(failed))];
        }
    }
    request
}

pub(crate) fn note(history: &History, requests: &[Finished]) {
    for request in requests {
        history.note(Event::Request(Arc::new(request.clone())));
    }
}
