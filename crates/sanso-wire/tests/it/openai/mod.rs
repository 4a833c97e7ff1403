//! OpenAI's chat completions, each way.
#![cfg(test)] // Lets the lints know that helpers here fail tests only.

mod answer;
mod fold;
mod laws;
mod recorded;
mod request;
mod stream;

use sanso_wire::ir::{StreamEvent, ToolCall};
use sanso_wire::openai_chat::{StreamDecoder, StreamEncoder};
use sanso_wire::sse::{Decoder, Event};
use serde_json::Value;

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into(), signature: None }
}

fn decode(chunks: &[Value]) -> Vec<StreamEvent> {
    let mut decoder = StreamDecoder::new();
    let mut out = Vec::new();
    for chunk in chunks {
        let data = chunk.as_str().map_or_else(|| chunk.to_string(), str::to_owned);
        decoder.push(&Event::unnamed(data), &mut out).unwrap();
    }
    out
}

/// The chunks that an encoder writes, the marker as a string.
fn encode(events: &[StreamEvent], include_usage: bool) -> Vec<Value> {
    let mut encoder = StreamEncoder::new("chatcmpl-0", 0, "asked", include_usage);
    let mut out = Vec::new();
    for event in events {
        encoder.push(event, &mut out);
    }
    events_of(&String::from_utf8(out).unwrap())
        .iter()
        .map(|event| serde_json::from_str(event.text()).unwrap_or_else(|_| event.text().into()))
        .collect()
}

fn events_of(stream: &str) -> Vec<Event> {
    let mut decoder = Decoder::new(8 << 20);
    decoder.push(stream.to_owned().into());
    std::iter::from_fn(|| decoder.next_event()).map(Result::unwrap).collect()
}
