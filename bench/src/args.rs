//! Flags of the form `--name value`, and nothing else.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Outcome;

/// The flags that a program was given.
#[derive(Debug)]
pub struct Args(BTreeMap<String, String>);

impl Args {
    /// Reads the flags of this process.
    ///
    /// # Errors
    /// A flag that is not among `known`, or one without a value.
    pub fn read(known: &[&str]) -> Outcome<Self> {
        Self::parse(std::env::args().skip(1), known)
    }

    /// Reads flags; a repeated one counts as last given.
    ///
    /// # Errors
    /// A flag that is not among `known`, or one without a value.
    pub fn parse(args: impl IntoIterator<Item = String>, known: &[&str]) -> Outcome<Self> {
        let mut args = args.into_iter();
        let mut flags = BTreeMap::new();
        while let Some(flag) = args.next() {
            let name = flag.strip_prefix("--").filter(|name| known.contains(name));
            let Some(name) = name else {
                return Err(format!("unknown flag {flag}; known: --{}", known.join(", --")).into());
            };
            let Some(value) = args.next() else {
                return Err(format!("{flag} needs a value").into());
            };
            flags.insert(name.to_owned(), value);
        }
        Ok(Self(flags))
    }

    /// The value of `--name`, or `default` where it is not given.
    ///
    /// # Errors
    /// A value that is not a `T`.
    pub fn get<T: FromStr>(&self, name: &str, default: T) -> Outcome<T> {
        let Some(text) = self.0.get(name) else { return Ok(default) };
        text.parse().map_err(|_| format!("--{name}: {text:?} is not understood").into())
    }

    /// The value of `--name`, which must be given.
    ///
    /// # Errors
    /// The flag is missing.
    pub fn need(&self, name: &str) -> Outcome<&str> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("--{name} is needed").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Outcome<Args> {
        Args::parse(text.split_whitespace().map(str::to_owned), &["port", "url"])
    }

    #[test]
    fn reads_what_it_knows() {
        let args = parse("--port 80 --port 81").unwrap();
        assert_eq!(args.get("port", 0_u16).unwrap(), 81);
        assert_eq!(args.get("url", "none".to_owned()).unwrap(), "none");
        assert_eq!(args.need("url").unwrap_err().to_string(), "--url is needed");
    }

    #[test]
    fn names_what_it_does_not_understand() {
        assert!(parse("--prot 80").unwrap_err().to_string().contains("known: --port, --url"));
        assert!(parse("--port").unwrap_err().to_string().contains("needs a value"));
        assert!(parse("--port x").unwrap().get("port", 0_u16).is_err());
    }
}
