//! OpenAI's chat completions, and the many that follow them: `POST {base}/chat/completions`.
//!
//! Reading is lenient, because servers that call themselves compatible differ in everything that is
//! not on the happy path; writing is exact, because clients are typed after OpenAI's own answers.

mod answer;
mod begun;
mod completion;
mod content;
mod error;
mod fold;
pub mod glance;
mod request;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;
mod write_request;

pub use answer::read_answer;
pub(crate) use completion::finish_word;
pub use completion::write_answer;
pub use error::write_error;
pub use fold::Fold;
pub use request::read_request;
pub use stream_decoder::StreamDecoder;
pub use stream_encoder::StreamEncoder;
pub use write_request::write_request;

/// The path under the base URL.
#[must_use]
pub fn path() -> String {
    "/chat/completions".to_owned()
}
