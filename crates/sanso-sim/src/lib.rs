//! Simulated LLM providers and the clients that talk to a gateway in front of them.
//!
//! [`provider`] holds real HTTP servers on loopback that speak as OpenAI, Anthropic and Gemini do,
//! and fail as they do, on command. [`traffic`] is a client that asks a gateway at a steady rate.
//! [`demo`] puts both on a stage and tells what happens: it is what `sanso demo` shows.

mod clock;
mod task;

pub mod demo;
pub mod provider;
pub mod traffic;
