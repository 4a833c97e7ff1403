//! What providers send, in each dialect.

use crate::row::TEXT;
use crate::upstream::{DONE, FINISH, LAST_CHUNK, ROLE, STREAM_HEAD, chunk, response, says};

/// The words of [`TEXT`] as events of OpenAI's dialect.
pub(crate) fn words() -> [String; 3] {
    ["one", " two", " three"].map(says)
}

/// A whole stream.
pub(crate) fn whole_events() -> Vec<String> {
    let [one, two, three] = words();
    vec![ROLE.to_owned(), one, two, three, FINISH.to_owned(), DONE.to_owned()]
}

/// The head of a stream and these events, still open.
pub(crate) fn open(events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::from(STREAM_HEAD);
    events.iter().for_each(|event| bytes.extend(chunk(event)));
    bytes
}

/// The same, cleanly ended as far as HTTP goes.
pub(crate) fn ended(events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    [open(events), LAST_CHUNK.into()].concat()
}

/// A whole plain answer.
pub(crate) fn answer() -> Vec<u8> {
    response("200 OK", "application/json", answer_of(TEXT))
}

pub(crate) fn answer_of(text: &str) -> String {
    crate::upstream::answer(text)
}

/// An error in OpenAI's shape, with more header lines.
pub(crate) fn refusal(status: &str, headers: &str, code: &str) -> Vec<u8> {
    let content_type = format!("application/json{headers}");
    let body = format!(r#"{{"error":{{"message":"no: {code}","type":"{code}","code":"{code}"}}}}"#);
    response(status, &content_type, body)
}

/// An error inside a stream.
pub(crate) fn error_event(kind: &str) -> String {
    format!("data: {{\"error\":{{\"message\":\"no\",\"type\":\"{kind}\",\"code\":null}}}}\n\n")
}

// === Anthropic ===

pub(crate) fn claude_error(status: &str, kind: &str) -> Vec<u8> {
    let body = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"no"}}}}"#);
    response(status, "application/json", body)
}

fn named(event: &str, data: &str) -> String {
    format!("event: {event}\ndata: {data}\n\n")
}

/// The events before the first content, and those with the words.
pub(crate) fn claude_start() -> Vec<String> {
    vec![
        named(
            "message_start",
            r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"claude-primary","stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}"#,
        ),
        named(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
        named("ping", r#"{"type":"ping"}"#),
    ]
}

pub(crate) fn claude_word(text: &str) -> String {
    named(
        "content_block_delta",
        &format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ),
    )
}

pub(crate) fn claude_error_event(kind: &str) -> String {
    named("error", &format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"no"}}}}"#))
}

// === Gemini ===

pub(crate) fn gemini_error(status: &str, word: &str, details: &str) -> Vec<u8> {
    let code = &status[..3];
    let body = format!(
        r#"{{"error":{{"code":{code},"message":"no","status":"{word}","details":[{details}]}}}}"#
    );
    response(status, "application/json", body)
}

pub(crate) fn gemini_word(text: &str) -> String {
    format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}},\"index\":0}}],\"modelVersion\":\"gemini-primary\"}}\r\n\r\n"
    )
}
