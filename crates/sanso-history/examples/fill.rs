//! Fills a history with a month of made-up traffic, and measures how long questions take:
//!
//! ```sh
//! cargo run --release -p sanso-history --example fill -- /tmp/history.db
//! cargo run --release -p sanso-history --example fill -- /tmp/history.db 30 100 200000
//! ```
//!
//! The numbers are days, requests a second, and how many of them have rows of their own. A file that
//! is there already is asked as it is.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sanso_history::{Fill, History, Range, Settings};
use sanso_watch::{
    AttemptMade, Degradation, Event, Filter, Finished, Kind, Millis, Outcome, Plan, PlannedChain,
    PlannedDeployment, PlannedLeg, Reason,
};

const HOUR: u64 = 3600 * 1000;
/// Chains, each of two legs of two deployments: 30 deployments are much for one gateway.
const CHAINS: u64 = 8;
/// Latencies of one chain in one span.
const LATENCIES: u64 = 24;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("say which file to fill, such as /tmp/history.db")?;
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |n| n.parse());
    let (days, per_second, rows) = (number(30)?, number(100)?, number(100_000)?);
    let settings = Settings::new(&path, now);
    let mut out = io::stdout().lock();
    if !Path::new(&path).exists() {
        let (filled, sums) = timed(|| fill_sums(&settings, days, per_second));
        filled?;
        writeln!(out, "{days} days of {per_second} requests a second: written in {sums:.1?}")?;
        let (filled, taken) = timed(|| fill_rows(&settings, rows, per_second));
        filled?;
        let each = rows as f64 / taken.as_secs_f64();
        writeln!(out, "{rows} requests: written in {taken:.1?}, {each:.0} a second")?;
    }
    writeln!(out, "{} MB", std::fs::metadata(&path)?.len() >> 20)?;
    let history = History::start(settings, plan())?;
    history.flush()?;
    for (name, hours) in
        [("24 h", 24), ("7 days", 7 * 24), ("30 days", 30 * 24), ("2 years", 729 * 24)]
    {
        let range = Range::last(Duration::from_hours(hours), now());
        for chain in [None, Some("chain-3")] {
            let (series, taken) = timed(|| history.series(range, 140, chain));
            let groups = series?.model_groups;
            let asked = groups.values().flat_map(|group| group.requests.iter().flatten());
            let asked: u64 = asked.map(|count| u64::from(*count)).sum();
            let of = chain.unwrap_or("all chains");
            writeln!(out, "series of {name}, {of}: {taken:.1?} ({asked} requests)")?;
        }
    }
    let any = Filter { limit: Some(100), ..Filter::default() };
    let words = |q: &str| Filter { q: Some(q.to_owned()), ..any.clone() };
    for (name, filter) in [
        ("the newest", any.clone()),
        (
            "those that no one answered",
            Filter { degradation_level: Some(Degradation::Unavailable), ..any.clone() },
        ),
        ("words that nothing has", words("nowhere")),
    ] {
        let (found, taken) = timed(|| history.requests(&filter));
        writeln!(out, "requests, {name}: {taken:.1?} ({})", found?.requests.len())?;
    }
    Ok(())
}

/// An hour at a time; of the last three days each minute, as the history keeps it.
fn fill_sums(
    settings: &Settings,
    days: u64,
    per_second: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut fill = Fill::open(settings.clone(), plan())?;
    let mut rng = fastrand::Rng::with_seed(1);
    for hours_ago in (0..days * 24).rev() {
        let hour = Millis(now().0 / HOUR * HOUR).minus(hours_ago * HOUR);
        let spans = if hours_ago > 72 { 1 } else { 60 };
        let each = per_second * 3600 / (spans * CHAINS * LATENCIES);
        let mut requests = Vec::new();
        for span in 0..spans {
            let at = hour.plus(span * HOUR / spans);
            for chain in 0..CHAINS {
                requests.extend((0..LATENCIES).map(|_| (request(&mut rng, at, chain), each)));
            }
        }
        fill.add(requests.iter().map(|(request, times)| (request, *times)))?;
    }
    Ok(fill.sweep()?)
}

/// Through the queue, as they come from the gateway.
fn fill_rows(
    settings: &Settings,
    rows: u64,
    per_second: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let history = History::start(settings.clone(), plan())?;
    let mut rng = fastrand::Rng::with_seed(2);
    for row in (0..rows).rev() {
        let at = now().minus(row * 1000 / per_second.max(1));
        let chain = rng.u64(0..CHAINS);
        history.note(Event::Request(Arc::new(request(&mut rng, at, chain))));
        if row % 5000 == 0 {
            history.flush()?;
        }
    }
    Ok(())
}

fn request(rng: &mut fastrand::Rng, at: Millis, chain: u64) -> Finished {
    let leg = u32::from(rng.u8(0..10) == 0);
    let unanswered = rng.u16(0..1000) == 0;
    let group: Arc<str> = group(chain, leg).into();
    let deployment: Arc<str> = format!("{group}/{}", rng.u8(0..2)).into();
    let attempt = |leg: u32, deployment: &Arc<str>, outcome| AttemptMade {
        deployment: Arc::clone(deployment),
        provider: provider(leg).into(),
        model: "model".into(),
        leg,
        outcome,
        phase: None,
        soft: None,
        status: Some(200),
        note: None,
        wait_before_ms: 0,
        start_ms: 0,
        duration_ms: 900,
        ttft_ms: Some(300),
        forced_probe: false,
    };
    let failed = attempt(0, &format!("chain-{chain}/0").into(), Outcome::Fault(Kind::RateLimited));
    let answered = attempt(leg, &deployment, Outcome::Success);
    let ttft = 200 + (rng.f64() * rng.f64() * 4000.0) as u64;
    Finished {
        request_id: format!("{:024x}{:08x}", rng.u64(..), rng.u32(..)).into(),
        at,
        task: None,
        model_group: format!("chain-{chain}").into(),
        degradation: match (unanswered, leg) {
            (true, _) => Degradation::Unavailable,
            (false, 0) => Degradation::Full,
            (false, _) => Degradation::Partial,
        },
        provider: Some(provider(leg).into()),
        model: Some("model".into()),
        deployment: (!unanswered).then_some(deployment),
        answered_by_group: (!unanswered).then_some(group),
        leg: (!unanswered).then_some(leg),
        fallback: (leg > 0).then_some(Reason::Fault(Kind::RateLimited)),
        duration_ms: ttft + rng.u64(100..20_000),
        ttft_ms: Some(ttft),
        input_tokens: Some(rng.u64(20..4000)),
        output_tokens: Some(rng.u64(1..900)),
        cost_usd: Some(rng.f64() / 100.0),
        soft: None,
        format_valid: None,
        explores: false,
        first_group: None,
        fallback_from: None,
        quality_score: None,
        circuit_state: None,
        warnings: Vec::new(),
        attempts: if leg > 0 { vec![failed, answered] } else { vec![answered] },
        skipped: Vec::new(),
    }
}

fn plan() -> Plan {
    let leg = |chain: u64, leg: u32| {
        let group = group(chain, leg);
        let deployment = |number| PlannedDeployment {
            deployment: format!("{group}/{number}").into(),
            provider: provider(leg).into(),
            model: "model".into(),
            ..PlannedDeployment::default()
        };
        let deployments = (0..2).map(deployment).collect();
        PlannedLeg { deployments, model_group: group.into() }
    };
    let chain = |number: u64| PlannedChain {
        model_group: format!("chain-{number}").into(),
        legs: vec![leg(number, 0), leg(number, 1)],
        ..PlannedChain::default()
    };
    Plan { chains: (0..CHAINS).map(chain).collect(), tasks: Vec::new() }
}

fn group(chain: u64, leg: u32) -> String {
    if leg == 0 { format!("chain-{chain}") } else { format!("behind-{chain}") }
}

const fn provider(leg: u32) -> &'static str {
    if leg == 0 { "openai" } else { "anthropic" }
}

#[expect(clippy::disallowed_methods, reason = "this program measures, and ends")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let answer = work();
    (answer, start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "this program is its own clock")]
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(since.as_millis() as u64)
}
