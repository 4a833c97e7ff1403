//! What makes two requests the same: the caller's key, the group that is asked for, and every byte of
//! the body.

use std::fmt;

use ring::digest::{Context, SHA256, digest};

use crate::ask::Asked;

/// Who asks, by a hash of the key that they sent: what is kept for one is never for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Caller([u8; 32]);

impl Caller {
    pub(crate) fn of_key(key: &str) -> Self {
        Self(bytes(digest(&SHA256, key.as_bytes()).as_ref()))
    }
}

/// A hash of a key is not for logs either.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

/// The name under which an answer is kept. No two requests that differ share one, as far as anyone
/// can bring about: SHA-256 over caller, group and body. The body holds the model, but a
/// task may be named by a header.
pub(super) type Key = [u8; 32];

pub(super) fn of(asked: &Asked, group: &str) -> Key {
    let mut context = Context::new(&SHA256);
    // The first byte tells no key from a key; what follows has a known length up to the body.
    match asked.caller {
        None => context.update(&[0]),
        Some(Caller(caller)) => {
            context.update(&[1]);
            context.update(&caller);
        }
    }
    context.update(digest(&SHA256, group.as_bytes()).as_ref());
    context.update(asked.envelope.body());
    bytes(context.finish().as_ref())
}

fn bytes(digest: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    bytes
}
