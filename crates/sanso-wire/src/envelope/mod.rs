//! A client's chat request as the gateway sees it: a few facts, and bytes to pass on.
//!
//! No tree is built of the body. It is validated in one pass that notes where its members stand; the
//! rest is looked at where it lies. What goes upstream is the client's text with `model` replaced and
//! the gateway's own members cut out: every other byte, unknown members included, survives.

mod check;
mod controls;
mod edit;
mod error;
mod layout;
mod metadata;
mod scan;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use sanso_core::Needs;
use serde_json::value::RawValue;

pub use controls::{Controls, FallbackLists, FallbackRule};
pub use error::RequestError;

use crate::object::Object;
use layout::Layout;
use metadata::Fate;

/// A chat request that has been looked at, but not taken apart.
#[derive(Clone)]
pub struct Envelope {
    /// The model group that is asked for; never empty.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the stream is to end with a usage chunk (`stream_options.include_usage`).
    pub include_usage: bool,
    /// Whether the model is asked to think before it speaks: `reasoning_effort` other than `none`, or
    /// a `thinking` or `reasoning` object that does not switch it off.
    pub thinks: bool,
    /// Whether functions are offered to the model.
    pub has_tools: bool,
    /// The request's own token limit: `max_completion_tokens`, else `max_tokens`.
    pub max_tokens: Option<u64>,
    /// How many candidates are asked for (`n`): a stream is complete when each has ended.
    pub candidates: u64,
    /// Tokens of the prompt, estimated as a quarter of the bytes of `messages` without inline base64.
    /// Good enough to choose a time limit, not to bill by; images and files count nothing.
    pub prompt_tokens_estimate: u64,
    /// What not every deployment can do.
    pub needs: Needs,
    /// Whether the answer is to be JSON, whatever its shape (`response_format`).
    pub wants_json: bool,
    /// Whether pictures or sound are asked for beside the text (`modalities`).
    pub wants_media: bool,
    /// What the request asks of the gateway itself.
    pub controls: Controls,
    body: Bytes,
    layout: Layout,
    /// What becomes of each member, in the body's order.
    edits: Vec<Edit>,
    /// Members that the gateway puts at the end.
    added: Vec<(String, Box<RawValue>)>,
}

/// What becomes of a member on its way upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Edit {
    Keep,
    Model,
    Cut,
    Put(String),
}

impl Envelope {
    /// Looks at a body.
    ///
    /// # Errors
    /// What OpenAI would refuse before it asks a model: no JSON object, no `model`, no `messages`; a
    /// body deeper than 128 levels; a gateway's member of the wrong type.
    ///
    /// ```
    /// use sanso_wire::envelope::Envelope;
    /// let body = r#"{"model":"main","num_retries":1,"messages":[{"role":"user","content":"hi"}]}"#;
    /// let envelope = Envelope::read(body.into()).unwrap();
    /// assert_eq!(envelope.controls.num_retries, Some(1));
    /// assert_eq!(
    ///     envelope.body_for("gpt-4.1", &[]),
    ///     r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"hi"}]}"#,
    /// );
    /// ```
    pub fn read(body: Bytes) -> Result<Self, RequestError> {
        let text = check::utf8(&body)?;
        let (layout, members) = check::members(text)?;
        let edits = members.iter().map(|(name, value)| edit_of(name, value)).collect();
        let (prompt_tokens_estimate, media) = check::messages(&members)?;
        let object = Object::body(members);
        let model = model(&object)?;
        let stream = object.typed("stream", "true or false")?.unwrap_or_default();
        let mut controls = Controls::read(&object, &model)?;
        controls.task = metadata::task(&object)?;
        let has_tools = has_elements(&object, "tools") || has_elements(&object, "functions");
        let candidates = whole(&object, "n").unwrap_or(1).max(1);
        let format = object.object("response_format").ok().flatten();
        let format = format.and_then(|format| word(&format, "type"));
        let needs = media
            .and(Needs::TOOLS.when(has_tools))
            .and(Needs::SEVERAL.when(candidates > 1))
            .and(Needs::SCHEMA.when(format.as_deref() == Some("json_schema")))
            .and(Needs::LOGPROBS.when(is_true(&object, "logprobs")));
        Ok(Self {
            model,
            stream,
            include_usage: include_usage(&object),
            thinks: thinks(&object),
            has_tools,
            max_tokens: whole(&object, "max_completion_tokens")
                .or_else(|| whole(&object, "max_tokens")),
            candidates,
            prompt_tokens_estimate,
            needs,
            wants_json: format.is_some_and(|format| format != "text"),
            wants_media: wants_media(&object),
            controls,
            layout,
            edits,
            added: Vec::new(),
            body,
        })
    }

    /// Whether the last message brings what a tool returned. Looked for when it is asked: few want to
    /// know. Messages that cannot be read are taken for such.
    #[must_use]
    pub fn answers_tools(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Message<'a> {
            #[serde(borrow, default)]
            role: Cow<'a, str>,
        }
        let mut members = self.layout.names(&self.body).zip(self.layout.values(&self.body));
        let messages = members.find(|(name, _)| name == "messages").map(|(_, value)| value);
        let messages = messages.map(serde_json::from_slice::<Vec<Message<'_>>>);
        let Some(Ok(messages)) = messages else { return true };
        messages.last().is_some_and(|last| matches!(&*last.role, "tool" | "function"))
    }

    /// The client's bytes, as they came.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body for a deployment that knows the model as `model`: every `model` member replaced, the
    /// gateway's members cut out, and of `extra` (what the configuration adds) the members that the
    /// client did not set put at the end. The same bytes where nothing is to change.
    #[must_use]
    pub fn body_for(&self, model: &str, extra: &[(String, Box<RawValue>)]) -> Bytes {
        let model = serde_json::Value::from(model).to_string();
        let unset = extra.iter().filter(|(name, _)| !self.forwards(name));
        let added: Vec<_> = unset.chain(&self.added).collect();
        let is_same = added.is_empty()
            && self.layout.values(&self.body).zip(&self.edits).all(|(value, edit)| match edit {
                Edit::Keep => true,
                Edit::Model => value == model.as_bytes(),
                Edit::Cut | Edit::Put(_) => false,
            });
        if is_same {
            return self.body.clone();
        }
        let value_of = |index: usize, value| match self.edits.get(index) {
            Some(Edit::Keep) | None => Some(value),
            Some(Edit::Model) => Some(model.as_bytes()),
            Some(Edit::Cut) => None,
            Some(Edit::Put(json)) => Some(json.as_bytes()),
        };
        Bytes::from(self.layout.rebuild(&self.body, value_of, &added))
    }

    /// The same request, streamed, for an answer that is put together here: with `stream`, and with the
    /// usage chunk asked for.
    ///
    /// # Errors
    /// None in practice: the body has been read before.
    pub fn streamed(&self) -> Result<Self, RequestError> {
        let mut members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&self.body).map_err(|error| {
                RequestError::wrong_value("stream", &format!("cannot be set: {error}"))
            })?;
        members.insert("stream".to_owned(), true.into());
        members.insert("stream_options".to_owned(), serde_json::json!({ "include_usage": true }));
        Self::read(serde_json::Value::Object(members).to_string().into())
    }

    /// Whether a member called `name` goes upstream, of the client's or of the gateway's.
    fn forwards(&self, name: &str) -> bool {
        let mut members = self.layout.names(&self.body).zip(&self.edits);
        members.any(|(found, edit)| found == name && *edit != Edit::Cut)
            || self.added.iter().any(|(found, _)| found == name)
    }
}

/// Without the body: prompts are private, and a client may send keys in `user_config`.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("model", &self.model)
            .field("stream", &self.stream)
            .field("body_bytes", &self.body.len())
            .field("controls", &self.controls)
            .finish_non_exhaustive()
    }
}

fn edit_of(name: &str, value: &RawValue) -> Edit {
    match name {
        "model" => Edit::Model,
        "metadata" => match metadata::strip(value) {
            Fate::Kept => Edit::Keep,
            Fate::Cut => Edit::Cut,
            Fate::Left(json) => Edit::Put(json),
        },
        name if controls::is_control(name) => Edit::Cut,
        _ => Edit::Keep,
    }
}

fn model(body: &Object<'_>) -> Result<String, RequestError> {
    let model = body.required_text("model", "name the model that is to answer")?;
    if model.is_empty() {
        return Err(RequestError::wrong_value("model", "must not be empty"));
    }
    Ok(model)
}

fn include_usage(body: &Object<'_>) -> bool {
    let options = body.object("stream_options").ok().flatten();
    options.is_some_and(|options| is_true(&options, "include_usage"))
}

fn thinks(body: &Object<'_>) -> bool {
    let switched_off = |object: &Object<'_>| {
        word(object, "type").as_deref() == Some("disabled")
            || word(object, "effort").as_deref() == Some("none")
            || object.typed("enabled", "").is_ok_and(|enabled| enabled == Some(false))
    };
    word(body, "reasoning_effort").is_some_and(|effort| effort != "none")
        || ["thinking", "reasoning"]
            .into_iter()
            .any(|key| body.object(key).ok().flatten().is_some_and(|object| !switched_off(&object)))
}

fn wants_media(body: &Object<'_>) -> bool {
    let modalities = body.typed::<Vec<Cow<'_, str>>>("modalities", "").ok().flatten();
    modalities.is_some_and(|asked| asked.iter().any(|modality| modality != "text"))
}

fn is_true(object: &Object<'_>, key: &str) -> bool {
    object.typed(key, "").is_ok_and(|value| value == Some(true))
}

fn word<'a>(object: &Object<'a>, key: &str) -> Option<Cow<'a, str>> {
    object.text(key).ok().flatten()
}

/// A whole number; what is none is for the provider to refuse.
fn whole(body: &Object<'_>, key: &str) -> Option<u64> {
    body.typed(key, "").ok().flatten()
}

fn has_elements(body: &Object<'_>, key: &str) -> bool {
    let list = body.get(key).and_then(|raw| raw.get().strip_prefix('['));
    list.is_some_and(|rest| !rest.trim_ascii_start().starts_with(']'))
}
