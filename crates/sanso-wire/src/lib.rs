//! Wire formats of LLM providers, as pure functions between bytes and types.
//!
//! One file per wire format (a *dialect*). Each has the same functions for each side
//! (`read_request`, `write_request`, `read_answer`, `write_answer`, a stream decoder and encoder),
//! so n dialects need 2n translations and any endpoint can be served by any provider. No sockets,
//! no clock, no runtime.
#![forbid(unsafe_code)]
#![deny(clippy::wildcard_enum_match_arm)]

pub mod ir;

pub mod anthropic;
pub mod classify;
mod dialect;
pub mod envelope;
mod failure;
pub mod gemini;
mod object;
pub mod openai_chat;
pub mod providers;
pub mod redact;
pub mod sse;

pub use dialect::{Dialect, StreamDecoder};
pub use failure::Failure;
