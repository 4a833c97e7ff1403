//! The chat that load, proxy and upstream speak: requests, answers and stream chunks.
//!
//! The content of a chunk is the wall time at which it was made. Both ends run on one machine,
//! so the reader knows how long the chunk was under way, whatever stood between.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::Deserialize;

/// The field that carries the time of a chunk, up to its digits.
const STAMP_FIELD: &[u8] = br#""content":""#;

/// The end of a stream: why it ended, and the marker of the protocol.
pub const STREAM_END: &str = concat!(
    r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"#,
    r#""model":"bench","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\ndata: [DONE]\n\n"
);

/// What the upstream looks at in a request.
#[derive(Debug, Deserialize)]
pub struct Ask {
    /// Whether the answer is to come in chunks.
    #[serde(default)]
    pub stream: bool,
    /// How many chunks of content a streamed answer has; the upstream's own default otherwise.
    pub max_tokens: Option<u32>,
}

/// A request for `model` with a prompt of `prompt_bytes`, streamed in `tokens` chunks unless 0.
#[must_use]
pub fn request(model: &str, prompt_bytes: usize, tokens: u32) -> Bytes {
    let prompt = words(prompt_bytes);
    let stream = match tokens {
        0 => String::new(),
        tokens => format!(r#","stream":true,"max_tokens":{tokens}"#),
    };
    Bytes::from(format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"{prompt}"}}]{stream}}}"#
    ))
}

/// A complete answer of `size` bytes (a little more, where its frame alone is larger).
#[must_use]
pub fn answer(size: usize) -> Bytes {
    let head = concat!(
        r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1790000000,"#,
        r#""model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":""#
    );
    let tail = concat!(
        r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"#,
        r#""usage":{"prompt_tokens":200,"completion_tokens":150,"total_tokens":350}}"#
    );
    let content = words(size.saturating_sub(head.len() + tail.len()));
    Bytes::from([head, &content, tail].concat())
}

/// One chunk of content, stamped with the present.
#[must_use]
pub fn chunk() -> Bytes {
    let now = since_epoch().as_micros();
    Bytes::from(format!(
        "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\
         \"created\":1790000000,\"model\":\"bench\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"{now} \"}},\"finish_reason\":null}}]}}\n\n"
    ))
}

/// What one line of a stream means to the reader.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Content, made this long ago (zero where the wall clock was set back meanwhile).
    Content(Duration),
    /// The stream is whole.
    Done,
    /// Nothing to measure.
    Other,
}

/// Reads one line of a stream that [`chunk`] and [`STREAM_END`] made, however it was relayed.
#[must_use]
pub fn read_line(line: &[u8]) -> Line {
    if line.trim_ascii() == b"data: [DONE]" {
        return Line::Done;
    }
    let stamp = line.windows(STAMP_FIELD.len()).position(|field| field == STAMP_FIELD);
    let digits = stamp.and_then(|at| line.get(at + STAMP_FIELD.len()..)).unwrap_or_default();
    let made =
        digits.iter().take_while(|byte| byte.is_ascii_digit()).fold(0_u64, |number, byte| {
            number.saturating_mul(10).saturating_add(u64::from(byte - b'0'))
        });
    match made {
        0 => Line::Other,
        made => Line::Content(since_epoch().saturating_sub(Duration::from_micros(made))),
    }
}

fn words(length: usize) -> String {
    let mut words = "word ".repeat(length.div_ceil(5));
    words.truncate(length);
    words
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_have_the_size_asked_for() {
        assert_eq!(answer(1024).len(), 1024);
        let smallest: serde_json::Value = serde_json::from_slice(&answer(0)).unwrap();
        assert_eq!(smallest["choices"][0]["message"]["content"], "");
        assert_eq!(request("m", 1000, 0).len(), request("m", 0, 0).len() + 1000);
        let ask: Ask = serde_json::from_slice(&request("m", 1000, 0)).unwrap();
        assert!(!ask.stream && ask.max_tokens.is_none());
        let ask: Ask = serde_json::from_slice(&request("m", 1000, 7)).unwrap();
        assert!(ask.stream && ask.max_tokens == Some(7));
    }

    #[test]
    fn lines_are_read_back() {
        let chunk = chunk();
        let data = chunk.strip_prefix(b"data: ").unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(data).is_ok());
        assert!(matches!(read_line(&chunk), Line::Content(age) if age < Duration::from_secs(60)));
        let ends: Vec<Line> = STREAM_END.lines().map(|line| read_line(line.as_bytes())).collect();
        assert_eq!(ends, [Line::Other, Line::Other, Line::Done, Line::Other]);
        assert_eq!(read_line(br#"data: {"delta":{"content":""}}"#), Line::Other);
        assert_eq!(read_line(b""), Line::Other);
    }
}
