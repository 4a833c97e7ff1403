//! The gemini dialect.

use crate::failure::Failure;
use crate::ir;
use crate::sse::Event;

/// The path under the base URL.
#[must_use]
pub fn path(_model: &str, _stream: bool) -> String {
    String::new()
}

/// Writes a request.
///
/// # Errors
/// What the dialect cannot express.
pub fn write_request(_request: &ir::Request) -> Result<Vec<u8>, Failure> {
    Ok(Vec::new())
}

/// Reads a complete answer.
///
/// # Errors
/// What is not an answer.
pub fn read_answer(_body: &[u8]) -> Result<ir::Answer, Failure> {
    Err(Failure::malformed("not built"))
}

/// Decodes one streamed answer.
#[derive(Debug, Default)]
pub struct StreamDecoder {}

impl StreamDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one event.
    ///
    /// # Errors
    /// An error event, or what cannot be parsed.
    pub fn push(&mut self, _event: &Event, _out: &mut Vec<ir::StreamEvent>) -> Result<(), Failure> {
        Ok(())
    }
}
