//! Whose certificates hold: LiteLLM's `ssl_verify` and the variable `SSL_CERT_FILE`.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::field::Field;
use super::reader::{Place, Reader};
use super::yaml::Value;

/// The authorities that may vouch for a provider's TLS certificate.
#[derive(Clone, Default)]
pub enum Trust {
    /// The system's, or the compiled-in ones of Mozilla where the system has none.
    #[default]
    System,
    /// Those of one file, and no other.
    Only {
        /// The file, as it was named.
        file: String,
        /// What it holds.
        authorities: Arc<RootCertStore>,
    },
    /// No one need vouch: certificates are not checked at all.
    Unchecked,
}

/// OpenSSL's variable, which LiteLLM reads too.
const VARIABLE: &str = "SSL_CERT_FILE";

impl Trust {
    /// `ssl_verify`: `true`, `false` or a file. The file of `SSL_CERT_FILE` stands in for the system's
    /// authorities, not for what the configuration names.
    pub(super) fn read(field: Option<&Field<'_>>, reader: &mut Reader<'_>) -> Self {
        match field.and_then(|field| Self::of_setting(field, reader)) {
            None | Some(Self::System) => Self::of_variable(reader),
            Some(set @ (Self::Only { .. } | Self::Unchecked)) => set,
        }
    }

    fn of_setting(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match &field.node.value {
            Value::Bool(true) => return Some(Self::System),
            Value::Bool(false) => return Some(Self::unchecked(&field.place, reader)),
            Value::Text(_) => field.text(reader)?,
            Value::Null | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                return field.wrong(reader, "true, false or a file of PEM certificates");
            }
        };
        match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Some(Self::System),
            text if text.eq_ignore_ascii_case("false") => {
                Some(Self::unchecked(&field.place, reader))
            }
            file => Self::of_file(&field.place, field.key(), file, reader),
        }
    }

    fn unchecked(place: &Place, reader: &mut Reader<'_>) -> Self {
        let message =
            "no certificate is checked: whoever is on the way to a provider can read its key";
        let help = "name the file of your own authority instead: `ssl_verify: /path/to/ca.pem`";
        reader.warning(place, message, Some(help.into()));
        Self::Unchecked
    }

    fn of_variable(reader: &mut Reader<'_>) -> Self {
        let file = reader.variable(VARIABLE);
        file.and_then(|file| Self::of_file(&Place::default(), VARIABLE, &file, reader))
            .unwrap_or_default()
    }

    /// A file that cannot be used is an error: without it, every call would fail, or worse, another's
    /// authorities would hold. Of one that can, certificates that cannot are passed over: a bundle of a
    /// hundred is not to stop the gateway for an old one.
    fn of_file(place: &Place, key: &str, file: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let authorities = match reader.file(file) {
            Ok(text) => authorities(&text),
            Err(error) => Err(format!("cannot be read: {}", error.kind())),
        };
        match authorities {
            Ok((authorities, unusable)) => {
                if let Some((first, why)) = unusable.first() {
                    let count = unusable.len();
                    let message = format!(
                        "`{key}` names `{file}`, of which {count} certificate(s) cannot be used and \
                         vouch for no one: the first is number {first}, {why}"
                    );
                    let help = "renew the file, or take them out of it";
                    reader.warning(place, message, Some(help.into()));
                }
                Some(Self::Only { file: file.to_owned(), authorities: Arc::new(authorities) })
            }
            Err(why) => {
                let help = format!(
                    "let `{key}` name a file of PEM certificates, or leave it out for the system's"
                );
                reader.error(place, format!("`{key}` names `{file}`, which {why}"), Some(help));
                None
            }
        }
    }
}

/// Certificates that cannot be used: their number in the file, and why.
type Unusable = Vec<(usize, String)>;

fn authorities(text: &str) -> Result<(RootCertStore, Unusable), String> {
    let mut store = RootCertStore::empty();
    let mut unusable = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(text.as_bytes()).enumerate() {
        let read = certificate.map_err(|error| error.to_string());
        let added = read.and_then(|it| store.add(it).map_err(|error| error.to_string()));
        unusable.extend(added.err().map(|why| (index + 1, why)));
    }
    match (store.is_empty(), unusable.first()) {
        (false, _) => Ok((store, unusable)),
        (true, Some((number, why))) => Err(format!("is broken at certificate {number}: {why}")),
        (true, None) => Err("holds no certificate".to_owned()),
    }
}

/// As `check` shows it.
impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("of the system's authorities"),
            Self::Only { file, authorities } => {
                write!(f, "of the {} authorities in {file}", authorities.len())
            }
            Self::Unchecked => f.write_str("unchecked"),
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({self})")
    }
}
