//! The text of the file, and which parts of it must never be shown.

use std::ops::Range;

use super::diagnostic::Excerpt;
use super::yaml::{Node, Span, Value};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// Longest excerpt, in characters, before and after the mark: one screen line.
const CONTEXT: usize = 100;
/// How far around the mark a line is looked at, in bytes: a whole file may be one line.
const WINDOW: usize = 2_000;

/// The file as it was read.
#[derive(Debug)]
pub(super) struct Source<'t> {
    pub(super) name: &'t str,
    text: &'t str,
    /// Never shown, and cut out of every message too.
    secrets: Vec<Range<usize>>,
    /// Not shown, for it might be a secret.
    concealed: Vec<Range<usize>>,
    /// Values that came from outside the file.
    pub(super) foreign: Vec<String>,
}

impl<'t> Source<'t> {
    pub(super) const fn new(name: &'t str, text: &'t str) -> Self {
        Self { name, text, secrets: Vec::new(), concealed: Vec::new(), foreign: Vec::new() }
    }

    /// Keeps what nobody knows the meaning of out of the excerpts.
    pub(super) fn conceal(&mut self, node: &Node) {
        let known = self.secrets.len();
        self.hide(node);
        self.concealed.extend(self.secrets.drain(known..));
    }

    /// Hides every scalar and every key of `node`, except references to a secret kept elsewhere.
    pub(super) fn hide(&mut self, node: &Node) {
        match &node.value {
            Value::Null => {}
            Value::Text(text) if is_reference(text) => {}
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
                self.secrets.push(node.written.start..node.written.end);
            }
            Value::List(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.secrets.push(key.span.start..key.span.end);
                    self.hide(value);
                }
            }
        }
    }

    /// Hides what stands in every value of the text whose key sounds secret: for a file that could
    /// not be parsed, where nothing but the letters is known.
    pub(super) fn hide_by_letters(&mut self) {
        let mut start = 0;
        let mut inside: Option<usize> = None;
        for line in self.text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '-']).len();
            match secret_value(line) {
                Some(value) => {
                    self.secrets.push(start + value..start + line.len());
                    inside = Some(indent);
                }
                None if inside.is_some_and(|outer| indent > outer) => {
                    self.secrets.push(start..start + line.len());
                }
                None if line.trim().is_empty() => {}
                None => inside = None,
            }
            start += line.len();
        }
    }

    /// Conceals the secrets wherever else they are written.
    pub(super) fn conceal_repeats(&mut self) {
        let repeats: Vec<Range<usize>> = self
            .written_secrets()
            .flat_map(words)
            .flat_map(|word| self.text.match_indices(word))
            .map(|(start, word)| start..start + word.len())
            .collect();
        self.concealed.extend(repeats);
    }

    /// `text` without any word of what is hidden.
    pub(super) fn scrub(&self, text: &str) -> String {
        let foreign = self.foreign.iter().map(String::as_str);
        let mut words: Vec<&str> = self.written_secrets().chain(foreign).flat_map(words).collect();
        words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        words.into_iter().fold(text.to_owned(), |text, word| text.replace(word, MASK))
    }

    fn written_secrets(&self) -> impl Iterator<Item = &'t str> {
        self.secrets.iter().filter_map(|range| self.text.get(range.clone()))
    }

    /// The line of `span`, with the span marked.
    pub(super) fn excerpt(&self, span: Span) -> Option<Excerpt> {
        let before = self.text.get(..span.start)?;
        let begins = before.rfind('\n').map_or(0, |newline| newline + 1);
        let start = before.ceil_char_boundary(begins.max(span.start.saturating_sub(WINDOW)));
        let until = self.text.floor_char_boundary(span.end.saturating_add(WINDOW));
        let line = self.text.get(start..until)?.lines().next().unwrap_or_default();
        let ranges = self.secrets.iter().chain(&self.concealed);
        let unseen: Vec<_> = ranges.filter(|it| it.start < until && it.end > start).collect();
        let mut shown = Vec::new();
        let (mut indent, mut end) = (None, 0);
        let mut hidden = false;
        for (offset, c) in line.char_indices() {
            let at = start + offset;
            if at >= span.start && indent.is_none() {
                indent = Some(shown.len());
            }
            let hide = unseen.iter().any(|range| range.contains(&at));
            match (hide, hidden) {
                (true, true) => {}
                (true, false) => shown.extend(MASK.chars()),
                (false, _) => shown.push(printable(c)),
            }
            hidden = hide;
            if at < span.end {
                end = shown.len();
            }
        }
        let indent = indent.unwrap_or(shown.len()).min(shown.len());
        let width = end.saturating_sub(indent).clamp(1, CONTEXT);
        Some(cut(&shown, indent, width))
    }
}

/// A secret as a whole and in its parts, as far as these are long enough to be one.
fn words(secret: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "\"'{}[],:*&/".contains(c);
    std::iter::once(secret).chain(secret.split(ends)).filter(|word| word.chars().count() >= 6)
}

/// The part of a long line around the mark.
fn cut(line: &[char], indent: usize, width: usize) -> Excerpt {
    let from = if line.len() <= 2 * CONTEXT { 0 } else { indent.saturating_sub(CONTEXT) };
    let text: String = line.iter().skip(from).take(2 * CONTEXT).collect();
    Excerpt { text: text.trim_end().to_owned(), indent: indent - from, width }
}

fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// `os.environ/NAME` or `file:/path`: names a secret without being one.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with("os.environ/") || text.starts_with("file:/")
}

/// Whether a value under this key may be a secret. Rather too often than too seldom: the price of a
/// mistake is three stars in an error message.
pub(super) fn sounds_secret(key: &str) -> bool {
    const MARKS: [&str; 14] = [
        "key",
        "token",
        "secret",
        "passw",
        "passphrase",
        "credential",
        "auth",
        "cookie",
        "header",
        "salt",
        "database_url",
        "redis_url",
        "webhook",
        "dsn",
    ];
    let key = key.to_ascii_lowercase();
    let counts_tokens = key.ends_with("tokens") || key.ends_with("_token_ids");
    !counts_tokens && MARKS.iter().any(|mark| key.contains(mark))
}

/// Where in a line the value of its first secret-sounding key begins, if it is written there.
fn secret_value(line: &str) -> Option<usize> {
    line.match_indices(':').find_map(|(colon, _)| {
        let before = line.get(..colon)?.trim_end();
        let key = before.rsplit(|c: char| c.is_whitespace() || "{[,".contains(c)).next()?;
        let value = line.get(colon + 1..)?;
        let reference = is_reference(value.trim().trim_matches(['"', '\'']));
        (sounds_secret(key) && !reference).then_some(colon + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span { line: 1, column: 1, start, end: start + part.len() }
    }

    #[test]
    fn the_mark_moves_with_the_mask() {
        let text = "{ api_key: sk-secret-1234, model: bad }";
        let mut source = Source::new("f", text);
        let hidden = span(text, "sk-secret-1234");
        source.secrets.push(hidden.start..hidden.end);
        let excerpt = source.excerpt(span(text, "bad")).unwrap();
        assert_eq!(excerpt.text, "{ api_key: ***, model: bad }");
        assert_eq!(&excerpt.text[excerpt.indent..excerpt.indent + excerpt.width], "bad");
        let excerpt = source.excerpt(hidden).unwrap();
        assert_eq!(&excerpt.text[excerpt.indent..excerpt.indent + excerpt.width], "***");
    }

    #[test]
    fn letters_alone_hide_values_and_their_next_lines() {
        let text =
            "a: 1\n- api_key: |\n    sk-secret-1234\n  b: [\n- {master_key: 'sk-flow-9999', x: 1\n";
        let mut source = Source::new("f", text);
        source.hide_by_letters();
        for secret in ["sk-secret-1234", "sk-flow-9999"] {
            let excerpt = source.excerpt(span(text, secret)).unwrap();
            assert!(!excerpt.text.contains(secret), "{excerpt:?}");
            assert_eq!(source.scrub(&format!("unknown alias {secret}")), "unknown alias ***");
        }
        assert_eq!(source.excerpt(span(text, "b:")).unwrap().text, "  b: [");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("{}here{}", "x".repeat(5000), "y".repeat(5000));
        let excerpt = Source::new("f", &text).excerpt(span(&text, "here")).unwrap();
        assert_eq!(excerpt.text.len(), 2 * CONTEXT);
        assert_eq!(&excerpt.text[excerpt.indent..excerpt.indent + excerpt.width], "here");
    }
}
