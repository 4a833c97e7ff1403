//! `sanso.checks`: what answers are looked at for.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::field::Field;
use super::reader::{Reader, Table};

/// Which checks are on. What each of them means stands in `docs/checks.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Checks {
    /// No text, tool call, reasoning or refusal.
    pub empty: bool,
    /// Ended by a token limit that the request did not set.
    pub truncated: bool,
    /// `loop`: the same again and again.
    pub loops: bool,
    /// Not the JSON that `response_format` asks for.
    pub schema: bool,
    /// Calls of unknown tools, arguments that do not parse.
    pub tools: bool,
    /// With `tools`: arguments that do not fit the function's `parameters`.
    pub tool_schemas: bool,
    /// Short answers that refuse, by their words.
    pub refusal: bool,
    /// Texts that match one of these are not wanted.
    pub patterns: Arc<[Pattern]>,
}

impl Default for Checks {
    fn default() -> Self {
        ChecksLayer::default().checks()
    }
}

/// A regular expression of the operator's, matched in linear time.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Most that one compiled pattern may take.
    const BYTES: usize = 1 << 20;

    /// # Errors
    /// It is no regular expression, or takes too much memory; the text says which.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text).size_limit(Self::BYTES).build();
        regex.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "a pattern takes too much memory".to_owned(),
            _ => "a pattern must be a regular expression without look-around".to_owned(),
        })
    }

    /// Whether it is found anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.0.as_str()).finish()
    }
}

/// What one place of the file says about checks.
#[derive(Clone, Debug, Default)]
pub(super) struct ChecksLayer {
    empty: Option<bool>,
    truncated: Option<bool>,
    loops: Option<bool>,
    schema: Option<bool>,
    tools: Option<bool>,
    tool_schemas: Option<bool>,
    refusal: Option<bool>,
    patterns: Option<Arc<[Pattern]>>,
}

impl ChecksLayer {
    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut switch = |name| {
            let field: Option<Field<'_>> = table.take(name);
            field.and_then(|field| field.boolean(reader))
        };
        let mut layer = Self {
            empty: switch("empty"),
            truncated: switch("truncated"),
            loops: switch("loop"),
            schema: switch("schema"),
            tools: switch("tools"),
            tool_schemas: switch("tool_schemas"),
            refusal: switch("refusal"),
            patterns: None,
        };
        layer.patterns = table.take("patterns").and_then(|field| patterns(&field, reader));
        table.finish(&[], reader);
        layer
    }

    /// This layer, and below it what it does not say.
    pub(super) fn over(&self, lower: &Self) -> Self {
        Self {
            empty: self.empty.or(lower.empty),
            truncated: self.truncated.or(lower.truncated),
            loops: self.loops.or(lower.loops),
            schema: self.schema.or(lower.schema),
            tools: self.tools.or(lower.tools),
            tool_schemas: self.tool_schemas.or(lower.tool_schemas),
            refusal: self.refusal.or(lower.refusal),
            patterns: self.patterns.clone().or_else(|| lower.patterns.clone()),
        }
    }

    pub(super) fn checks(&self) -> Checks {
        let tool_schemas = self.tool_schemas.unwrap_or(false);
        Checks {
            empty: self.empty.unwrap_or(true),
            truncated: self.truncated.unwrap_or(false),
            loops: self.loops.unwrap_or(false),
            schema: self.schema.unwrap_or(false),
            // Who wants their schemas kept wants the calls looked at.
            tools: self.tools.unwrap_or(tool_schemas),
            tool_schemas,
            refusal: self.refusal.unwrap_or(false),
            patterns: self.patterns.clone().unwrap_or_default(),
        }
    }
}

fn patterns(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Arc<[Pattern]>> {
    let mut patterns = Vec::new();
    for item in field.list(reader)? {
        let Some(text) = item.text(reader) else { continue };
        match Pattern::new(&text) {
            // It is found in every text.
            Ok(pattern) if pattern.is_match("") => {
                reader.error(&item.place, "a pattern must not match an empty text", None);
            }
            Ok(pattern) => patterns.push(pattern),
            Err(why) => reader.error(&item.place, why, None),
        }
    }
    Some(patterns.into())
}

/// One line for `sanso check`.
pub(super) fn describe(checks: &Checks) -> String {
    let switches = [
        ("empty", checks.empty),
        ("truncated", checks.truncated),
        ("loop", checks.loops),
        ("schema", checks.schema),
        ("tools", checks.tools),
        ("tool_schemas", checks.tools && checks.tool_schemas),
        ("refusal", checks.refusal),
    ];
    let mut on: Vec<String> =
        switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect();
    match checks.patterns.len() {
        0 => {}
        1 => on.push("1 pattern".to_owned()),
        many => on.push(format!("{many} patterns")),
    }
    let on = if on.is_empty() { "none".to_owned() } else { on.join(", ") };
    format!("checks     {on}")
}
