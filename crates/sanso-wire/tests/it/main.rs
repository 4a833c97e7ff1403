//! What the wire crate promises, dialect by dialect.

#![cfg(test)]

mod anthropic;
mod classify;
mod classify_corpus;
mod corpus;
mod envelope;
mod gemini;
mod hints;
mod openai;
mod redact;
mod replay;
mod sse;
