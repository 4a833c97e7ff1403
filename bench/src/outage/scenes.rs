//! The scenes: what happens to the providers, who asks meanwhile, and what to look at.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until};

use super::Row;
use super::client::{Answer, ask, send};
use super::gateway::{Chain, Gateway};
use super::provider::{Does, Providers, Seen};
use crate::Outcome;
use crate::stats::Samples;

/// Every scene's chain.
pub const CHAINS: [Chain; 6] = [
    ("storm", true),
    ("dead", true),
    ("herd", true),
    ("both", true),
    ("gone", false),
    ("return", true),
];

/// The stage that all scenes play on.
#[derive(Clone, Debug)]
pub struct Stage {
    /// sanso.
    pub gateway: Arc<Gateway>,
    /// The providers behind it.
    pub providers: Providers,
}

const SECOND: Duration = Duration::from_secs(1);
/// The longest that a breaker stays open at a time: 12 s, and a fifth of jitter.
const LONGEST_OPEN: Duration = Duration::from_millis(14_400);

impl Stage {
    /// From the first second of an outage on: 100 clients, three requests each.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn storm(&self) -> Outcome<Vec<Row>> {
        self.providers.tell("storm", Does::Refuses(500));
        let clients = (0..100).map(|_| self.clone().ask_in_turn("storm", 3));
        let answers = all(clients).await?;
        let calls = self.seen("storm").len() + self.seen("storm-fallback").len();
        let ratio = calls as f64 / answers.len() as f64;
        let answered = answers.iter().filter(|answer| answer.status == 200).count();
        Ok(vec![
            row(
                "an outage begins, 100 clients ask three times: upstream calls per request",
                format!("{ratio:.2}"),
                "<= 1.7",
                ratio <= 1.7,
            ),
            row("... of their 300 requests answered", answered.to_string(), "300", answered == 300),
        ])
    }

    /// The primary stays dead: 20 requests a second, for half a minute.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn dead(&self) -> Outcome<Vec<Row>> {
        self.providers.tell("dead", Does::RefusesSlowly);
        let watch = tokio::spawn(self.clone().watch_breaker("dead", 30 * SECOND));
        self.ask_steadily("dead", 20, 30 * SECOND).await?;
        let open = watch.await??;
        let seen = self.seen("dead");
        let first = open.first().ok_or("the breaker never opened")?.0;
        let later: Vec<Seen> = seen.into_iter().filter(|seen| seen.came > first).collect();
        let while_open = later.iter().filter(|seen| is_within(seen.came, &open)).count();
        let at_once = most_at_once(&later);
        Ok(vec![
            row(
                "primary dead for 30 s at 20 requests a second: calls to it while open",
                while_open.to_string(),
                "0",
                while_open == 0,
            ),
            row(
                "... calls to it after the opening, and at most at once",
                format!("{}, {at_once}", later.len()),
                "at most 1 at once",
                at_once <= 1,
            ),
        ])
    }

    /// Forty clients ask again and again across the moment at which the breaker half-opens.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn herd(&self) -> Outcome<Vec<Row>> {
        self.providers.tell("herd", Does::Refuses(500));
        self.ask_until_open("herd").await?;
        let before = self.seen("herd").len();
        self.providers.tell("herd", Does::AnswersAfter(SECOND / 2));
        let until = Instant::now() + LONGEST_OPEN;
        let herd = (0..40).map(|_| self.clone().ask_until("herd", until, before));
        all(herd).await?;
        let seen = self.seen("herd").split_off(before);
        let first = seen.first().copied().ok_or("no probe came")?;
        let over = first.over.unwrap_or(until);
        let at_once = seen.iter().filter(|seen| seen.came < over).count();
        Ok(vec![row(
            "40 clients at the moment of half-open: calls to the primary",
            at_once.to_string(),
            "1",
            at_once == 1,
        )])
    }

    /// Primary and fallback dead, once all gates are shut.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn both(&self) -> Outcome<Vec<Row>> {
        self.providers.tell("both", Does::Refuses(500));
        self.providers.tell("both-fallback", Does::Refuses(500));
        self.ask_until_open("both").await?;
        self.ask_until_open("both-fallback").await?;
        let answers = self.ask_steadily("both", 100, 5 * SECOND).await?;
        let mut times = Samples::default();
        let unforced = answers.iter().filter(|answer| answer.header("x-sanso-attempts").is_empty());
        unforced.for_each(|answer| times.add(answer.took));
        let count = times.len();
        let times = times.percentiles().ok_or("every request was a forced one")?;
        let ms = |micros: u32| f64::from(micros) / 1e3;
        Ok(vec![row(
            "both providers down, gates shut: answered in (p50, p99, slowest; the forced call apart)",
            format!(
                "{:.1}, {:.1}, {:.1} ms of {count}",
                ms(times.p50),
                ms(times.p99),
                ms(times.max)
            ),
            "< 20 ms",
            times.max < 20_000,
        )])
    }

    /// Clients that go away while they wait, between two tries, and in the middle of a stream.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn gone(&self) -> Outcome<Vec<Row>> {
        let phases = [
            ("waits for a plain answer: upstream closed after", Does::IsSilent, false),
            ("waits for a first token: upstream closed after", Does::IsSilent, true),
            ("reads a stream: upstream closed after", Does::Streams, true),
        ];
        let mut rows = Vec::new();
        for (what, does, stream) in phases {
            let slowest = self.leave(does, stream).await?;
            let found = format!("{:.1} ms", slowest.as_secs_f64() * 1e3);
            let reached = slowest < Duration::from_millis(100);
            rows.push(row(what, found, "< 100 ms (slowest of 20)", reached));
        }
        self.providers.tell("gone", Does::AsksToWait(1));
        let before = self.seen("gone").len();
        let socket = send(&self.gateway.authority, "gone", false).await?;
        while self.seen("gone").len() == before {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(SECOND / 10).await;
        drop(socket);
        sleep(3 * SECOND).await;
        let calls = self.seen("gone").len() - before - 1;
        rows.push(row(
            "waits for a retry that is due in a second: calls after it left",
            calls.to_string(),
            "0",
            calls == 0,
        ));
        Ok(rows)
    }

    /// The primary comes back: ten streamed requests a second, first content after 50 ms.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn comes_back(&self) -> Outcome<Vec<Row>> {
        self.providers.tell("return", Does::Refuses(500));
        self.ask_until_open("return").await?;
        let asking = tokio::spawn(self.clone().ask_streams("return", 10, 25 * SECOND));
        sleep(3 * SECOND).await;
        self.providers.tell("return", Does::AnswersAfter(Duration::from_millis(50)));
        let healed = Instant::now();
        let answers = asking.await??;
        let first = answers.iter().find(|it| it.asked > healed && it.is_by("return"));
        let first = first.ok_or("the primary never answered again")?;
        let back = first.asked + first.took;
        let last = answers.iter().rev().find(|it| !it.is_by("return")).map(|it| it.asked);
        let all = last.map_or(Duration::ZERO, |last| last.saturating_duration_since(back));
        Ok(vec![
            row(
                "primary healed: its first answer after",
                format!("{:.1} s", (back - healed).as_secs_f64()),
                "<= one open time and a request",
                back - healed <= LONGEST_OPEN + SECOND / 4,
            ),
            row(
                "... and all traffic at 10 requests a second after",
                format!("{:.1} s more", all.as_secs_f64()),
                "<= 2 s",
                all <= 2 * SECOND,
            ),
        ])
    }

    /// The slowest of twenty clients that leave: from then until the provider sees it.
    async fn leave(&self, does: Does, stream: bool) -> Outcome<Duration> {
        self.providers.tell("gone", does);
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let number = self.seen("gone").len();
            let socket = send(&self.gateway.authority, "gone", stream).await?;
            sleep(SECOND / 10).await;
            let left = Instant::now();
            drop(socket);
            let closed = loop {
                if let Some(at) = self.seen("gone").get(number).and_then(|seen| seen.over) {
                    break at;
                }
                if left.elapsed() > 5 * SECOND {
                    return Err("the provider was never left".into());
                }
                sleep(Duration::from_millis(1)).await;
            };
            slowest = slowest.max(closed.saturating_duration_since(left));
        }
        Ok(slowest)
    }

    async fn ask_in_turn(self, model: &'static str, times: usize) -> Outcome<Vec<Answer>> {
        let mut answers = Vec::new();
        for _ in 0..times {
            answers.push(ask(&self.gateway.authority, model, false).await?);
        }
        Ok(answers)
    }

    /// Asks again and again until the time is over, or some calls after `before` have come.
    async fn ask_until(
        self,
        model: &'static str,
        until: Instant,
        before: usize,
    ) -> Outcome<Vec<Answer>> {
        while Instant::now() < until && self.seen(model).len() < before + 2 {
            ask(&self.gateway.authority, model, false).await?;
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Vec::new())
    }

    async fn ask_until_open(&self, model: &str) -> Outcome {
        let until = Instant::now() + 10 * SECOND;
        while Instant::now() < until {
            if self.gateway.is_open(model).await? {
                return Ok(());
            }
            ask(&self.gateway.authority, model, false).await?;
            sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the breaker of {model} does not open").into())
    }

    async fn ask_steadily(
        &self,
        model: &'static str,
        per_second: u32,
        time: Duration,
    ) -> Outcome<Vec<Answer>> {
        self.ask_at_a_rate(model, false, per_second, time).await
    }

    async fn ask_streams(
        self,
        model: &'static str,
        per_second: u32,
        time: Duration,
    ) -> Outcome<Vec<Answer>> {
        self.ask_at_a_rate(model, true, per_second, time).await
    }

    /// An open loop: the next request does not wait for the last one's answer.
    async fn ask_at_a_rate(
        &self,
        model: &'static str,
        stream: bool,
        per_second: u32,
        time: Duration,
    ) -> Outcome<Vec<Answer>> {
        let mut ticks = interval(SECOND / per_second);
        let until = Instant::now() + time;
        let mut asked = JoinSet::new();
        while ticks.tick().await < until {
            let gateway = self.gateway.clone();
            asked.spawn(async move { ask(&gateway.authority, model, stream).await });
        }
        let mut answers = Vec::new();
        while let Some(answer) = asked.join_next().await {
            answers.push(answer??);
        }
        answers.sort_by_key(|answer| answer.asked);
        Ok(answers)
    }

    /// When the breaker of `model` was seen open: spans of time, from look to look.
    async fn watch_breaker(
        self,
        model: &'static str,
        time: Duration,
    ) -> Outcome<Vec<(Instant, Instant)>> {
        let mut spans: Vec<(Instant, Instant)> = Vec::new();
        let (mut look, until) = (Instant::now(), Instant::now() + time);
        let mut was_open = false;
        while look < until {
            let asked = Instant::now();
            let open = self.gateway.is_open(model).await?;
            match spans.last_mut().filter(|_| was_open) {
                // Open when asked: so it was open since the last look, which saw it open, too.
                Some(span) if open => span.1 = asked,
                None if open => spans.push((Instant::now(), Instant::now())),
                _ => {}
            }
            was_open = open;
            look += Duration::from_millis(20);
            sleep_until(look).await;
        }
        Ok(spans)
    }

    fn seen(&self, model: &str) -> Vec<Seen> {
        self.providers.seen(model)
    }
}

async fn all<F>(clients: impl Iterator<Item = F>) -> Outcome<Vec<Answer>>
where
    F: Future<Output = Outcome<Vec<Answer>>> + Send + 'static,
{
    let mut running = JoinSet::new();
    clients.for_each(|client| {
        running.spawn(client);
    });
    let mut answers = Vec::new();
    while let Some(some) = running.join_next().await {
        answers.extend(some??);
    }
    Ok(answers)
}

fn is_within(at: Instant, spans: &[(Instant, Instant)]) -> bool {
    spans.iter().any(|(from, to)| (*from..*to).contains(&at))
}

fn most_at_once(seen: &[Seen]) -> usize {
    let running_at = |at: Instant| {
        seen.iter().filter(|call| call.came <= at && call.over.is_none_or(|over| over > at)).count()
    };
    seen.iter().map(|call| running_at(call.came)).max().unwrap_or_default()
}

fn row(what: &'static str, found: String, goal: &'static str, reached: bool) -> Row {
    Row { what, found, goal, reached }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(now: Instant, from: u64, to: u64) -> Seen {
        let at = |seconds| now + SECOND * u32::try_from(seconds).unwrap();
        Seen { came: at(from), over: Some(at(to)), left: false }
    }

    #[test]
    fn calls_that_overlap_are_at_once_and_those_that_touch_are_not() {
        let now = Instant::now();
        assert_eq!(most_at_once(&[]), 0);
        assert_eq!(most_at_once(&[call(now, 0, 1), call(now, 1, 2)]), 1);
        assert_eq!(most_at_once(&[call(now, 0, 3), call(now, 1, 2), call(now, 2, 4)]), 2);
        let endless = Seen { over: None, ..call(now, 0, 0) };
        assert_eq!(most_at_once(&[endless, call(now, 9, 10)]), 2);
    }

    #[test]
    fn a_span_holds_its_begin_and_not_its_end() {
        let now = Instant::now();
        let spans = [(now + SECOND, now + 2 * SECOND)];
        let within = |seconds| is_within(now + SECOND * seconds, &spans);
        assert_eq!([0, 1, 2].map(within), [false, true, false]);
    }
}
