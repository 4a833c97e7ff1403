//! The neutral request, answer and stream event that dialects translate through.
//!
//! Used only where the client's dialect and the provider's differ; where they are the same, bytes
//! pass through. The names are those of OpenAI's chat API, as the canonical one; a dialect that
//! cannot express a thing says so rather than dropping it.

use sanso_core::FaultKind;
use serde_json::value::RawValue;

/// A chat request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The model as the client named it.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The functions that the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it must or may call.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several calls in one answer are allowed.
    pub parallel_tool_calls: Option<bool>,
    /// The shape that the answer's text must have.
    pub output: OutputFormat,
    /// Token limit of the answer, reasoning included.
    pub max_tokens: Option<u64>,
    /// Sampling parameters.
    pub sampling: Sampling,
    /// Strings that end the answer.
    pub stop: Vec<String>,
    /// How long to think before speaking.
    pub reasoning_effort: Option<Effort>,
    /// The caller's opaque name of its end user.
    pub user: Option<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the stream is to end with a usage chunk.
    pub include_usage: bool,
}

/// Sampling parameters; what is `None` is left to the provider.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields carry OpenAI's names and meaning")]
pub struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub seed: Option<i64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub n: Option<u32>,
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<u32>,
}

/// One turn of the conversation.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the roles are OpenAI's")]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    /// Carries [`Part::ToolResult`] only.
    Tool,
}

/// A piece of a message or of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(Media),
    /// A document (PDF and the like).
    File {
        /// The bytes, or where they are.
        media: Media,
        /// The file's name, where the client gave one.
        name: Option<String>,
    },
    /// What the model thought before it spoke.
    Reasoning {
        /// The visible thought; may be empty where only the signature is returned.
        text: String,
        /// Anthropic's opaque proof (`signature` or `data`), to be sent back to Anthropic as it is,
        /// and to no one else. Gemini's signatures stand on tool calls; those of its thoughts and
        /// texts, which it does not insist on, are left out, so that a proof's vendor is known
        /// when a conversation falls over to another.
        signature: Option<String>,
    },
    /// The model's own refusal (OpenAI `refusal`).
    Refusal(String),
    /// A function that the model wants called.
    ToolCall(ToolCall),
    /// What a called function returned.
    ToolResult {
        /// The [`ToolCall::id`] that this answers.
        id: String,
        /// Text and images.
        parts: Vec<Self>,
    },
}

/// Bytes, or where to find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// An http(s) address (or one that the provider itself understands).
    Url(String),
    /// A `data:` URL taken apart.
    Data {
        /// For example `image/png`.
        media_type: String,
        /// Base64, as the client sent it.
        base64: String,
    },
}

/// A function call by the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Links the result to the call; synthesised where the provider gives none.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them.
    pub arguments: String,
    /// Gemini's opaque `thoughtSignature` of this call, to be sent back with it.
    pub signature: Option<String>,
}

/// A function that the model may call.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The function's name.
    pub name: String,
    /// What it does, for the model to read.
    pub description: Option<String>,
    /// JSON Schema of its arguments, as the client wrote it; absent for a function without any.
    pub parameters: Option<Box<RawValue>>,
    /// Whether the arguments must follow the schema to the letter.
    pub strict: Option<bool>,
}

/// Which function the model must or may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one, whichever.
    Required,
    /// This one.
    Named(String),
}

/// The shape that the answer's text must have.
#[derive(Clone, Debug, Default)]
pub enum OutputFormat {
    /// Any text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that a schema describes.
    JsonSchema {
        /// The client's name for the schema.
        name: String,
        /// The schema, as the client wrote it.
        schema: Box<RawValue>,
        /// Whether it must be followed to the letter.
        strict: Option<bool>,
    },
}

/// How long to think before speaking (OpenAI `reasoning_effort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the levels are OpenAI's")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// A complete answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The provider's id of the answer; empty where it gives none.
    pub id: String,
    /// The model by the provider's own word.
    pub model: String,
    /// Unix seconds, where the provider says.
    pub created: Option<u64>,
    /// One per candidate.
    pub choices: Vec<Choice>,
    /// Tokens used, where the provider says.
    pub usage: Option<Usage>,
}

/// One candidate of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Position among the candidates.
    pub index: u32,
    /// Text, reasoning, refusal and tool calls, in the provider's order.
    pub parts: Vec<Part>,
    /// Why it ended; `None` where the provider did not say.
    pub finish: Option<FinishReason>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the reasons are OpenAI's")]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    /// A reason that means the model failed to produce a usable answer (Gemini
    /// `MALFORMED_FUNCTION_CALL`, `OTHER`; Mistral `error`). OpenAI has no word for it.
    Error,
    /// The provider ran out of room in the middle of it (DeepSeek `insufficient_system_resource`).
    Overloaded,
}

impl FinishReason {
    /// The fault that the provider says has cut the answer off; `None` where it is complete.
    #[must_use]
    pub const fn fault(self) -> Option<FaultKind> {
        match self {
            Self::Error => Some(FaultKind::ServerError),
            Self::Overloaded => Some(FaultKind::Overloaded),
            Self::Stop | Self::Length | Self::ToolCalls | Self::ContentFilter => None,
        }
    }

    /// Whether the provider says that the answer is not complete through its own fault.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        self.fault().is_some()
    }

    /// Of the reasons of several candidates the first, but one that is a fault says more.
    #[must_use]
    pub fn most_telling(reasons: impl IntoIterator<Item = Self>) -> Option<Self> {
        reasons.into_iter().reduce(
            |known, next| {
                if next.is_fault() && !known.is_fault() { next } else { known }
            },
        )
    }
}

/// Tokens used. `prompt` includes what came from a cache, `completion` includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens.
    pub prompt: u64,
    /// All output tokens.
    pub completion: u64,
    /// Of `prompt`: read from the provider's cache.
    pub cached: Option<u64>,
    /// Of `prompt`: written to the provider's cache.
    pub cache_write: Option<u64>,
    /// Of `completion`: spent on reasoning.
    pub reasoning: Option<u64>,
}

/// One step of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// The provider began to answer; not content.
    Start {
        /// The provider's id of the answer; empty where it gives none.
        id: String,
        /// The model by the provider's own word.
        model: String,
        /// Unix seconds, where the provider says.
        created: Option<u64>,
    },
    /// Text of a candidate.
    Text {
        /// Which candidate.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// Reasoning of a candidate.
    Reasoning {
        /// Which candidate.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// The provider's opaque proof of the reasoning since the last one, to be sent back with it;
    /// without any reasoning before it, the proof of a thought that is kept hidden.
    ReasoningSignature {
        /// Which candidate.
        choice: u32,
        /// [`Part::Reasoning`]'s `signature`.
        signature: String,
    },
    /// Refusal of a candidate.
    Refusal {
        /// Which candidate.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// A picture of a candidate, whole.
    Image {
        /// Which candidate.
        choice: u32,
        /// The picture.
        picture: Media,
    },
    /// A tool call begins.
    ToolCall {
        /// Which candidate.
        choice: u32,
        /// Position among that candidate's tool calls.
        index: u32,
        /// Its id and name; `arguments` holds what came along with them, often nothing.
        call: ToolCall,
    },
    /// More of a tool call's arguments.
    ToolArguments {
        /// Which candidate.
        choice: u32,
        /// Position among that candidate's tool calls.
        index: u32,
        /// The next piece of JSON text.
        fragment: String,
    },
    /// A candidate ended.
    Finish {
        /// Which candidate.
        choice: u32,
        /// Why.
        reason: FinishReason,
    },
    /// Tokens used so far; the last one counts.
    Usage(Usage),
    /// The terminal marker: `[DONE]`, `message_stop`; Gemini has none.
    End,
}

impl StreamEvent {
    /// Whether this is *content*: what commits an answer (`chain.md`, *Streams*).
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Text { text, .. } | Self::Reasoning { text, .. } | Self::Refusal { text, .. } => {
                !text.is_empty()
            }
            Self::Image { .. } | Self::ToolCall { .. } | Self::ToolArguments { .. } => true,
            Self::Start { .. }
            | Self::ReasoningSignature { .. }
            | Self::Finish { .. }
            | Self::Usage(_)
            | Self::End => false,
        }
    }

    /// How many characters of content it brings: text, reasoning, a refusal, a tool call's name and
    /// arguments.
    #[must_use]
    pub fn characters(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Reasoning { text, .. } | Self::Refusal { text, .. } => {
                text.chars().count()
            }
            Self::ToolCall { call, .. } => {
                call.name.chars().count() + call.arguments.chars().count()
            }
            Self::ToolArguments { fragment, .. } => fragment.chars().count(),
            Self::Image { .. }
            | Self::Start { .. }
            | Self::ReasoningSignature { .. }
            | Self::Finish { .. }
            | Self::Usage(_)
            | Self::End => 0,
        }
    }
}
