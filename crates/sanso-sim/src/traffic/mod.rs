//! A client that asks a gateway at a steady rate, as any OpenAI client would.

mod client;
mod reply;

use std::fmt;
use std::io;
use std::sync::Arc;

use sanso_core::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Stopwatch;
use crate::task::Task;
use client::{Question, Target};

pub use reply::{Attempt, Outcome, Reply};

/// Requests without an end at once; while so many are out, no further ones are sent.
const MOST_IN_FLIGHT: usize = 512;

/// A steady stream of requests, streams and plain calls in turn. It is an *open loop*: the next
/// request goes out when its time has come, whether or not the last one was answered, as it is
/// with independent users.
#[derive(Clone)]
pub struct Traffic {
    /// What an OpenAI client takes for its base URL, as `http://127.0.0.1:4000/v1`. Plain HTTP only.
    pub base_url: String,
    /// The model, or model group, asked for.
    pub model: String,
    /// Sent as `Authorization: Bearer`; a simulated OpenAI provider wants one, whatever it is.
    pub key: Option<String>,
    /// Requests per second, 1 to 1000; values outside are taken as the nearest of these.
    pub per_second: u32,
    /// How long a request may take before it counts as [`Outcome::Unreachable`].
    pub timeout: Duration,
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traffic")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .field("per_second", &self.per_second)
            .field("timeout", &self.timeout)
            .finish()
    }
}

impl Traffic {
    /// Ten requests a second, without a key, 30 s each at most.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            per_second: 10,
            timeout: Duration::from_secs(30),
        }
    }

    /// Starts to ask.
    ///
    /// # Errors
    /// `InvalidInput` if the base URL is not of the form `http://host:port/path`.
    pub fn start(self) -> io::Result<Replies> {
        let target = Target::parse(&self.base_url, self.key.as_deref())?;
        let (sender, receiver) = mpsc::channel(MOST_IN_FLIGHT);
        let task = Task::spawn(run(self, Arc::new(target), sender));
        Ok(Replies { receiver, _task: task })
    }
}

/// The replies, in the order in which they end. Dropping this stops the traffic.
#[derive(Debug)]
pub struct Replies {
    receiver: mpsc::Receiver<Reply>,
    _task: Task,
}

impl Replies {
    /// The next reply, as soon as there is one. May be cancelled without loss.
    pub async fn next(&mut self) -> Option<Reply> {
        self.receiver.recv().await
    }
}

async fn run(traffic: Traffic, target: Arc<Target>, replies: mpsc::Sender<Reply>) {
    let started = Stopwatch::start();
    let mut ticks = interval(Duration::from_secs(1) / traffic.per_second.clamp(1, 1000));
    // After a pause of the whole process the missed requests are not made up for in a burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut asking = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            Some(_) = asking.join_next() => continue,
            () = replies.closed() => return,
        }
        if asking.len() >= MOST_IN_FLIGHT {
            continue;
        }
        let question = Question::new(number, &traffic.model, traffic.timeout);
        number += 1;
        let (target, replies) = (Arc::clone(&target), replies.clone());
        asking.spawn(async move {
            let reply = client::ask(&target, question, started).await;
            // It fails only when nobody listens any more.
            let _ = replies.send(reply).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        let traffic = Traffic { key: Some("sk-secret".into()), ..Traffic::new("http://a", "m") };
        assert!(!format!("{traffic:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_base_url_that_is_none_is_refused() {
        for base_url in
            ["", "127.0.0.1:4000", "https://127.0.0.1:4000/v1", "http:///v1", "http://a b"]
        {
            let refused = Traffic::new(base_url, "m").start().err().map(|error| error.kind());
            assert_eq!(refused, Some(io::ErrorKind::InvalidInput), "{base_url}");
        }
    }
}
