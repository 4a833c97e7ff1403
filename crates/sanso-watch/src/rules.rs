//! The alerting rules of `monitoring.md` for Prometheus, from the same [`Thresholds`] as sanso's own.
//!
//! They read what any Prometheus has scraped, over all instances together. Three things differ from
//! sanso's own alerts: they know no likely cause; they cannot see the first of a kind of fault that
//! a deployment never had (its counter began with it), but for those that are told at once; and they
//! are well below their line, not below 80 % of it, for as long again as their window.

use std::fmt::Write as _;

use crate::alerts::{Rate, Severity, Signal, Thresholds};
use crate::kind::Kind;

/// A rule file for Prometheus 2.42 or newer.
///
/// ```
/// use sanso_watch::{Thresholds, prometheus_rules};
///
/// let rules = prometheus_rules(&Thresholds::default());
/// assert!(rules.contains("alert: SansoFallbackRate"));
/// ```
#[must_use]
pub fn prometheus_rules(lines: &Thresholds) -> String {
    let mut text = HEAD.to_owned();
    for signal in Signal::ALL {
        match signal {
            Signal::Unavailable => rates(&mut text, &of_chains(signal, lines.unavailable)),
            Signal::Degraded => rates(&mut text, &of_chains(signal, lines.degraded)),
            Signal::FallbackRate => rates(&mut text, &of_chains(signal, lines.fallback_rate)),
            Signal::Authentication | Signal::Quota | Signal::NotFound => {
                signal.at_once().into_iter().for_each(|kind| at_once(&mut text, signal, kind));
            }
            Signal::SoftFailureRate => rates(&mut text, &soft_failures(lines.soft_failure_rate)),
            Signal::ProviderErrorRate => {
                rates(&mut text, &provider_errors(lines.provider_error_rate));
            }
            Signal::BreakerOpenings => openings(&mut text, lines.breaker_openings),
        }
    }
    text + TAIL
}

const HEAD: &str = "\
# Alerting rules for Prometheus 2.42 or newer. Written by `sanso rules`: change thresholds there.
groups:
  - name: sanso
    rules:
";

/// What no gateway can tell of itself.
const TAIL: &str = r#"
      - alert: SansoDown
        expr: up{job="sanso"} == 0
        for: 1m
        labels: { severity: critical, signal: down }
        annotations:
          summary: "sanso at {{ $labels.instance }} does not answer"

      - alert: SansoEventsDropped
        expr: sum by (view) (increase(sanso_events_dropped_total[5m])) > 0
        labels: { severity: warning, signal: events_dropped }
        annotations:
          summary: "the view {{ $labels.view }} lost events: what it shows is not all that happened"
"#;

/// So many of so many, over two windows that must both be over the line.
struct Ratio {
    signal: Signal,
    lines: Rate,
    by: &'static str,
    count: String,
    of: String,
    windows: &'static [&'static str],
    summary: &'static str,
}

const SHORT: &str = "5m";
const LONG: &str = "1h";

fn of_chains(signal: Signal, lines: Rate) -> Ratio {
    let (degradation, summary, windows): (_, _, &[_]) = match signal {
        Signal::Unavailable => ("unavailable", "were answered by nobody", &[SHORT]),
        Signal::Degraded => ("degraded", "had a stored or static answer", &[SHORT]),
        _ => ("partial", "were answered by a fallback", &[SHORT, LONG]),
    };
    Ratio {
        signal,
        lines,
        by: "model_group, task",
        count: format!("sanso_requests_total{{degradation=\"{degradation}\"}}"),
        // Who left, and who asked for what cannot be, tell nothing of quality.
        of: "sanso_requests_total{degradation!~\"cancelled|rejected\"}".to_owned(),
        windows,
        summary,
    }
}

fn provider_errors(lines: Rate) -> Ratio {
    let faults = Kind::ALL.into_iter().filter(|kind| kind.is_providers()).map(outcomes);
    let faults = faults.collect::<Vec<_>>().join("|");
    let neutral = [Kind::Cancelled, Kind::BadRequest].map(outcomes).join("|");
    Ratio {
        signal: Signal::ProviderErrorRate,
        lines,
        by: "provider",
        count: format!("sanso_attempts_total{{outcome=~\"{faults}\"}}"),
        of: format!("sanso_attempts_total{{outcome!~\"{neutral}\"}}"),
        windows: &[SHORT, LONG],
        summary: "failed",
    }
}

fn soft_failures(lines: Rate) -> Ratio {
    Ratio {
        signal: Signal::SoftFailureRate,
        lines,
        by: "deployment",
        count: "sanso_soft_faults_total".to_owned(),
        of: format!("sanso_attempts_total{{outcome=~\"success|{}\"}}", outcomes(Kind::Soft)),
        windows: &[LONG],
        summary: "were not what was wanted",
    }
}

/// What `sanso_attempts_total` calls the calls that ended with a kind of fault.
const fn outcomes(kind: Kind) -> &'static str {
    match kind {
        Kind::RateLimited => "rate_limited",
        Kind::QuotaExhausted => "quota_exhausted",
        Kind::Overloaded => "overloaded",
        Kind::ServerError => "server_error",
        Kind::Timeout => "timeout_.+",
        Kind::Connection => "connection_.+",
        Kind::Malformed => "malformed",
        Kind::Broken => "broken",
        Kind::ContextWindow => "context_window",
        Kind::ContentPolicy => "content_policy",
        Kind::Authentication => "authentication",
        Kind::NotFound => "not_found",
        Kind::BadRequest => "bad_request",
        Kind::Soft => "soft_.+",
        Kind::Cancelled => "cancelled",
    }
}

impl Ratio {
    fn sum(&self, metric: &str, window: &str) -> String {
        format!("sum by ({}) (increase({metric}[{window}]))", self.by)
    }

    /// True while it is over the line in each window.
    fn expression(&self, line: f64) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut last = "";
        for window in self.windows {
            let (count, of) = (self.sum(&self.count, window), self.sum(&self.of, window));
            lines.push(format!("{count}\n/ {of} > {line}"));
            last = window;
        }
        if let Some(enough) = self.enough(line, last) {
            lines.push(enough);
        }
        lines.join("\nand ")
    }

    /// One is more than none, however few were asked; where none is well, not one of several is
    /// enough, too.
    fn enough(&self, line: f64, window: &str) -> Option<String> {
        const FEW: u32 = 3;
        let (count, of) = (self.sum(&self.count, window), self.sum(&self.of, window));
        // What Prometheus extrapolates to the window's ends is no request.
        let at_least = |few: u32| format!("round({of}) >= {few}");
        let enough = at_least(self.lines.min_samples());
        if line == 0.0 {
            None
        } else if self.lines.warn() == 0.0 {
            Some(format!("({enough}\n  or {}\n  and {count} / {of} >= 1)", at_least(FEW)))
        } else {
            Some(enough)
        }
    }
}

fn rates(text: &mut String, ratio: &Ratio) {
    let what = match ratio.signal {
        Signal::ProviderErrorRate => "calls of {{ $labels.provider }}",
        Signal::SoftFailureRate => "answers of the deployment {{ $labels.deployment }}",
        _ => "requests for {{ $labels.model_group }}",
    };
    let summary = format!("{{{{ $value | humanizePercentage }}}} of the {what} {}", ratio.summary);
    // Well for a second window, as sanso's own alerts.
    let keep = ratio.windows.first().copied().unwrap_or(SHORT);
    for (severity, line) in
        [(Severity::Warn, ratio.lines.warn()), (Severity::Critical, ratio.lines.critical())]
    {
        rule(text, ratio.signal, severity, &ratio.expression(line), keep, &summary);
    }
}

/// A gate that shut lets a call through every five minutes at the latest, so two such windows without
/// a fault are no accident.
fn at_once(text: &mut String, signal: Signal, kind: Kind) {
    let attempts = format!("sanso_attempts_total{{outcome=\"{}\"}}", outcomes(kind));
    let expression = format!("sum by (provider, deployment) (increase({attempts}[{SHORT}])) > 0");
    let summary = format!(
        "{{{{ $labels.provider }}}}: {} (deployment {{{{ $labels.deployment }}}})",
        signal.words()
    );
    rule(text, signal, Severity::Critical, &expression, SHORT, &summary);
}

fn openings(text: &mut String, limit: u32) {
    let openings = format!("increase(sanso_breaker_openings_total[{LONG}])");
    let expression = format!("round(sum by (deployment) ({openings})) > {limit}");
    let summary = "the breaker of {{ $labels.deployment }} opened {{ $value }} times in an hour";
    rule(text, Signal::BreakerOpenings, Severity::Critical, &expression, LONG, summary);
}

fn rule(
    text: &mut String,
    signal: Signal,
    severity: Severity,
    expression: &str,
    keep_for: &str,
    summary: &str,
) {
    let name: String = signal.as_str().split('_').map(capitalised).collect();
    let severity = match severity {
        Severity::Warn => "warning",
        Severity::Critical => "critical",
    };
    let expression = expression.replace('\n', "\n          ");
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "
      - alert: Sanso{name}
        expr: |
          {expression}
        keep_firing_for: {keep_for}
        labels: {{ severity: {severity}, signal: {} }}
        annotations:
          summary: \"{summary}\"
",
        signal.as_str()
    );
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
    })
}
