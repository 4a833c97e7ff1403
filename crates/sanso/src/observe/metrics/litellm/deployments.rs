//! A deployment as LiteLLM's metrics name it, and its state in LiteLLM's numbers.

use std::sync::atomic::{AtomicBool, Ordering};

use http::Uri;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use sanso_core::{BreakerState, CallEnd, FaultKind};

use super::labels;
use crate::config;

/// See the module.
#[derive(Debug)]
pub(super) struct Named {
    group: String,
    model: String,
    id: String,
    base: String,
    pub(super) provider: String,
    state: Gauge,
    /// Its last call failed.
    ails: AtomicBool,
}

impl Named {
    pub(super) fn new(
        deployment: &config::Deployment,
        states: &Family<labels::Deployment, Gauge>,
    ) -> Self {
        let mut named = Self {
            group: deployment.group.clone(),
            model: deployment.model.clone(),
            id: deployment.id.clone(),
            base: plain(&deployment.api_base),
            provider: deployment.provider.clone(),
            state: Gauge::default(),
            ails: AtomicBool::new(false),
        };
        named.state = states.get_or_create_owned(&named.deployment());
        named
    }

    /// A call of it ended. A client that leaves, and its mistakes, say nothing of the deployment.
    pub(super) fn ended(&self, end: &CallEnd) {
        match end.kind() {
            None if matches!(end, CallEnd::Finished) => self.ails.store(false, Ordering::Relaxed),
            None | Some(FaultKind::Cancelled | FaultKind::BadRequest) => {}
            Some(_) => self.ails.store(true, Ordering::Relaxed),
        }
    }

    /// 0 healthy, 1 failing in part, 2 not called.
    pub(super) fn show(&self, any_gate_shut: bool, breaker: BreakerState) {
        let half = match breaker {
            BreakerState::HalfOpen | BreakerState::Recovering => true,
            BreakerState::Closed | BreakerState::Open => false,
        };
        let ails = half || self.ails.load(Ordering::Relaxed);
        self.state.set(if any_gate_shut { 2 } else { i64::from(ails) });
    }

    pub(super) fn deployment(&self) -> labels::Deployment {
        labels::Deployment {
            litellm_model_name: self.model.clone(),
            model_id: self.id.clone(),
            api_base: self.base.clone(),
            api_provider: self.provider.clone(),
        }
    }

    pub(super) fn cooled_down(&self, exception_status: &'static str) -> labels::CooledDown {
        let labels::Deployment { litellm_model_name, model_id, api_base, api_provider } =
            self.deployment();
        labels::CooledDown {
            litellm_model_name,
            model_id,
            api_base,
            api_provider,
            exception_status,
        }
    }

    pub(super) fn responses(&self, requested: &str) -> labels::Responses {
        labels::Responses {
            requested_model: requested.to_owned(),
            model_group: self.group.clone(),
            litellm_model_name: self.model.clone(),
            model_id: self.id.clone(),
            api_base: self.base.clone(),
            api_provider: self.provider.clone(),
        }
    }

    pub(super) fn overhead(&self) -> labels::Overhead {
        labels::Overhead {
            model_group: self.group.clone(),
            litellm_model_name: self.model.clone(),
            api_base: self.base.clone(),
            api_provider: self.provider.clone(),
        }
    }

    pub(super) fn answers(&self, requested: &str) -> labels::Answers {
        labels::Answers {
            requested_model: requested.to_owned(),
            model: self.model.clone(),
            model_id: self.id.clone(),
            api_provider: self.provider.clone(),
        }
    }
}

/// An address without what may be a secret: who it is asked as, and its query.
fn plain(base: &str) -> String {
    let Ok(uri) = base.parse::<Uri>() else { return String::new() };
    let scheme = uri.scheme_str().unwrap_or("https");
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let path = uri.path().trim_end_matches('/');
    format!("{scheme}://{}{port}{path}", uri.host().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (base, shown) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("http://me:secret@127.0.0.1:8080/v1/?key=secret", "http://127.0.0.1:8080/v1"),
            ("not an address secret", ""),
        ] {
            assert_eq!(plain(base), shown);
        }
    }
}
