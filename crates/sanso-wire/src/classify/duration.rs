//! Durations as providers write them: `20`, `6m0s`, `1.2s`, `350ms`, `5 minutes`.

use sanso_core::Duration;

/// The longest wait that a hint can ask for. A daily quota resets within a day; one answer must never
/// park a deployment for a week.
const CEILING: Duration = Duration::from_secs(24 * 60 * 60);

/// A number of seconds as a duration, at most a day. Negative and non-finite ones say nothing.
pub(super) fn seconds(number: f64) -> Option<Duration> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(number.min(CEILING.as_secs_f64())).ok()
}

/// The duration at the start of `text`: one or more numbers, each with its unit, with or without
/// spaces. A number without a unit ends it.
pub(super) fn leading(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total = None;
    while let Some((number, unit, after)) = number_with_unit(rest) {
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = after.trim_start();
    }
    seconds(total?)
}

/// The number, its unit in seconds, and what follows.
fn number_with_unit(text: &str) -> Option<(f64, f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number = text[..digits].parse().ok()?;
    let after = text[digits..].trim_start();
    let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
    let unit = match after[..letters].to_ascii_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    Some((number, unit, &after[letters..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_providers_write() {
        for (text, millis) in [
            ("6ms", 6),
            ("1.2s", 1_200),
            ("6m0s", 360_000),
            ("21m36.001s", 1_296_001),
            ("1h2m3s", 3_723_000),
            ("20 seconds.", 20_000),
            ("6.91s. Need more tokens?", 6_910),
            ("5 minutes", 300_000),
            ("2 days 99 hours", 86_400_000),
        ] {
            assert_eq!(leading(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "20", "s", "-1s", "1.2.3s", "soon", "1 week", "∞s", "."] {
            assert_eq!(leading(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_tamed() {
        assert_eq!(seconds(f64::NAN), None);
        assert_eq!(seconds(f64::INFINITY), None);
        assert_eq!(seconds(-1.0), None);
        assert_eq!(seconds(1e300), Some(CEILING));
        assert_eq!(seconds(1.5), Some(Duration::from_millis(1_500)));
    }
}
