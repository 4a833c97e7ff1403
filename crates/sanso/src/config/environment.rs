//! What the configuration takes from outside the file.

use std::collections::BTreeMap;
use std::io;

/// Where `os.environ/NAME` and `file:/path` values come from.
pub trait Environment {
    /// The value of the variable, if it is set and is text.
    fn variable(&self, name: &str) -> Option<String>;

    /// The text of a file that holds one secret (a Kubernetes or Docker secret), or certificates.
    ///
    /// # Errors
    /// The file cannot be read, or is not UTF-8.
    fn file(&self, path: &str) -> io::Result<String>;
}

/// The environment of this process and its file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// A fixed environment, for tests and for programs that keep their secrets elsewhere. Files are the
/// entries whose name begins with `/`.
impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }

    fn file(&self, path: &str) -> io::Result<String> {
        self.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
