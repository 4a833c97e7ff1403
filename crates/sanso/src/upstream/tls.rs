//! TLS towards providers: whom we believe, and in words why we do not.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::config::Trust;

/// TLS 1.2 and 1.3, certificates checked as the configuration says.
///
/// # Errors
/// The compiled-in cryptography knows neither version, which a build cannot bring about.
pub(super) fn client(trust: &Trust) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    let checked = match trust {
        // The compiled-in ones where there are none (a scratch image).
        Trust::System => match builder()?.with_native_roots() {
            Ok(builder) => builder,
            Err(_) => builder()?.with_webpki_roots(),
        },
        Trust::Only { authorities, .. } => {
            builder()?.with_root_certificates(Arc::clone(authorities))
        }
        Trust::Unchecked => builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(Arc::clone(&provider)))),
    };
    Ok(checked.with_no_client_auth())
}

/// What is wrong with a provider's TLS, if that is what `error` tells of.
pub(super) fn complaint(error: &(dyn StdError + 'static)) -> Option<String> {
    // An `io::Error` names as its source not what it wraps, but the source of that.
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return complaint(wrapped);
    }
    let error = error.downcast_ref::<Error>()?;
    let what = match error {
        Error::InvalidCertificate(why) => return Some(certificate(why)),
        // A server that answers in plain text, most often.
        Error::InvalidMessage(_) => "what it sends is no TLS".to_owned(),
        Error::AlertReceived(alert) => format!("it broke off the TLS handshake: {alert:?}"),
        other => other.to_string(),
    };
    Some(what)
}

fn certificate(why: &CertificateError) -> String {
    let what = match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::UnknownIssuer => {
            "is vouched for by no authority that is trusted here (see `ssl_verify`)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        CertificateError::Revoked => "was revoked",
        CertificateError::BadSignature => "has a bad signature",
        other => return format!("its certificate is not valid: {other}"),
    };
    format!("its certificate {what}")
}

/// `ssl_verify: false`: any certificate will do, as long as its owner holds the key to it.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
