//! Writing to the terminal: the only place that does.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// What a command ends with when the configuration cannot be used.
pub(crate) const UNUSABLE: u8 = 2;

/// Writes a line to standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes a line to standard error.
pub(crate) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says why a command cannot go on.
pub(crate) fn refuse(why: impl Display) -> ExitCode {
    complain(why);
    ExitCode::from(UNUSABLE)
}
