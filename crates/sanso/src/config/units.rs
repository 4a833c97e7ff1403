//! Durations and sizes as people write them.

use std::time::Duration;

/// Longest duration that a setting may have: a year. Longer ones are slips of the keyboard.
const LONGEST_S: f64 = 366.0 * 86_400.0;

/// What is wrong with a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadDuration {
    NotADuration,
    Negative,
    TooLong,
}

/// A number of seconds as a duration.
pub(super) fn seconds(value: f64) -> Result<Duration, BadDuration> {
    match value {
        value if value.is_nan() => Err(BadDuration::NotADuration),
        value if value < 0.0 => Err(BadDuration::Negative),
        value if value > LONGEST_S => Err(BadDuration::TooLong),
        value => Ok(Duration::from_secs_f64(value)),
    }
}

/// `250ms`, `5s`, `1.5m`, `2h`, `1d`, or plain seconds.
pub(super) fn duration(text: &str) -> Result<Duration, BadDuration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_s = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(BadDuration::NotADuration),
    };
    let number: f64 = digits.trim().parse().map_err(|_| BadDuration::NotADuration)?;
    seconds(number * unit_s)
}

/// `256KiB`, `8MiB`, `1GB`, or plain bytes.
pub(super) fn size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: usize = match text.get(digits.len()..)? {
        "" | "B" => 1,
        "KB" | "kB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(unit)
}

/// A duration as `check` prints it: whole milliseconds below a second, else seconds.
pub(super) fn show(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{}s", duration.as_secs_f64())
    }
}

/// A size as `check` prints it.
pub(super) fn show_size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => {
            format!("{}MiB", bytes >> 20)
        }
        bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => {
            format!("{}KiB", bytes >> 10)
        }
        bytes => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_units_of_the_spec() {
        let ms = |value| Ok(Duration::from_millis(value));
        let cases = [
            ("250ms", ms(250)),
            ("5s", ms(5_000)),
            ("5", ms(5_000)),
            ("0.5", ms(500)),
            ("1m", ms(60_000)),
            ("1.5 h", ms(5_400_000)),
            ("-1s", Err(BadDuration::Negative)),
            ("inf", Err(BadDuration::NotADuration)),
            ("nan", Err(BadDuration::NotADuration)),
            ("1e300", Err(BadDuration::TooLong)),
            ("5 parsecs", Err(BadDuration::NotADuration)),
            ("", Err(BadDuration::NotADuration)),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected, "{text:?}");
        }
        assert_eq!(size("256KiB"), Some(256 << 10));
        assert_eq!(size("99999999999999999999GiB"), None);
        assert_eq!(size("-1"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(ms in 0_u64..10_000_000, bytes in any::<u32>()) {
            let value = Duration::from_millis(ms);
            let back = duration(&show(value)).unwrap();
            prop_assert!(back.abs_diff(value) < Duration::from_micros(1));
            prop_assert_eq!(size(&show_size(bytes as usize)), Some(bytes as usize));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = duration(&text);
            let _ = size(&text);
        }
    }
}
