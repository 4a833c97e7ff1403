//! A cause in words: `because ...`, and what to do.

use super::{Cause, CauseCode, Others};
use crate::kind::Kind;

impl Cause {
    fn provider(&self) -> &str {
        self.provider.as_deref().unwrap_or("the provider")
    }

    /// `because ...`.
    #[must_use]
    pub fn why(&self) -> String {
        let provider = self.provider();
        let model = self.model.as_deref().unwrap_or("the model");
        match self.code {
            CauseCode::RateSteady => format!("because {provider} rate-limits it"),
            CauseCode::RateBurst => format!("because bursts run into {provider}'s rate limit"),
            CauseCode::ProviderIncident if self.kind == Some(Kind::Overloaded.into()) => {
                format!("because {provider} is overloaded")
            }
            CauseCode::ProviderIncident => format!("because {provider} is failing"),
            CauseCode::Network => match &self.provider {
                Some(only) => format!("because {only} cannot be reached"),
                None => "because no provider can be reached".to_owned(),
            },
            CauseCode::Latency => format!("because {provider}'s first token takes too long"),
            CauseCode::Authentication => match &self.key_name {
                Some(key) => format!("because {provider} refuses the key {key}"),
                None => format!("because {provider} refuses its key"),
            },
            CauseCode::Quota => format!("because the {provider} account has no credit left"),
            CauseCode::NotFound => format!("because {provider} no longer offers {model}"),
            CauseCode::Soft => {
                let reason =
                    self.soft_reason().map_or(String::new(), |r| format!(" ({})", r.words()));
                format!("because {model}'s answers fail their check{reason}")
            }
            CauseCode::Context => format!("because prompts are longer than {model}'s window"),
            CauseCode::Policy => format!("because {provider}'s filter refuses it"),
            CauseCode::Forced => "because an operator forced its breaker open".to_owned(),
            CauseCode::Mixed if self.kind.is_none() => "for a reason that is no fault".to_owned(),
            CauseCode::Mixed => "for several reasons, none above half".to_owned(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        let provider = self.provider();
        match self.code {
            CauseCode::RateSteady => format!(
                "Raise the {provider} plan or add a deployment: the limit is too small for this \
                 load, and the fallback is papering over it."
            ),
            CauseCode::RateBurst => {
                "Spread the load or queue it: on average the plan is large enough.".to_owned()
            }
            CauseCode::ProviderIncident => match self.other_providers {
                Others::Fine => format!(
                    "Nothing to change: this is an incident at {provider}, the other providers \
                     are fine."
                ),
                Others::Failing => format!(
                    "Look at the other providers, too: this is an incident at {provider}, and it \
                     is not the only one that fails."
                ),
                Others::Unknown => format!(
                    "Look at {provider}'s status: this is an incident there, and no other provider \
                     was asked enough to compare."
                ),
            },
            CauseCode::Network => {
                let first = "Look at our own network first: DNS, proxy, egress rules";
                match &self.provider {
                    Some(only) => format!("{first}; then at {only}."),
                    None => format!("{first}."),
                }
            }
            CauseCode::Latency => format!(
                "Put another region in front, or raise the first-token limit: latency regression \
                 at {provider}."
            ),
            CauseCode::Authentication => {
                "Replace the key and restart: it was revoked or lacks a permission.".to_owned()
            }
            CauseCode::Quota => match self.resets_at {
                Some(at) => format!("Top up or raise the spend cap (resets {at})."),
                None => "Top up or raise the spend cap.".to_owned(),
            },
            CauseCode::NotFound => "Name a current model and restart.".to_owned(),
            CauseCode::Soft => {
                "Change the order of the legs: the model is too weak for this task.".to_owned()
            }
            CauseCode::Context => {
                "Put a leg with a larger window first, or shorten the prompts.".to_owned()
            }
            CauseCode::Policy => {
                "Look at the requests: only `content_policy_fallbacks` apply.".to_owned()
            }
            CauseCode::Forced => "Release it when the reason is gone.".to_owned(),
            CauseCode::Mixed => "Look at the requests.".to_owned(),
        }
    }
}
