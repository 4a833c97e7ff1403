//! What an answer says, however it came: whole or streamed, in this dialect or another.

use std::collections::BTreeMap;

use sanso_wire::ir::{Answer, FinishReason, Media, Part, StreamEvent, ToolCall, Usage};

#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) model: String,
    pub(super) usage: Option<Usage>,
    pub(super) choices: BTreeMap<u32, Choice>,
    pub(super) is_ended: bool,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) refusal: String,
    pub(super) reasoning: String,
    pub(super) signatures: Vec<String>,
    pub(super) calls: Vec<ToolCall>,
    pub(super) pictures: Vec<Media>,
    pub(super) finish: Option<FinishReason>,
}

impl Choice {
    pub(super) fn is_empty(&self) -> bool {
        *self
            == Self { finish: self.finish, signatures: self.signatures.clone(), ..Self::default() }
    }

    fn take(&mut self, part: &Part) {
        match part {
            Part::Text(text) => self.text.push_str(text),
            Part::Refusal(text) => self.refusal.push_str(text),
            Part::Reasoning { text, signature } => {
                self.reasoning.push_str(text);
                self.signatures.extend(signature.clone());
            }
            Part::ToolCall(call) => self.calls.push(call.clone()),
            Part::Image(media) => self.pictures.push(media.clone()),
            Part::File { .. } | Part::ToolResult { .. } => panic!("no part of an answer: {part:?}"),
        }
    }
}

impl Said {
    pub(super) fn in_answer(answer: &Answer) -> Self {
        let mut said = Self { model: answer.model.clone(), usage: answer.usage, ..Self::default() };
        for choice in &answer.choices {
            let own = said.choices.entry(choice.index).or_default();
            choice.parts.iter().for_each(|part| own.take(part));
            own.finish = choice.finish;
        }
        said
    }

    pub(super) fn in_stream(events: &[StreamEvent]) -> Self {
        let mut said = Self::default();
        events.iter().for_each(|event| said.take(event));
        said
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        self.choices.entry(index).or_default()
    }

    fn take(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Start { model, .. } => self.model.clone_from(model),
            StreamEvent::Text { choice, text } => self.choice(*choice).text.push_str(text),
            StreamEvent::Reasoning { choice, text } => {
                self.choice(*choice).reasoning.push_str(text);
            }
            StreamEvent::ReasoningSignature { choice, signature } => {
                self.choice(*choice).signatures.push(signature.clone());
            }
            StreamEvent::Refusal { choice, text } => self.choice(*choice).refusal.push_str(text),
            StreamEvent::Image { .. } => panic!("no recorded stream has pictures"),
            StreamEvent::ToolCall { choice, index, call } => {
                assert_eq!(
                    *index as usize,
                    self.choice(*choice).calls.len(),
                    "calls come in order"
                );
                self.choice(*choice).calls.push(call.clone());
            }
            StreamEvent::ToolArguments { choice, index, fragment } => {
                self.choice(*choice).calls[*index as usize].arguments.push_str(fragment);
            }
            StreamEvent::Finish { choice, reason } => {
                let before = self.choice(*choice).finish.replace(*reason);
                assert_eq!(before, None, "a choice ends once");
            }
            StreamEvent::Usage(usage) => self.usage = Some(*usage),
            StreamEvent::End => self.is_ended = true,
        }
    }
}
