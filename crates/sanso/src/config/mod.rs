//! Configuration: a LiteLLM `config.yaml`, and one more section `sanso:`, to checked types.
//!
//! The text is read once into a tree that knows its places; the readers take from it what they know,
//! note every mistake, and warn of all that no one asked for. What comes out has every default filled
//! in and every name resolved, and can be run as it is.
//!
//! ```
//! use std::collections::BTreeMap;
//! use sanso::config::{self, Options};
//!
//! let text = "
//! model_list:
//!   - model_name: main
//!     litellm_params: {model: openai/gpt-4.1, api_key: os.environ/KEY}
//! litellm_settings: {request_timeout: 30}
//! ";
//! let environment = BTreeMap::from([("KEY".to_owned(), "sk-1".to_owned())]);
//! let config = config::parse(text, "config.yaml", &environment, Options::default())?;
//! assert_eq!(config.groups[0].name, "main");
//! # Ok::<(), config::Report>(())
//! ```

mod admin;
mod advice;
mod alerts;
mod assemble;
mod base_url;
mod chain;
mod checks;
pub mod defaults;
mod degradation;
mod describe;
mod diagnostic;
mod domain;
mod environment;
mod facts;
mod field;
mod identity;
mod keys;
mod layer;
mod models;
mod preflight;
mod reader;
mod section;
mod settings;
mod source;
mod suggest;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;
mod trust;
mod types;
mod units;
mod upstream;
mod yaml;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

pub use admin::{Admin, History};
pub use alerts::{Alerts, Sink, SinkKind, SinkUrl};
pub use chain::Found;
pub(crate) use chain::filled;
pub use checks::{Checks, Pattern};
pub use degradation::Degrade;
pub use describe::describe;
pub use diagnostic::{Diagnostic, Report, Severity};
pub use environment::{Environment, ProcessEnvironment};
pub use trust::Trust;
pub use types::*;

use field::Field;
use models::Layers;
use reader::{Place, Reader, Table};
use section::Section;
use settings::Settings;
use source::Source;

/// How a file is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A key that is unknown, or known and not built yet, is an error rather than a warning.
    pub strict: bool,
    /// A deployment that needs an unset variable is left out rather than an error.
    pub allow_unset_env: bool,
}

/// A duration as the configuration writes them: `250ms`, `5s`, `1.5m`, `2h`, `1d`, or plain seconds.
#[must_use]
pub fn read_duration(text: &str) -> Option<Duration> {
    units::duration(text).ok()
}

/// Reads and checks the file at `path`.
///
/// # Errors
/// The file cannot be read, or holds errors: all of them, with the warnings.
pub fn load(
    path: &Path,
    environment: &dyn Environment,
    options: Options,
) -> Result<Config, Report> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, &name, environment, options),
        Err(error) => {
            let mut reader = Reader::new(Source::new(&name, ""), environment, options);
            reader.error(&Place::default(), format!("cannot read the file: {error}"), None);
            Err(Report { diagnostics: reader.finish() })
        }
    }
}

/// Checks a text; `name` stands for the file in what is reported.
///
/// # Errors
/// The text holds errors: all of them, with the warnings.
pub fn parse(
    text: &str,
    name: &str,
    environment: &dyn Environment,
    options: Options,
) -> Result<Config, Report> {
    let mut reader = Reader::new(Source::new(name, text), environment, options);
    let config = read(text, &mut reader);
    let diagnostics = reader.finish();
    let failed = diagnostics.iter().any(|one| one.severity == Severity::Error);
    match config {
        Some(mut config) if !failed => {
            let is_note = |one: &Diagnostic| one.severity == Severity::Note;
            (config.notes, config.warnings) = diagnostics.into_iter().partition(is_note);
            Ok(config)
        }
        Some(_) | None => Err(Report { diagnostics }),
    }
}

fn read(text: &str, reader: &mut Reader<'_>) -> Option<Config> {
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(error) => {
            reader.source.hide_by_letters();
            let place = Place { path: String::new(), span: Some(error.span) };
            reader.error(&place, format!("this is not YAML: {}", error.message), None);
            return None;
        }
    };
    let place = Place { path: String::new(), span: Some(root.span) };
    let mut top = match &root.value {
        yaml::Value::Map(entries) => Table::new(entries, place, reader),
        yaml::Value::Null => Table::new(&[], place, reader),
        other => {
            reader.error(
                &place,
                format!("the file must be a mapping, found {}", other.kind()),
                None,
            );
            return None;
        }
    };
    read_variables(&mut top, reader);
    let settings = Settings::read(&mut top, reader);
    let section = Section::read(&mut top, reader);
    let layers = layers(&settings, &section);
    let entries = models::read(&mut top, &layers, reader);
    top.finish(keys::TOP, reader);
    Some(assemble::assemble(entries, &layers, settings, section, reader))
}

/// `environment_variables`: LiteLLM puts them into its own environment, before all else.
fn read_variables(top: &mut Table<'_>, reader: &mut Reader<'_>) {
    let Some(mut table) = top.take("environment_variables").and_then(|field| field.table(reader))
    else {
        return;
    };
    for (key, field) in table.rest() {
        reader.source.hide(field.node);
        let value = match field.node.value {
            yaml::Value::Text(_) => field.text(reader),
            _ => field.json(reader).map(|value| value.to_string()),
        };
        if let Some(value) = value {
            reader.variables.insert(key.name.clone(), value);
        }
    }
}

/// Strongest first: `sanso.groups`, `model_group_retry_policy`, `sanso`, LiteLLM's sections.
fn layers(settings: &Settings, section: &Section) -> Layers {
    let mut groups: HashMap<String, layer::Layer> = HashMap::new();
    for (name, _, layer) in section.groups.iter().chain(&settings.groups) {
        let merged = groups.get(name).map_or_else(|| layer.clone(), |upper| upper.over(layer));
        groups.insert(name.clone(), merged);
    }
    Layers { all: section.layer.over(&settings.layer), groups }
}
