//! What fires and how delivery fares, as Prometheus reads it.

use std::fmt::Write;

use sanso::watch::{Alert, Signal};

use super::{Health, SinkHealth};

/// A metric of each sink: its name, kind, help and value.
type Row = (&'static str, &'static str, &'static str, fn(&SinkHealth) -> u64);

const ROWS: [Row; 3] = [
    ("sanso_alert_delivery_failures", "counter", "Tries that did not arrive", |it| it.failures),
    ("sanso_alert_dropped", "counter", "Notices that were given up", |it| it.dropped),
    ("sanso_alert_queue", "gauge", "Notices that wait", |it| it.queued as u64),
];

/// `text`, which ends as OpenMetrics must, with these before its end.
pub(crate) fn metrics(mut text: String, firing: &[Alert], health: &Health) -> String {
    const END: &str = "# EOF\n";
    let whole = text.strip_suffix(END).map_or(text.len(), str::len);
    text.truncate(whole);
    // Writing to a string cannot fail, and no name has anything to be escaped.
    for (name, kind, help, value) in ROWS {
        let suffix = if kind == "counter" { "_total" } else { "" };
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
        for sink in &health.sinks {
            let _ = writeln!(text, "{name}{suffix}{{sink=\"{}\"}} {}", sink.sink, value(sink));
        }
    }
    text.push_str("# HELP sanso_alert_firing Alerts that fire and are not silenced.\n");
    text.push_str("# TYPE sanso_alert_firing gauge\n");
    for signal in Signal::ALL {
        let count = firing.iter().filter(|alert| alert.signal == signal).count();
        let _ = writeln!(text, "sanso_alert_firing{{signal=\"{}\"}} {count}", signal.as_str());
    }
    text.push_str(END);
    text
}
