//! What clients meet while a provider is down, and when it comes back.
//!
//! sanso stands as it comes between clients and providers of this process, which keep a log of
//! every call: when it came, when it ended, who closed. All of it is real sockets and real time, so
//! every scene takes the seconds that it is about.

pub mod client;
pub mod gateway;
pub mod provider;
pub mod scenes;

use std::fmt;

/// One figure of a scene, beside what it should be.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What it should be.
    pub goal: &'static str,
    /// Whether it is.
    pub reached: bool,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.reached { "yes" } else { "NO" };
        write!(f, "| {} | {} | {} | {word} |", self.what, self.found, self.goal)
    }
}
