//! Tests of the watch, on virtual time.

mod events;
