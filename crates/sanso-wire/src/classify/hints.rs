//! When the provider says to come back.
//!
//! Headers before the body, milliseconds before seconds, the finer before the coarser (`chain.md`,
//! *Retry*). Every source may lie: what is no number or negative says nothing, the past is now, and
//! more than a day is a day. A date counts from the provider's own `Date`, so that a wrong clock on
//! either side does no harm.

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use sanso_core::{Dimension, Duration, Spent};

use super::body::Said;
use super::duration::{leading, seconds};

/// A bare number of at least this many seconds (30 days) in a `reset` header is an instant.
const EPOCH_FROM: f64 = 2_592_000.0;

/// An instant of at least this much counts milliseconds: as seconds it lies in the year 5138.
const EPOCH_MILLIS_FROM: f64 = 1e11;

/// What precedes a duration in the prose of OpenAI, Groq, Gemini, Azure and others.
const BEFORE_A_WAIT: &[&str] = &["try again in ", "retry in ", "retry after ", "please wait "];

/// A rate-limit window and the headers that tell of it.
struct Window {
    dimension: Dimension,
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
}

const fn window(dimension: Dimension, [limit, remaining, reset]: [&'static str; 3]) -> Window {
    Window { dimension, limit, remaining, reset }
}

#[rustfmt::skip]
const WINDOWS: &[Window] = &[
    window(Dimension::Requests, ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"]),
    window(Dimension::Tokens, ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]),
    window(Dimension::Requests, ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]),
    window(Dimension::Requests, ["anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"]),
    window(Dimension::Tokens, ["anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"]),
    window(Dimension::Tokens, ["anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"]),
    window(Dimension::Tokens, ["anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"]),
];

/// The wait that the provider asks for, by header, field or prose: the first that is said. A zero
/// yields to a source that says more (Azure sends `retry-after-ms: 0` beside a real `retry-after`).
pub(super) fn told(headers: &HeaderMap, said: &Said, now: Timestamp) -> Option<Duration> {
    let told = [
        milliseconds(headers, "retry-after-ms"),
        milliseconds(headers, "x-ms-retry-after-ms"),
        header(headers, "retry-after")
            .and_then(|value| seconds_or_date(value, clock(headers, now))),
        retry_info(said),
        said.message.as_deref().and_then(in_prose),
    ];
    let mut told = told.into_iter().flatten();
    told.clone().find(|wait| !wait.is_zero()).or_else(|| told.next())
}

/// When the window that refused the call starts anew, by the rate-limit headers.
///
/// They come with every answer, so one counts only where it can be the one that refused: nothing is
/// left in it, or the error names its dimension. A call costs one request, so where requests are
/// left, another window refused; where tokens are left, they may be too few.
pub(super) fn window_reset(
    headers: &HeaderMap,
    dimension: Option<Dimension>,
    now: Timestamp,
) -> Option<Duration> {
    let clock = clock(headers, now);
    let refused = |window: &&Window| {
        let named = dimension == Some(window.dimension);
        match header(headers, window.remaining).and_then(number) {
            Some(left) if left <= 0.0 => true,
            Some(_) => named && window.dimension == Dimension::Tokens,
            None => named,
        }
    };
    let reset = |window: &Window| reset(header(headers, window.reset)?, clock);
    WINDOWS.iter().filter(refused).filter_map(reset).max()
}

/// The quotas of which nothing is left, by an answer's headers; empty for most answers.
pub(super) fn spent(headers: &HeaderMap, now: Timestamp) -> impl Iterator<Item = Spent> {
    let is_spent = |window: &&Window| {
        header(headers, window.remaining).and_then(number).is_some_and(|left| left <= 0.0)
    };
    WINDOWS.iter().filter(is_spent).filter_map(move |window| {
        let reset = reset(header(headers, window.reset)?, clock(headers, now))?;
        let limit = header(headers, window.limit).and_then(|limit| limit.parse().ok());
        Some(Spent { dimension: window.dimension, reset, limit })
    })
}

/// Gemini's `RetryInfo`. Beside a daily quota it names a few seconds all the same: not to be believed.
fn retry_info(said: &Said) -> Option<Duration> {
    let daily = |quota: &String| {
        let quota = quota.to_ascii_lowercase();
        quota.contains("perday") || quota.contains("per_day")
    };
    if said.quotas.iter().any(daily) {
        return None;
    }
    leading(said.retry_delay.as_deref()?)
}

fn in_prose(message: &str) -> Option<Duration> {
    // Of the same length as the message, so that an index holds in both.
    let lower = message.to_ascii_lowercase();
    BEFORE_A_WAIT.iter().find_map(|before| {
        lower.match_indices(before).find_map(|(at, _)| leading(&lower[at + before.len()..]))
    })
}

fn milliseconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    seconds(number(header(headers, name)?)? / 1_000.0)
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, a float in practice, or an HTTP date.
fn seconds_or_date(value: &str, clock: Timestamp) -> Option<Duration> {
    match number(value) {
        Some(number) => seconds(number),
        None => http_date(value).map(|date| until(date, clock)),
    }
}

/// A reset: a duration (OpenAI), seconds (Azure), an instant (RFC 3339 at Anthropic, or an epoch).
fn reset(value: &str, clock: Timestamp) -> Option<Duration> {
    if let Some(number) = number(value) {
        return if number < EPOCH_FROM {
            seconds(number)
        } else {
            Some(until(epoch(number)?, clock))
        };
    }
    leading(value).or_else(|| value.parse().ok().map(|instant| until(instant, clock)))
}

fn epoch(number: f64) -> Option<Timestamp> {
    let millis = if number >= EPOCH_MILLIS_FROM { number } else { number * 1_000.0 };
    // A float cast saturates, and what no timestamp can hold is refused.
    Timestamp::from_millisecond(millis as i64).ok()
}

/// The provider's clock at the answer, else ours.
fn clock(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    header(headers, "date").and_then(http_date).unwrap_or(now)
}

fn http_date(value: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(value).ok()
}

/// From `clock` to `instant`; the past is now.
fn until(instant: Timestamp, clock: Timestamp) -> Duration {
    let wait = instant.duration_since(clock).as_secs_f64().max(0.0);
    seconds(wait).unwrap_or_default()
}

fn number(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| !number.is_nan())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
