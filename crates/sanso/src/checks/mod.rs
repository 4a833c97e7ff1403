//! Soft faults: what a well-formed answer is looked at for (`chain.md`, `Soft(reason)`).
//!
//! One check per file, each a pure function over one candidate of an answer and what the request
//! wants of it. `empty` is the only one that is on by default; it needs no tree of the answer and
//! stands in `call.rs`. A whole answer that fails is acted on; a live stream, of which the client has
//! had its part, is only recorded.

mod effort;
mod gathered;
mod refusal;
mod repeats;
mod schema;
#[cfg(test)]
mod tests;
mod tools;
mod user;
mod wanted;

use std::sync::OnceLock;

use sanso_core::SoftReason;
use sanso_wire::envelope::Envelope;
use sanso_wire::ir::{Answer, Choice, FinishReason, Part, ToolCall};

use crate::config;

pub(crate) use gathered::Gathered;
use wanted::Wanted;

/// Longer texts are not looked at by the checks that read all of it.
const TEXT_BYTES: usize = 1 << 20;

/// The checks of one request, shared by all its calls.
#[derive(Debug)]
pub(crate) struct Checks {
    rules: config::Checks,
    /// Read once, when the first answer is at hand: most requests need it never or once.
    wanted: OnceLock<Wanted>,
    /// Why something could not be looked at.
    unchecked: OnceLock<String>,
}

/// One candidate of an answer.
#[derive(Debug, Default)]
struct Candidate<'a> {
    text: String,
    refusal: bool,
    calls: Vec<&'a ToolCall>,
    finish: Option<FinishReason>,
}

impl Checks {
    /// `None` where no check is on that needs more than a glance at the answer.
    pub(crate) fn new(rules: &config::Checks) -> Option<Self> {
        let is_on = rules.truncated
            || rules.loops
            || rules.schema
            || rules.tools
            || rules.refusal
            || !rules.patterns.is_empty();
        is_on.then(|| Self {
            rules: rules.clone(),
            wanted: OnceLock::new(),
            unchecked: OnceLock::new(),
        })
    }

    /// What is wrong with a whole answer to `asked`: with each of its candidates, for one that can be
    /// used is what the caller asked for. The reason is that of the first.
    pub(crate) fn look(&self, answer: &Answer, asked: &Envelope) -> Option<SoftReason> {
        let mut first = None;
        for choice in &answer.choices {
            let reason = self.candidate(&Candidate::of(choice), asked)?;
            first = first.or(Some(reason));
        }
        first
    }

    /// Why something was not looked at, in words for a warning.
    pub(crate) fn unchecked(&self) -> Option<&str> {
        self.unchecked.get().map(String::as_str)
    }

    /// Whether an answer has the form that the request asked for; `None` where nobody looked.
    pub(crate) fn format_valid(&self, found: Option<SoftReason>) -> Option<bool> {
        let looked = self.rules.schema && self.unchecked().is_none();
        let wants_json = self.wanted.get().is_some_and(Wanted::is_json);
        match found {
            _ if !(looked && wants_json) => None,
            None => Some(true),
            Some(SoftReason::Schema) => Some(false),
            // Something else was found first.
            Some(
                SoftReason::Empty
                | SoftReason::Truncated
                | SoftReason::Loop
                | SoftReason::Tools
                | SoftReason::Refusal
                | SoftReason::User,
            ) => None,
        }
    }

    /// From what is certain to what is a guess.
    fn candidate(&self, said: &Candidate<'_>, asked: &Envelope) -> Option<SoftReason> {
        let rules = &self.rules;
        let by_own_limit = said.finish == Some(FinishReason::Length) && asked.max_tokens.is_some();
        let by_filter = said.finish == Some(FinishReason::ContentFilter);
        let is_cut = by_own_limit || by_filter;
        if rules.truncated && said.finish == Some(FinishReason::Length) && !by_own_limit {
            return Some(SoftReason::Truncated);
        }
        if said.text.len() > TEXT_BYTES {
            self.leave(format!("it is longer than {TEXT_BYTES} bytes"));
            return None;
        }
        // What the caller's own limit cut short need not be whole.
        if rules.tools && !is_cut && !self.are_calls_usable(said, asked) {
            return Some(SoftReason::Tools);
        }
        let speaks = said.calls.is_empty() && !said.refusal;
        if rules.schema && !is_cut && speaks && !self.has_form(&said.text, asked) {
            return Some(SoftReason::Schema);
        }
        if rules.refusal && said.calls.is_empty() && (said.refusal || refusal::is_one(&said.text)) {
            return Some(SoftReason::Refusal);
        }
        if rules.loops && repeats::is_loop(&said.text) {
            return Some(SoftReason::Loop);
        }
        user::is_caught(&rules.patterns, &said.text).then_some(SoftReason::User)
    }

    fn wanted(&self, asked: &Envelope) -> &Wanted {
        self.wanted.get_or_init(|| Wanted::read(asked.body()))
    }

    fn are_calls_usable(&self, said: &Candidate<'_>, asked: &Envelope) -> bool {
        if said.calls.is_empty() {
            return true;
        }
        let tools = self.wanted(asked).tools();
        said.calls.iter().all(|call| {
            tools.can_use(call, self.rules.tool_schemas).unwrap_or_else(|why| {
                self.leave(format!("the schema of `{}` {why}", call.name));
                true
            })
        })
    }

    fn has_form(&self, text: &str, asked: &Envelope) -> bool {
        self.wanted(asked).has_form(text).unwrap_or_else(|why| {
            self.leave(format!("the schema that it is to have {why}"));
            true
        })
    }

    fn leave(&self, why: String) {
        // The first reason is enough.
        let _ = self.unchecked.set(format!("the answer was not checked: {why}"));
    }
}

impl<'a> Candidate<'a> {
    fn of(choice: &'a Choice) -> Self {
        let mut said = Self { finish: choice.finish, ..Self::default() };
        for part in &choice.parts {
            match part {
                Part::Text(text) => said.text.push_str(text),
                Part::Refusal(text) => said.refusal |= !text.is_empty(),
                Part::ToolCall(call) => said.calls.push(call),
                Part::Image(_)
                | Part::File { .. }
                | Part::Reasoning { .. }
                | Part::ToolResult { .. } => {}
            }
        }
        said
    }
}

/// What a caller is told of an answer that is the best there is.
pub(crate) const fn warning(reason: SoftReason) -> &'static str {
    match reason {
        SoftReason::Empty => "the answer is empty",
        SoftReason::Truncated => {
            "the answer is truncated: it ended at a token limit that the request did not set"
        }
        SoftReason::Loop => "the answer is a loop: it says the same again and again",
        SoftReason::Schema => "the answer does not have the JSON schema that was asked for",
        SoftReason::Tools => {
            "the answer calls tools that there are not, or with arguments that cannot be used"
        }
        SoftReason::Refusal => "the answer is a refusal",
        SoftReason::User => "the answer matches a user pattern of this gateway's checks",
    }
}

/// A reason's name in metrics and logs.
pub(crate) const fn reason_name(reason: SoftReason) -> &'static str {
    match reason {
        SoftReason::Empty => "empty",
        SoftReason::Truncated => "truncated",
        SoftReason::Loop => "loop",
        SoftReason::Schema => "schema",
        SoftReason::Tools => "tools",
        SoftReason::Refusal => "refusal",
        SoftReason::User => "user",
    }
}
