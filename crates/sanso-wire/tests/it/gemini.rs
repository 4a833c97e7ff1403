//! The Gemini dialect.

mod answer;
mod corpus;
mod request;
mod stream;

use sanso_wire::ir;
use sanso_wire::sse::Event;

/// A message of one part.
fn message(role: ir::Role, part: ir::Part) -> ir::Message {
    ir::Message { role, parts: vec![part] }
}

fn text(text: &str) -> ir::Part {
    ir::Part::Text(text.to_owned())
}

fn tool_call(id: &str, name: &str, arguments: &str) -> ir::ToolCall {
    ir::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        signature: None,
    }
}

fn event(data: impl Into<Vec<u8>>) -> Event {
    Event { name: String::new(), data: data.into().into() }
}
