//! Walking the tree: every value is asked for by name and kind, every finding is noted, and what no
//! one asked for is found at the end.

use std::collections::BTreeMap;

use super::diagnostic::{Diagnostic, Severity};
use super::environment::Environment;
use super::source::{Source, sounds_secret};
use super::suggest;
use super::yaml::{Key, Node, Span, Value};
use super::{Field, Options};

/// What a reading collects while it goes.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) options: Options,
    environment: &'a dyn Environment,
    /// `environment_variables:` of the file, which come before the process's own.
    pub(super) variables: BTreeMap<String, String>,
    findings: Vec<Finding>,
    /// Set while a deployment is read that may be left out for an unset variable.
    may_leave_out: bool,
    left_out: bool,
}

/// A [`Diagnostic`] before the secrets of the whole file are known.
struct Finding {
    severity: Severity,
    span: Option<Span>,
    path: String,
    message: String,
    help: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: Source<'a>,
        environment: &'a dyn Environment,
        options: Options,
    ) -> Self {
        Self {
            source,
            options,
            environment,
            variables: BTreeMap::new(),
            findings: Vec::new(),
            may_leave_out: false,
            left_out: false,
        }
    }

    /// The variable of this name; set but empty is unset, as a secret that was not filled in is.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let own = self.variables.get(name).cloned();
        own.or_else(|| self.environment.variable(name)).filter(|value| !value.trim().is_empty())
    }

    pub(super) fn file(&self, path: &str) -> std::io::Result<String> {
        let text = self.environment.file(path)?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// A value from outside the file is never quoted.
    pub(super) fn keep_out_of_messages(&mut self, value: String) -> String {
        self.source.foreign.push(value.clone());
        value
    }

    pub(super) fn error(&mut self, at: &Place, message: impl Into<String>, help: Option<String>) {
        self.note(Severity::Error, at, message.into(), help);
    }

    pub(super) fn warning(&mut self, at: &Place, message: impl Into<String>, help: Option<String>) {
        self.note(Severity::Warning, at, message.into(), help);
    }

    /// What the file asks for and sanso does not do: a warning, an error under `strict`.
    pub(super) fn not_done(
        &mut self,
        at: &Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let severity = if self.options.strict { Severity::Error } else { Severity::Warning };
        self.note(severity, at, message.into(), help);
    }

    pub(super) fn note(
        &mut self,
        severity: Severity,
        at: &Place,
        message: String,
        help: Option<String>,
    ) {
        self.findings.push(Finding {
            severity,
            span: at.span,
            path: at.path.clone(),
            message,
            help,
        });
    }

    /// A variable that is not set: an error, or (when the deployment being read may be left out for
    /// it) a warning.
    pub(super) fn unset(&mut self, at: &Place, message: String) {
        if self.may_leave_out {
            self.left_out = true;
            self.warning(at, format!("{message}; this deployment is left out"), None);
        } else {
            self.error(
                at,
                message,
                Some(
                    "set it, or pass --allow-unset-env to leave out the deployments that need it"
                        .into(),
                ),
            );
        }
    }

    /// Leaves out the deployment being read.
    pub(super) fn leave_out(&mut self) {
        self.left_out = true;
    }

    /// Reads one deployment. `None` if it could not be read, or is left out; both are noted.
    pub(super) fn deployment<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.may_leave_out = self.options.allow_unset_env;
        self.left_out = false;
        let result = read(self);
        self.may_leave_out = false;
        result.filter(|_| !self.left_out)
    }

    /// Whether the file is refused already.
    pub(super) fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// All findings in the order of the file, with their lines, secrets masked.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.findings.sort_by_key(|finding| finding.span.map(|span| (span.start, span.line)));
        self.source.conceal_repeats();
        let source = &self.source;
        let render = |finding: Finding| {
            let span = finding.span.unwrap_or_default();
            Diagnostic {
                severity: finding.severity,
                file: source.name.to_owned(),
                line: span.line,
                column: span.column,
                path: source.scrub(&finding.path),
                message: source.scrub(&finding.message),
                help: finding.help.map(|help| source.scrub(&help)),
                excerpt: finding.span.and_then(|span| source.excerpt(span)),
            }
        };
        self.findings.into_iter().map(render).collect()
    }
}

/// Where a finding belongs: a key from the top, and its place in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) span: Option<Span>,
}

/// A mapping whose keys are taken one by one.
pub(super) struct Table<'n> {
    pub(super) place: Place,
    entries: Vec<(&'n Key, &'n Node)>,
    asked: Vec<&'static str>,
}

/// Keys that LiteLLM has and sanso knows, but does not act upon.
pub(super) type Known = &'static [&'static str];

impl<'n> Table<'n> {
    /// The entries of `field`; repeated keys are errors, and the first one holds.
    pub(super) fn new(entries: &'n [(Key, Node)], place: Place, reader: &mut Reader<'_>) -> Self {
        let mut table =
            Self { place, entries: Vec::with_capacity(entries.len()), asked: Vec::new() };
        let mut lines = BTreeMap::new();
        for (key, node) in entries {
            if sounds_secret(&key.name) {
                reader.source.hide(node);
            }
            match lines.get(key.name.as_str()) {
                None => {
                    lines.insert(key.name.as_str(), key.span.line);
                    table.entries.push((key, node));
                }
                Some(line) => {
                    let place = table.key_place(key);
                    reader.source.conceal(node);
                    let message =
                        format!("the key `{}` is given twice, first on line {line}", key.name);
                    reader.error(&place, message, Some("keep one of them".into()));
                }
            }
        }
        table
    }

    /// Takes the value of a key. An explicit null is the same as no key.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.asked.push(name);
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (key, node) = self.entries.remove(index);
        let field = self.field(key, node);
        (!matches!(node.value, Value::Null)).then_some(field)
    }

    /// Takes all that is left, nulls included.
    pub(super) fn rest(&mut self) -> Vec<(&'n Key, Field<'n>)> {
        let entries = std::mem::take(&mut self.entries);
        let field = |(key, node): (&'n Key, &'n Node)| (key, self.field(key, node));
        entries.into_iter().map(field).collect()
    }

    /// Takes all that is left and is one of `names`.
    pub(super) fn take_known(&mut self, names: Known) -> Vec<(&'n Key, Place)> {
        let (known, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|(key, _)| names.contains(&key.name.as_str()));
        self.entries = left;
        let place = |(key, _): (&'n Key, &'n Node)| (key, self.key_place(key));
        known.into_iter().map(place).collect()
    }

    /// Ends the reading: what is left is known and not done, or unknown.
    pub(super) fn finish(mut self, known: Known, reader: &mut Reader<'_>) {
        for (key, place) in self.take_known(known) {
            reader.not_done(
                &place,
                format!("`{}` is not built yet and does nothing", key.name),
                None,
            );
        }
        for (key, node) in std::mem::take(&mut self.entries) {
            let place = self.key_place(key);
            reader.source.conceal(node);
            let names = self.asked.iter().chain(known).copied();
            let help = suggest::did_you_mean(&key.name, names);
            reader.not_done(
                &place,
                format!("unknown key `{}`, which does nothing", key.name),
                help,
            );
        }
    }

    /// The names that were asked for so far.
    pub(super) fn asked(&self) -> &[&'static str] {
        &self.asked
    }

    fn field(&self, key: &Key, node: &'n Node) -> Field<'n> {
        Field {
            node,
            place: Place { path: join(&self.place.path, &key.name), span: Some(node.span) },
        }
    }

    pub(super) fn key_place(&self, key: &Key) -> Place {
        Place { path: join(&self.place.path, &key.name), span: Some(key.span) }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
