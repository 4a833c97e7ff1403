//! A live stream, kept to be looked at when it has ended.

use sanso_wire::ir::{Answer, Choice, FinishReason, Part, StreamEvent, ToolCall};

use super::TEXT_BYTES;

/// What a stream has said so far, up to a limit: who says more is not looked at.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    candidates: Vec<Candidate>,
    bytes: usize,
    /// It has brought what is no text: reasoning, a refusal, a tool call, a picture.
    is_more_than_text: bool,
    /// The stream's id and time of creation, where it names them.
    name: (String, Option<u64>),
}

#[derive(Debug, Default)]
struct Candidate {
    index: u32,
    text: String,
    refusal: String,
    calls: Vec<(u32, ToolCall)>,
    finish: Option<FinishReason>,
}

/// What a candidate or a call counts beside its text, so that empty ones are bounded too.
const APIECE: usize = 64;

impl Gathered {
    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &StreamEvent) {
        self.is_more_than_text |= event.is_content() && !matches!(event, StreamEvent::Text { .. });
        match event {
            StreamEvent::Start { id, created, .. } => self.name = (id.clone(), *created),
            StreamEvent::Text { choice, text } => {
                if let Some(candidate) = self.room(*choice, text.len()) {
                    candidate.text.push_str(text);
                }
            }
            StreamEvent::Refusal { choice, text } => {
                if let Some(candidate) = self.room(*choice, text.len()) {
                    candidate.refusal.push_str(text);
                }
            }
            StreamEvent::ToolCall { choice, index, call } => {
                let bytes = APIECE + call.name.len() + call.arguments.len();
                if let Some(candidate) = self.room(*choice, bytes) {
                    candidate.calls.push((*index, call.clone()));
                }
            }
            StreamEvent::ToolArguments { choice, index, fragment } => {
                if let Some(candidate) = self.room(*choice, fragment.len())
                    && let Some((_, call)) = candidate.calls.iter_mut().find(|it| it.0 == *index)
                {
                    call.arguments.push_str(fragment);
                }
            }
            StreamEvent::Finish { choice, reason } => {
                if let Some(candidate) = self.room(*choice, 0) {
                    candidate.finish = Some(*reason);
                }
            }
            StreamEvent::Reasoning { .. }
            | StreamEvent::Image { .. }
            | StreamEvent::ReasoningSignature { .. }
            | StreamEvent::Usage(_)
            | StreamEvent::End => {}
        }
    }

    /// Takes note of content that is no text, and of which no event tells.
    pub(crate) fn note_more_than_text(&mut self) {
        self.is_more_than_text = true;
    }

    /// What the one candidate has said, where it is text and nothing else, and all of it was kept.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.candidates[..] {
            [one] if !self.is_more_than_text && one.finish.is_none() => Some(&one.text),
            _ => None,
        }
    }

    /// The stream's id and time of creation, where it names them.
    pub(crate) fn name(&self) -> (&str, Option<u64>) {
        (&self.name.0, self.name.1)
    }

    /// The whole answer; `None` where it was longer than what is kept.
    pub(crate) fn into_answer(self) -> Option<Answer> {
        if self.bytes > TEXT_BYTES {
            return None;
        }
        let choice = |said: Candidate| {
            let texts = [Part::Text(said.text), Part::Refusal(said.refusal)];
            let calls = said.calls.into_iter().map(|(_, call)| Part::ToolCall(call));
            let parts = texts.into_iter().chain(calls).collect();
            Choice { index: said.index, parts, finish: said.finish }
        };
        Some(Answer {
            choices: self.candidates.into_iter().map(choice).collect(),
            ..Answer::default()
        })
    }

    /// The candidate, if so many bytes more can be kept. Once they cannot, all is let go.
    fn room(&mut self, choice: u32, bytes: usize) -> Option<&mut Candidate> {
        let known = self.candidates.iter().position(|it| it.index == choice);
        self.bytes = self.bytes.saturating_add(bytes + if known.is_none() { APIECE } else { 0 });
        if self.bytes > TEXT_BYTES {
            self.candidates = Vec::new();
            return None;
        }
        let place = known.unwrap_or_else(|| {
            self.candidates.push(Candidate { index: choice, ..Candidate::default() });
            self.candidates.len() - 1
        });
        self.candidates.get_mut(place)
    }
}
