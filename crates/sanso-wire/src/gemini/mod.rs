//! The Gemini API (`generateContent`), as an upstream.
//!
//! What the neutral request becomes:
//!
//! | neutral | Gemini |
//! | --- | --- |
//! | system, developer | `systemInstruction` |
//! | user, tool / assistant | `contents` with role `user` / `model`; neighbours of one role are merged |
//! | tool calls and results | `functionCall` / `functionResponse`, its name looked up from the call's id |
//! | tools | `functionDeclarations` with `parametersJsonSchema`, the client's schema as it is |
//! | `tool_choice` | `functionCallingConfig`: `AUTO`, `NONE`, `ANY`, a named one as `ANY` + its name |
//! | `response_format` | `responseMimeType`, `responseJsonSchema` |
//! | `reasoning_effort` | `thinkingConfig`: a budget or a level, by the model's generation |
//! | `n`, `logprobs`, `top_logprobs` | `candidateCount`, `responseLogprobs`, `logprobs`; their answer is not read yet |
//!
//! Hints that Gemini has no word for are left out: `user`, `parallel_tool_calls`, `strict`, and
//! `reasoning_effort` for models that do not think. Everything else that it cannot express is a
//! failure which names the parameter.
//!
//! Media by URL become `fileData`: Gemini itself fetches what it can (its Files API, `gs://`,
//! YouTube, and plain `https` on newer models), nothing is downloaded here.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

mod answer;
mod contents;
mod finish;
mod media;
mod model;
mod part;
mod request;
mod response;
mod stream;
mod tool_calls;

pub use answer::read_answer;
pub use request::write_request;
pub use stream::StreamDecoder;

/// How this dialect is called in messages.
const NAME: &str = "Gemini";

/// The path under the base URL, with its query: a stream is asked for as server-sent events, without
/// `alt=sse` it would be one JSON array.
///
/// `models/` is put before a bare name; `models/..` and `tunedModels/..` are resource names already.
///
/// ```
/// let path = sanso_wire::gemini::path("gemini-2.5-flash", true);
/// assert_eq!(path, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
/// ```
#[must_use]
pub fn path(model: &str, stream: bool) -> String {
    let (collection, name) = match model.split_once('/') {
        Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
        Some(_) | None => ("models", model),
    };
    let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    format!("/{collection}/{}:{method}", percent_encoded(name))
}

/// `segment` with everything but RFC 3986's unreserved characters encoded: a `/`, `?` or `:` in a
/// model's name must not become a part of the address.
fn percent_encoded(segment: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 0xF)]));
        }
    }
    encoded
}
