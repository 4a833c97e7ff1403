//! Requests: from the recorded one to a client's and back to the provider's.

use sanso_wire::Dialect;
use sanso_wire::envelope::Envelope;
use sanso_wire::ir::{Effort, Request};
use sanso_wire::openai_chat::read_request;
use serde_json::{Value, json};

use super::difference;
use super::ledger::Ledger;
use super::recorded::Recorded;
use super::{anthropic, gemini};

/// The group that the client asks for; never the provider's name of the model.
const GROUP: &str = "main";

/// Writes the request again and enters what became of it.
pub(super) fn replay(exchange: &Recorded, ledger: &mut Ledger) {
    match written(exchange) {
        Ok(written) => {
            let recorded = meaning(exchange.dialect, &exchange.request);
            let written = meaning(exchange.dialect, &written);
            ledger.write(&exchange.id, &difference::between(&recorded, &written));
        }
        Err(said) => ledger.exclude(&exchange.id, &said),
    }
    check_path(exchange);
}

/// What goes upstream when a client asks for the same, or why no client can.
fn written(exchange: &Recorded) -> Result<Value, String> {
    let mut asked = match exchange.dialect {
        Dialect::OpenAiChat => exchange.request.clone(),
        Dialect::Anthropic => anthropic::asked(&exchange.request)?,
        Dialect::Gemini => gemini::asked(&exchange.request, exchange.is_asked_to_stream())?,
    };
    asked["model"] = json!(GROUP);
    let envelope = Envelope::read(asked.to_string().into()).map_err(|error| error.message)?;
    assert_eq!(envelope.model, GROUP, "{}", exchange.id);
    let body = envelope.body_for(&exchange.model, &[]);
    let bytes = match exchange.dialect {
        Dialect::OpenAiChat => {
            // Not a byte but the model's name may change on the way through.
            assert_eq!(body, exchange.request.to_string(), "{}", exchange.id);
            body.to_vec()
        }
        Dialect::Anthropic | Dialect::Gemini => {
            let request = read_request(&body).map_err(|error| error.message)?;
            check_glance(&exchange.id, &envelope, &request);
            let written = exchange.dialect.write_request(&request, &exchange.model);
            written.map_err(|failure| failure.message)?
        }
    };
    Ok(serde_json::from_slice(&bytes).unwrap())
}

/// What the envelope saw at a glance is what a reading finds.
fn check_glance(id: &str, envelope: &Envelope, request: &Request) {
    assert_eq!(envelope.stream, request.stream, "{id}");
    assert_eq!(envelope.max_tokens, request.max_tokens, "{id}");
    assert_eq!(envelope.has_tools, !request.tools.is_empty(), "{id}");
    let thinks = request.reasoning_effort.is_some_and(|effort| effort != Effort::None);
    assert_eq!(envelope.thinks, thinks, "{id}");
}

/// A request in the one spelling of the several that the provider takes.
fn meaning(dialect: Dialect, request: &Value) -> Value {
    match dialect {
        Dialect::OpenAiChat => request.clone(),
        Dialect::Anthropic => anthropic::meaning(request),
        Dialect::Gemini => gemini::meaning(request),
    }
}

/// The path is the recorded one, queries that choose an encoding apart.
fn check_path(exchange: &Recorded) {
    let path = exchange.dialect.path(&exchange.model, exchange.is_asked_to_stream());
    let of = |address: &str| address.split('?').next().unwrap_or_default().to_owned();
    assert!(of(&exchange.url).ends_with(&of(&path)), "{}: {path}", exchange.id);
}
