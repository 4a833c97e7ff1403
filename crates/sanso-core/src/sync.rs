//! The locks of the gates: the standard library's, or loom's, which tries out every order in which
//! threads can take them (`make loom`).

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};
