//! Who served a request: what the `x-sanso-*` headers say, as a type.

use std::sync::Arc;

pub use sanso_watch::Degradation;

use crate::observe::trail::{self, Attempt};

/// Who served a request, and how it came to that.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Served {
    /// The gateway's name of the request.
    pub request_id: String,
    /// `provider/model` of the deployment that answered; `None` where none did.
    pub served_by: Option<Arc<str>>,
    /// LiteLLM's id of that deployment.
    pub deployment_id: Option<Arc<str>>,
    /// The group that was asked for.
    pub model_group: Arc<str>,
    /// The group whose deployment answered: another one after a fallback.
    pub answering_group: Option<Arc<str>>,
    /// Every call that was made, in order.
    pub attempts: Vec<Attempt>,
    /// Answered by another leg than the one that it was meant for.
    pub fallback: bool,
    /// How much of what was wanted the caller got.
    pub degradation: Degradation,
    /// What was not as it should be, though there is an answer.
    pub warnings: Vec<String>,
    /// USD for the answer, where it is complete and its price is known; of a stream the request log
    /// alone has it.
    pub cost_usd: Option<f64>,
}

impl Served {
    /// The `x-sanso-attempts` header: `openai/gpt-x=529@412ms; ...`.
    #[must_use]
    pub fn attempts_header(&self) -> String {
        trail::header(&self.attempts)
    }

    /// Calls beyond the first of each leg.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.attempts.len().saturating_sub(self.legs())
    }

    /// Legs beyond the first that were called.
    #[must_use]
    pub fn fallbacks(&self) -> usize {
        let first_was_called = self.attempts.first().is_some_and(|attempt| attempt.leg == 0);
        self.legs() - usize::from(first_was_called)
    }

    /// Legs that were called. They come in order.
    fn legs(&self) -> usize {
        let changes = self.attempts.windows(2).filter(|pair| pair[0].leg != pair[1].leg).count();
        changes + usize::from(!self.attempts.is_empty())
    }
}
