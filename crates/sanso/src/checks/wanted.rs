//! What a request wants of its answer: the form of the text, the functions that may be called.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::schema::{Schema, Unusable};
use super::tools::Tools;

/// Read from the client's body. What is not as OpenAI has it is left to the provider to refuse, and
/// wants nothing here.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    form: Form,
    tools: Tools,
}

#[derive(Debug, Default)]
enum Form {
    /// Any text.
    #[default]
    Text,
    /// A JSON object.
    Object,
    /// JSON that a schema describes.
    Schema(Result<Schema, Unusable>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    response_format: Option<&'a RawValue>,
    #[serde(borrow)]
    tools: Option<&'a RawValue>,
    #[serde(borrow)]
    functions: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    r#type: String,
    #[serde(borrow, default)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

impl Wanted {
    pub(super) fn read(body: &[u8]) -> Self {
        let body: Body<'_> = serde_json::from_slice(body).unwrap_or_default();
        let text = |raw: Option<&'_ RawValue>| raw.map(|raw| raw.get().to_owned());
        Self {
            form: body.response_format.map(|raw| Form::read(raw.get())).unwrap_or_default(),
            tools: Tools::read(text(body.tools).as_deref(), text(body.functions).as_deref()),
        }
    }

    pub(super) fn is_json(&self) -> bool {
        !matches!(self.form, Form::Text)
    }

    pub(super) fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Whether a text has the form.
    ///
    /// # Errors
    /// The schema cannot be used.
    pub(super) fn has_form(&self, text: &str) -> Result<bool, Unusable> {
        match &self.form {
            Form::Text => Ok(true),
            Form::Object => {
                Ok(serde_json::from_str::<serde_json::Map<String, Value>>(text).is_ok())
            }
            Form::Schema(schema) => match serde_json::from_str(text) {
                Ok(value) => schema.as_ref().map_err(|why| *why)?.accepts(&value),
                Err(_) => Ok(false),
            },
        }
    }
}

impl Form {
    fn read(raw: &str) -> Self {
        let Ok(format) = serde_json::from_str::<ResponseFormat<'_>>(raw) else {
            return Self::Text;
        };
        match (format.r#type.as_str(), format.json_schema.and_then(|it| it.schema)) {
            ("json_object", _) => Self::Object,
            ("json_schema", Some(schema)) => Self::Schema(Schema::compile(schema.get())),
            _ => Self::Text,
        }
    }
}
