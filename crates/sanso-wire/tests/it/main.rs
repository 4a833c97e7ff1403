//! Tests of the public surface: one binary, one module per subject.
#![cfg(test)] // So that the lints know helpers here for tests.

mod classify;
mod classify_corpus;
mod hints;
mod redact;
