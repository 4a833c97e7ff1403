//! What is known of a deployment's abilities: its dialect's, and what `model_info` says.

use sanso_core::Needs;
use sanso_wire::Dialect;

use super::reader::{Reader, Table};

/// LiteLLM's keys, each with what a deployment cannot do where it says `false`.
const KEYS: [(&str, Needs); 5] = [
    ("supports_function_calling", Needs::TOOLS),
    ("supports_response_schema", Needs::SCHEMA),
    ("supports_vision", Needs::IMAGES),
    ("supports_audio_input", Needs::AUDIO),
    ("supports_pdf_input", Needs::FILES),
];

/// What a deployment says that it cannot do. What it does not speak of, it can.
pub(super) fn said(info: &mut Table<'_>, reader: &mut Reader<'_>) -> Needs {
    let mut lacks = Needs::NONE;
    for (key, need) in KEYS {
        let able = info.take(key).and_then(|field| field.boolean(reader));
        lacks = lacks.and(need.when(able == Some(false)));
    }
    lacks
}

/// What a dialect has no words for. It refuses the rest by itself, where a value and not the thing is
/// at fault.
pub(super) const fn of_dialect(dialect: Dialect) -> Needs {
    match dialect {
        Dialect::OpenAiChat => Needs::NONE,
        Dialect::Anthropic => Needs::AUDIO.and(Needs::SEVERAL).and(Needs::LOGPROBS),
        // Neither sound nor what it says of probabilities is translated yet.
        Dialect::Gemini => Needs::AUDIO.and(Needs::LOGPROBS),
    }
}
