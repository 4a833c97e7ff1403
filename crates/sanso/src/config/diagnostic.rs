//! What a user reads about their file.

use std::fmt;

/// How much a [`Diagnostic`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Note,
    /// The gateway runs, but not quite as the file may have meant.
    Warning,
    /// The file is refused.
    Error,
}

/// One finding about the file, with its place.
///
/// `Display` prints it the way compilers do: what, where, the line, what to do. Secrets in the line
/// are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; 0 where the finding is about the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 as `line`.
    pub column: usize,
    /// The key, from the top: `model_list[0].litellm_params.model`. Empty as `line` is 0.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub(super) excerpt: Option<Excerpt>,
}

/// A line of the file, ready to print: secrets masked, control characters replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Characters before the marked part.
    pub(super) indent: usize,
    /// Characters of the marked part, at least 1.
    pub(super) width: usize,
}

/// Everything that was found about a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// All findings, in the order of the file; at least one is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// One error that has no place in the file.
    pub(crate) fn of_error(message: String) -> Self {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            file: String::new(),
            line: 0,
            column: 0,
            path: String::new(),
            message,
            help: None,
            excerpt: None,
        };
        Self { diagnostics: vec![diagnostic] }
    }

    /// The errors alone, in the order of the file.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl std::error::Error for Report {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.diagnostics {
            writeln!(f, "{diagnostic}\n")?;
        }
        let errors = self.errors().count();
        let others = self.diagnostics.len() - errors;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{errors} error{}", plural(errors))?;
        if others > 0 {
            write!(f, ", {others} other finding{}", plural(others))?;
        }
        Ok(())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.message)?;
        let number = if self.line == 0 { String::new() } else { self.line.to_string() };
        let margin = " ".repeat(number.len());
        write!(f, "\n{margin} --> {}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if let Some(excerpt) = &self.excerpt {
            let indent = " ".repeat(excerpt.indent);
            let marks = "^".repeat(excerpt.width);
            write!(f, "\n{margin}  |\n {number} | {}", excerpt.text)?;
            write!(f, "\n{margin}  | {indent}{marks}")?;
            if !self.path.is_empty() {
                write!(f, " {}", self.path)?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin}  = help: {help}")?;
        }
        Ok(())
    }
}
