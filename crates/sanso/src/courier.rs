//! Small messages to others than providers, over the same connections and certificates: alerts.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use sanso_core::Rng;
use sanso_wire::{Dialect, classify, redact};

use crate::call::first_part;
use crate::clock::Clock;
use crate::config::{Report, Trust};
use crate::upstream::{Pool, Upstream, UpstreamLimits};

/// Posts messages, each over a connection of its own; retries nothing.
#[derive(Clone, Debug)]
pub struct Courier(Upstream);

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// HTTP status.
    pub status: u16,
    /// Not again before this much time, by the receiver's word.
    pub retry_after: Option<Duration>,
    /// The first line of what was answered, without the address and without what looks like a key.
    pub line: String,
}

/// Of an answer's head; receivers of alerts have little to say.
const HEAD: usize = 64 * 1024;
/// Of an answer's first line, in characters.
const LINE: usize = 200;

impl Courier {
    /// # Errors
    /// The cryptography that is compiled in cannot do TLS.
    pub fn new(trust: &Trust, connect: Duration) -> Result<Self, Report> {
        let limits = UpstreamLimits { connect, head_bytes: HEAD };
        let upstream = Upstream::new(limits, trust);
        upstream
            .map(Self)
            .map_err(|error| Report::of_error(format!("TLS cannot be set up: {error}")))
    }

    /// Posts `body`, and waits for the answer's first line.
    ///
    /// # Errors
    /// No answer came: why, without the address.
    pub async fn post(&self, to: &Uri, headers: HeaderMap, body: Bytes) -> Result<Receipt, String> {
        let sent = self.0.post((Pool::Bypassed, None), to.clone(), headers, body).await;
        let (head, body) = sent.map_err(|failure| failure.message)?.into_parts();
        let status = head.status.as_u16();
        let body = first_part(body).await;
        let retry_after = match head.status.is_success() {
            true => None,
            // Hints are read as those of providers are.
            false => {
                let dialect = Dialect::OpenAiChat;
                let said = classify::response(dialect, status, &head.headers, &body, Clock::wall());
                said.fault.hint
            }
        };
        Ok(Receipt { status, retry_after, line: first_line(&body, to) })
    }

    /// Randomness that differs from process to process.
    #[must_use]
    pub fn rng() -> Rng {
        Clock::start().rng()
    }
}

fn first_line(body: &[u8], to: &Uri) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let line: String = line.chars().filter(|c| !c.is_control()).take(LINE).collect();
    let path = to.path_and_query().map_or("", |path| path.as_str());
    let parts = [path, to.path(), to.query().unwrap_or_default()];
    let segments = to.path().split('/').filter(|segment| segment.len() >= 8);
    let secrets: Vec<&str> = parts.into_iter().chain(segments).filter(|it| *it != "/").collect();
    redact::mask(&line, &secrets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_tells_no_address() {
        let to: Uri = "https://hooks.example.com/services/T0001/B0002/xyzsecret123?token=abc123"
            .parse()
            .unwrap();
        let line = |text: &str| first_line(text.as_bytes(), &to);
        assert_eq!(line("\n no_team\r\nmore"), "no_team");
        assert_eq!(line("no /services/T0001/B0002/xyzsecret123 here"), "no *** here");
        assert_eq!(line("what is xyzsecret123?"), "what is ***?");
        assert_eq!(line("what is token=abc123?"), "what is ***?");
        assert_eq!(line(&"x".repeat(1000)).len(), LINE);
        assert_eq!(line("a\u{1b}[31mb"), "a[31mb");
    }
}
