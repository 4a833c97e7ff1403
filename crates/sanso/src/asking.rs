//! What one call asks, where that is more or less than what the client asks.

use std::borrow::Cow;
use std::sync::Arc;

use sanso_wire::envelope::Envelope;
use sanso_wire::providers::Prefill;

/// What one call asks.
#[derive(Clone, Debug)]
pub(crate) enum Asking {
    /// The client's request.
    AsSent,
    /// The client's request with a smaller `max_tokens`.
    Relaxed(u32),
    /// That a text be carried on.
    Continue(Arc<SoFar>),
}

/// A part of an answer that the client has, to be carried on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SoFar {
    /// Without white space at its end, which Anthropic refuses.
    pub(crate) text: String,
    /// White space was cut from its end: the client has it, and must not get it twice.
    pub(crate) had_space: bool,
    /// The stream's id and time of creation: it is the same stream.
    pub(crate) id: String,
    pub(crate) created: u64,
}

/// A token is about so many bytes of text. It is wrong by less than half for most languages, and only
/// bounds what is left of a request's own limit.
const BYTES_PER_TOKEN: u64 = 4;

impl SoFar {
    /// `None` where there is no text to go on from.
    pub(crate) fn new(said: &str, id: &str, created: u64) -> Option<Self> {
        let text = said.trim_end();
        let had_space = text.len() < said.len();
        let so_far = Self { text: text.to_owned(), had_space, id: id.to_owned(), created };
        (!text.is_empty()).then_some(so_far)
    }
}

impl Asking {
    /// The request as this call sends it.
    pub(crate) fn envelope<'a>(&self, asked: &'a Envelope, prefill: Prefill) -> Cow<'a, Envelope> {
        match self {
            Self::AsSent => Cow::Borrowed(asked),
            Self::Relaxed(max_tokens) => Cow::Owned(asked.with_max_tokens((*max_tokens).into())),
            Self::Continue(so_far) => {
                let said = so_far.text.len() as u64 / BYTES_PER_TOKEN;
                let continued = asked.continued(&so_far.text, prefill);
                Cow::Owned(match asked.max_tokens {
                    Some(most) => continued.with_max_tokens(most.saturating_sub(said).max(1)),
                    None => continued,
                })
            }
        }
    }

    pub(crate) fn so_far(&self) -> Option<&SoFar> {
        match self {
            Self::AsSent | Self::Relaxed(_) => None,
            Self::Continue(so_far) => Some(so_far),
        }
    }
}
