//! A deployment as something to send to.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use sanso_core::FaultKind;
use sanso_wire::providers::{self, Auth};
use sanso_wire::{Dialect, Failure};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;

use crate::ask::Asked;
use crate::asking::Asking;
use crate::config::{self, Report};

/// Where and how to call one deployment. Everything that is the same for each call is made once, when
/// the configuration is read.
#[derive(Clone)]
pub(crate) struct Target {
    /// LiteLLM's deployment id.
    pub(crate) id: Arc<str>,
    /// LiteLLM's name of the provider.
    pub(crate) provider: Arc<str>,
    /// The model as the provider knows it.
    pub(crate) model: Arc<str>,
    pub(crate) dialect: Dialect,
    /// What addresses are made of, where the model is known only by the request.
    base: Arc<str>,
    speaks: &'static providers::Provider,
    /// Where plain and streamed calls go.
    pub(crate) plain: Uri,
    pub(crate) stream: Uri,
    /// Content type, credentials, and what the configuration adds. May hold secrets.
    pub(crate) headers: HeaderMap,
    /// Members that the configuration adds to a body which does not set them.
    pub(crate) extra: Vec<(String, Box<RawValue>)>,
    /// What it answers with, in the place of a call.
    pub(crate) mock: Option<Arc<str>>,
    secrets: Arc<[String]>,
}

impl Target {
    /// # Errors
    /// An address or a header that cannot be put into a request.
    pub(crate) fn new(deployment: &config::Deployment) -> Result<Self, Report> {
        let name = &deployment.provider;
        let provider = providers::provider(name)
            .ok_or_else(|| refuse(deployment, format!("the provider `{name}` is not known")))?;
        let uri = |stream| {
            uri(provider, &deployment.api_base, &deployment.model, stream)
                .map_err(|message| refuse(deployment, message))
        };
        let extra = deployment.params.iter().filter_map(|(name, value)| {
            // A JSON value is always JSON text.
            Some((name.clone(), serde_json::value::to_raw_value(value).ok()?))
        });
        Ok(Self {
            id: deployment.id.as_str().into(),
            provider: name.as_str().into(),
            model: deployment.model.as_str().into(),
            dialect: deployment.dialect,
            base: deployment.api_base.as_str().into(),
            speaks: provider,
            plain: uri(false)?,
            stream: uri(true)?,
            headers: headers(deployment, provider.auth)?,
            extra: extra.collect(),
            mock: deployment.mock_response.as_deref().map(Arc::from),
            secrets: secrets(deployment),
        })
    }

    /// Whether its model depends on the request.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.model.contains('*')
    }

    /// The model as the provider knows it, in a request whose wildcard matched `matched`.
    pub(crate) fn model_for(&self, matched: Option<&str>) -> Arc<str> {
        match config::filled(&self.model, matched) {
            Cow::Borrowed(_) => Arc::clone(&self.model),
            Cow::Owned(model) => model.into(),
        }
    }

    /// This deployment with the model that the request's wildcard matched.
    ///
    /// # Errors
    /// A model that cannot stand in an address, as a `BadRequest` of this leg.
    pub(crate) fn for_model(
        target: &Arc<Self>,
        matched: Option<&str>,
    ) -> Result<Arc<Self>, Failure> {
        if !target.is_wildcard() {
            return Ok(Arc::clone(target));
        }
        let model = target.model_for(matched);
        let uri = |stream| {
            uri(target.speaks, &target.base, &model, stream)
                .map_err(|message| Failure::new(FaultKind::BadRequest, message))
        };
        let (plain, stream) = (uri(false)?, uri(true)?);
        Ok(Arc::new(Self { model, plain, stream, ..Self::clone(target) }))
    }

    /// What must not leave the process in a provider's text.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// `provider/model`, as `x-sanso-served-by` shows it.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }

    pub(crate) fn uri(&self, stream: bool) -> Uri {
        if stream { self.stream.clone() } else { self.plain.clone() }
    }

    /// The body for this deployment: the client's bytes where it speaks the client's dialect, a
    /// translation elsewhere.
    ///
    /// # Errors
    /// What the dialect cannot express, as a `BadRequest` of this leg.
    pub(crate) fn body(&self, asked: &Asked, asking: &Asking) -> Result<Bytes, Failure> {
        let envelope = asking.envelope(asked.outgoing(), self.speaks.prefill);
        let body = envelope.body_for(&self.model, &self.extra);
        match self.dialect {
            Dialect::OpenAiChat => Ok(body),
            Dialect::Anthropic | Dialect::Gemini => {
                let request = asked.neutral(&body)?;
                self.dialect.write_request(&request, &self.model).map(Bytes::from)
            }
        }
    }
}

fn uri(
    provider: &providers::Provider,
    base: &str,
    model: &str,
    stream: bool,
) -> Result<Uri, String> {
    let url = providers::endpoint(provider, base, model, stream);
    url.parse().map_err(|error| format!("`{url}` is not a URL: {error}"))
}

fn headers(deployment: &config::Deployment, auth: Auth) -> Result<HeaderMap, Report> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
        .insert(USER_AGENT, HeaderValue::from_static(concat!("sanso/", env!("CARGO_PKG_VERSION"))));
    if deployment.dialect == Dialect::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
    }
    if let Some(key) = &deployment.api_key {
        let key = key.expose_secret();
        let (name, value) = match auth {
            Auth::Bearer | Auth::BearerIfSet => (AUTHORIZATION, format!("Bearer {key}")),
            Auth::XApiKey => (HeaderName::from_static("x-api-key"), key.to_owned()),
            Auth::XGoogApiKey => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
        };
        headers.insert(name, sensitive(deployment, "the key", &value)?);
    }
    for (name, value) in &deployment.headers {
        let what = format!("the header `{name}`");
        let header = HeaderName::try_from(name)
            .map_err(|_| refuse(deployment, format!("{what} is not a header name")))?;
        headers.insert(header, sensitive(deployment, &what, value.expose_secret())?);
    }
    Ok(headers)
}

/// The only version of Anthropic's API that its documentation names as current.
const ANTHROPIC_VERSION: &str = "2023-06-01";

fn sensitive(
    deployment: &config::Deployment,
    what: &str,
    value: &str,
) -> Result<HeaderValue, Report> {
    let mut header = HeaderValue::try_from(value.trim()).map_err(|_| {
        refuse(deployment, format!("{what} holds characters that a header cannot carry"))
    })?;
    header.set_sensitive(true);
    Ok(header)
}

fn secrets(deployment: &config::Deployment) -> Arc<[String]> {
    let headers = deployment.headers.iter().map(|(_, value)| value);
    let secrets = deployment.api_key.iter().chain(headers);
    secrets.map(|secret| secret.expose_secret().to_owned()).collect()
}

fn refuse(deployment: &config::Deployment, message: String) -> Report {
    Report::of_error(format!("the deployment `{}`: {message}", deployment.group))
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("id", &self.id)
            .field("model", &self.label())
            .finish_non_exhaustive()
    }
}
