//! What a client asks, in the shapes that its calls need.

use sanso_wire::envelope::Envelope;
use sanso_wire::{Failure, ir, openai_chat};

use crate::checks::Checks;
use crate::degrade::Caller;
use crate::matches::Matches;

/// A client's request, shared by all calls that are made for it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) envelope: Envelope,
    pub(crate) matches: Matches,
    /// Who asks, where they sent a key.
    pub(crate) caller: Option<Caller>,
    pub(crate) sizes: Sizes,
    /// Unix seconds, for answers whose provider names no time.
    pub(crate) created: u64,
    /// Names answers whose provider names none.
    pub(crate) answer_id: String,
    /// The request as it goes upstream, where that is streamed and its client asked for a plain answer
    /// (`upstream_stream`).
    pub(crate) streamed: Option<Envelope>,
    /// The whole answer is held before any of it goes out.
    pub(crate) held: bool,
    /// Another may carry on a stream that breaks (`on_break: continue`, and one plain text is asked for).
    pub(crate) continues: bool,
    /// Whether an empty answer is a soft fault.
    pub(crate) no_empty: bool,
    /// The checks that need to read the answer; `None` where all of them are off.
    pub(crate) checks: Option<Checks>,
}

/// How much of an answer is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// One server-sent event.
    pub(crate) event: usize,
    /// A whole answer.
    pub(crate) answer: usize,
}

impl Asked {
    /// The request as it goes upstream.
    pub(crate) fn outgoing(&self) -> &Envelope {
        self.streamed.as_ref().unwrap_or(&self.envelope)
    }

    /// The request in neutral form, from a body that carries what the deployment adds.
    pub(crate) fn neutral(&self, body: &[u8]) -> Result<ir::Request, Failure> {
        openai_chat::read_request(body).map_err(|error| {
            let mut failure = Failure::new(sanso_core::FaultKind::BadRequest, error.message);
            failure.param = error.param;
            failure.code = error.code.map(str::to_owned);
            failure
        })
    }

    /// Whether an answer that ended by its token limit ended by the request's own.
    pub(crate) fn limits_tokens(&self) -> bool {
        self.envelope.max_tokens.is_some()
    }
}
