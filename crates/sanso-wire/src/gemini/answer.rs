//! A complete answer.

use std::collections::BTreeMap;

use super::finish::after_calls;
use super::response::{Part, Response, parse};
use super::tool_calls::ToolCalls;
use crate::failure::Failure;
use crate::ir;

/// Reads the complete answer in the body of a 200; a stream that came as one JSON array is put
/// together.
///
/// # Errors
/// An error body is classed by what it says; all else that is not an answer is `Malformed`.
pub fn read_answer(body: &[u8]) -> Result<ir::Answer, Failure> {
    let responses = parse(body)?;
    let mut assembly = Assembly::default();
    for response in responses {
        assembly.add(response);
    }
    let answer = assembly.finish();
    if answer.choices.is_empty() {
        return Err(Failure::malformed("an answer without `candidates`"));
    }
    Ok(answer)
}

/// An answer while it is put together.
#[derive(Debug, Default)]
struct Assembly {
    answer: ir::Answer,
    /// By index.
    choices: BTreeMap<u32, ir::Choice>,
    /// From the first response on.
    calls: Option<ToolCalls>,
}

impl Assembly {
    fn add(&mut self, response: Response) {
        let calls = self.calls.get_or_insert_with(|| {
            self.answer.id = response.response_id.clone().unwrap_or_default();
            self.answer.model = response.model_version.clone().unwrap_or_default();
            self.answer.created = response.created();
            ToolCalls::of_answer(&self.answer.id)
        });
        if response.is_blocked() {
            let choice = self.choices.entry(0).or_default();
            choice.finish.get_or_insert(ir::FinishReason::ContentFilter);
        }
        // Cumulative, so that the last one counts.
        self.answer.usage = response.usage_metadata.and_then(|u| u.usage()).or(self.answer.usage);
        for (position, candidate) in (0..).zip(response.candidates.into_iter().flatten()) {
            let choice = self.choices.entry(candidate.index.unwrap_or(position)).or_default();
            choice.finish = choice.finish.or_else(|| candidate.finish());
            for part in candidate.into_parts() {
                add_part(&mut choice.parts, part, calls);
            }
        }
    }

    fn finish(mut self) -> ir::Answer {
        self.answer.choices = self
            .choices
            .into_iter()
            .map(|(index, ir::Choice { parts, finish, .. })| {
                let has_called = parts.iter().any(|part| matches!(part, ir::Part::ToolCall(_)));
                let finish = finish.map(|reason| after_calls(reason, has_called));
                ir::Choice { index, parts, finish }
            })
            .collect();
        self.answer
    }
}

fn add_part(parts: &mut Vec<ir::Part>, part: Part, calls: &mut ToolCalls) {
    let is_thought = part.is_thought();
    let signature = part.thought_signature;
    if let Some(call) = part.function_call {
        parts.push(ir::Part::ToolCall(calls.next(call, signature)));
        return;
    }
    if let Some(data) = part.inline_data {
        parts.push(data.into_part());
    }
    match part.text {
        Some(text) if is_thought => add_reasoning(parts, text),
        Some(text) => add_text(parts, text),
        None => {}
    }
}

/// Appends text, to that before it where there is one.
fn add_text(parts: &mut Vec<ir::Part>, text: String) {
    match parts.last_mut() {
        Some(ir::Part::Text(before)) => before.push_str(&text),
        Some(_) | None if text.is_empty() => {}
        Some(_) | None => parts.push(ir::Part::Text(text)),
    }
}

/// Appends a thought, to that before it where there is one.
fn add_reasoning(parts: &mut Vec<ir::Part>, text: String) {
    match parts.last_mut() {
        Some(ir::Part::Reasoning { text: before, .. }) => before.push_str(&text),
        Some(_) | None if text.is_empty() => {}
        Some(_) | None => parts.push(ir::Part::Reasoning { text, signature: None }),
    }
}
