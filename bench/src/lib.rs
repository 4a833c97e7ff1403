//! What the measuring programs share: flags, a server loop, the chat they speak, and percentiles.
//!
//! - `upstream` stands in for the provider: a fixed answer, or tokens at an interval.
//! - `load` asks over a fixed number of connections, each waiting for its answer (closed loop).
//! - `proxy` is the least a Rust gateway can do: what the stack costs before any decision.
//! - `outage` plays provider and clients while a provider is down, and when it comes back.
//!
//! Each runs on one thread, so that a core each is all they need.

pub mod args;
pub mod chat;
pub mod outage;
pub mod serve;
pub mod stats;

/// What a program ends with; the text of the error is all that anyone does with it.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs a program on a runtime of one thread.
///
/// # Errors
/// Whatever the program ends with, or that the runtime could not be made.
pub fn on_one_thread(program: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(program)
}
