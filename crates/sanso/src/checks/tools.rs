//! Tool calls: whether there is such a function, and whether its arguments can be used.

use std::collections::HashMap;
use std::sync::OnceLock;

use sanso_wire::ir::ToolCall;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::schema::{Schema, Unusable};

/// The functions that a request offers.
#[derive(Debug, Default)]
pub(super) struct Tools {
    functions: HashMap<String, Function>,
    /// Some tool is of a kind whose calls have names that we do not know (a provider's own search).
    has_unknown_kinds: bool,
}

#[derive(Debug)]
enum Function {
    /// Takes JSON arguments.
    Json {
        parameters: Option<String>,
        /// Compiled when it is first called.
        schema: OnceLock<Result<Schema, Unusable>>,
    },
    /// OpenAI's `custom` tools take any text.
    Text,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default)]
    function: Option<Offered<'a>>,
    #[serde(borrow, default)]
    custom: Option<Offered<'a>>,
}

#[derive(Deserialize)]
struct Offered<'a> {
    name: String,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
}

impl Tools {
    /// From the members `tools` and, the older one, `functions`.
    pub(super) fn read(tools: Option<&str>, functions: Option<&str>) -> Self {
        let mut read = Self::default();
        for raw in list(tools) {
            let tool: Option<Tool<'_>> = serde_json::from_str(raw.get()).ok();
            match tool {
                Some(Tool { function: Some(function), .. }) => read.add(function),
                Some(Tool { custom: Some(custom), .. }) => {
                    read.functions.insert(custom.name, Function::Text);
                }
                Some(Tool { .. }) | None => read.has_unknown_kinds = true,
            }
        }
        for raw in list(functions) {
            match serde_json::from_str(raw.get()) {
                Ok(function) => read.add(function),
                Err(_) => read.has_unknown_kinds = true,
            }
        }
        read
    }

    fn add(&mut self, function: Offered<'_>) {
        let parameters = function.parameters.map(|raw| raw.get().to_owned());
        let function_of = Function::Json { parameters, schema: OnceLock::new() };
        self.functions.insert(function.name, function_of);
    }

    /// Whether a call can be carried out: its function is known, its arguments are a JSON object and,
    /// where `by_schema`, fit the function's `parameters`. No arguments at all are an empty object.
    ///
    /// # Errors
    /// The schema of the function cannot be used.
    pub(super) fn can_use(&self, call: &ToolCall, by_schema: bool) -> Result<bool, Unusable> {
        let (parameters, schema) = match self.functions.get(&call.name) {
            None => return Ok(self.has_unknown_kinds),
            Some(Function::Text) => return Ok(true),
            Some(Function::Json { parameters, schema }) => (parameters, schema),
        };
        let arguments = match call.arguments.trim() {
            "" => Map::new(),
            text => match serde_json::from_str(text) {
                Ok(arguments) => arguments,
                Err(_) => return Ok(false),
            },
        };
        let Some(parameters) = parameters.as_ref().filter(|_| by_schema) else { return Ok(true) };
        let schema = schema.get_or_init(|| Schema::compile(parameters));
        schema.as_ref().map_err(|why| *why)?.accepts(&Value::Object(arguments))
    }
}

fn list(raw: Option<&str>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
}
