//! The message of an incoming webhook, as Slack defines it and others (Mattermost, Rocket.Chat)
//! take it.

use sanso::watch::{Change, Severity};
use serde_json::{Value, json};

use super::Message;
use super::words::Told;

/// Slack refuses a section with more than 3000 characters; escapes count.
const SECTION: usize = 2900;

/// `text` is what a notification shows; the blocks are the message.
pub(super) fn body(message: &Message, instance: &str) -> Vec<u8> {
    let notice = &message.notice;
    let told = Told::of(message);
    let sign = match (notice.change, notice.alert.severity) {
        (Change::Resolved, Severity::Warn | Severity::Critical) => ":white_check_mark:",
        (Change::Fired | Change::Escalated, Severity::Warn) => ":warning:",
        (Change::Fired | Change::Escalated, Severity::Critical) => ":red_circle:",
    };
    let mut text = format!("{sign} *{}*\n{}", escaped(&told.headline), escaped(&told.facts));
    let parts = [("Likely cause", &told.cause), ("What to do", &told.advice)];
    for (title, part) in parts {
        if let Some(part) = part {
            text.push_str(&format!("\n*{title}:* {}", escaped(part)));
        }
    }
    for also in &told.also {
        text.push_str(&format!("\n• {}", escaped(also)));
    }
    let foot = format!("sanso on {}, alert {}", escaped(instance), escaped(&notice.alert.id));
    let body = json!({
        "text": escaped(&told.headline),
        "blocks": [section(&text), { "type": "context", "elements": [mrkdwn(&foot)] }],
    });
    body.to_string().into_bytes()
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(&cut(text)) })
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

/// The three characters that mean something to Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SECTION {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(SECTION).collect();
    // Half an escape would be shown as it is.
    let begun = cut.rfind('&').filter(|at| !cut[*at..].contains(';'));
    cut.truncate(begun.unwrap_or(cut.len()));
    cut.push('…');
    cut
}
