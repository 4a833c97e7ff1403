//! Numbers, rates, names and times as people read them: the same rules in the log, in alerts and on
//! the page.

use std::time::Duration;

use crate::millis::Millis;

/// `12,345`.
#[must_use]
pub fn number(n: u32) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 request`, `2 requests`.
pub(crate) fn plural(n: u32, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// Below this a rate would pretend to more than is known.
pub(crate) const ENOUGH: u32 = 20;

/// `12.4 %`, or `3 of 7` where there are fewer than 20.
#[must_use]
pub fn ratio(count: u32, of: u32) -> String {
    if of < ENOUGH {
        return format!("{} of {}", number(count), number(of));
    }
    if count > 0 && count < of {
        return share(f64::from(count) / f64::from(of));
    }
    if count == 0 { "0 %".to_owned() } else { "100 %".to_owned() }
}

/// A share with one decimal; 0 % and 100 % only when it is exactly that.
#[must_use]
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    if share <= 0.0 {
        "0 %".to_owned()
    } else if share >= 1.0 {
        "100 %".to_owned()
    } else if percent < 0.1 {
        "<0.1 %".to_owned()
    } else if percent > 99.9 {
        ">99.9 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

/// `gpt-4.1` of `openai/gpt-4.1`, `meta-llama/llama-3` of `together/meta-llama/llama-3`.
#[must_use]
pub fn short(label: &str) -> &str {
    label.split_once('/').map_or(label, |(_, model)| model)
}

/// `20 s`, `5 min`, `1 h`: a span in the largest unit that it is whole in.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds.is_multiple_of(3600), seconds.is_multiple_of(60)) {
        (true, _) => format!("{} h", seconds / 3600),
        (false, true) => format!("{} min", seconds / 60),
        (false, false) => format!("{seconds} s"),
    }
}

/// `14:38 UTC`, with the date where it is not today's.
#[must_use]
pub fn time(at: Millis, now: Millis) -> String {
    const DAY: u64 = 24 * 3600 * 1000;
    let text = at.to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    let clock = clock.get(..5).unwrap_or(clock);
    if at.0 / DAY == now.0 / DAY { format!("{clock} UTC") } else { format!("{date} {clock} UTC") }
}
