//! The three providers of the demonstration, and the configuration of a gateway in front of them.

use std::io;

use sanso_core::Duration;

use super::story::{Act, Change, Role};
use crate::provider::{Pace, Provider, Setup, Vendor};
use crate::traffic::Traffic;

/// The model group that the traffic asks for.
const GROUP: &str = "main-model";
const FALLBACK_GROUP: &str = "fallback-gpt";
const LAST_GROUP: &str = "fallback-gemini";

/// How much time the demonstration takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tempo {
    /// About a minute and a half, for people to follow.
    Full,
    /// Half a minute, for a look or a test. Cooldown and waits are shorter, too.
    Fast,
}

impl Tempo {
    /// One of two numbers of seconds.
    pub(super) const fn pick(self, full: u64, fast: u64) -> Duration {
        match self {
            Self::Full => Duration::from_secs(full),
            Self::Fast => Duration::from_secs(fast),
        }
    }

    /// The busier the traffic, the sooner there are enough calls to judge by.
    const fn requests_per_second(self) -> u32 {
        match self {
            Self::Full => 10,
            Self::Fast => 25,
        }
    }
}

/// A primary, played by Anthropic, and its fallbacks, played by OpenAI and Gemini.
#[derive(Debug)]
pub struct Stage {
    /// The first leg.
    pub primary: Provider,
    /// The leg after it.
    pub fallback: Provider,
    /// The leg after that.
    pub last: Provider,
    tempo: Tempo,
}

impl Stage {
    /// Starts them, healthy.
    ///
    /// # Errors
    /// If no ports can be had.
    pub async fn start(tempo: Tempo) -> io::Result<Self> {
        let setup = |vendor, seed| Setup { seed, pace: Pace::BRISK, ..Setup::new(vendor) };
        Ok(Self {
            primary: Provider::start_with(setup(Vendor::Anthropic, 1)).await?,
            fallback: Provider::start_with(setup(Vendor::OpenAi, 2)).await?,
            last: Provider::start_with(setup(Vendor::Gemini, 3)).await?,
            tempo,
        })
    }

    /// The `config.yaml` of a gateway in front of them.
    #[must_use]
    pub fn config(&self) -> String {
        let entry = |group: &str, provider: &Provider| {
            format!(
                "  - model_name: {group}\n    litellm_params:\n      model: {}\n      api_base: \
                 {}\n      api_key: simulated\n",
                deployment(provider.vendor()),
                provider.base_url(),
            )
        };
        format!(
            "model_list:\n{}{}{}litellm_settings:\n  num_retries: 2\n  request_timeout: 30\n  \
             cooldown_time: {}\n  fallbacks:\n    - {GROUP}: [{FALLBACK_GROUP}, \
             {LAST_GROUP}]\nsanso: {{history: off}}\n",
            entry(GROUP, &self.primary),
            entry(FALLBACK_GROUP, &self.fallback),
            entry(LAST_GROUP, &self.last),
            self.tempo.pick(5, 1).as_secs(),
        )
    }

    /// Traffic for a gateway with that configuration, which serves `/chat/completions` under
    /// `base_url`.
    #[must_use]
    pub fn traffic(&self, base_url: impl Into<String>) -> Traffic {
        Traffic { per_second: self.tempo.requests_per_second(), ..Traffic::new(base_url, GROUP) }
    }

    /// Makes a change of the story.
    pub fn act(&self, act: &Act) {
        let provider = match act.who {
            Role::Primary => &self.primary,
            Role::Fallback => &self.fallback,
            Role::Last => &self.last,
        };
        match &act.change {
            Change::Becomes(behaviour) => provider.set(behaviour.clone()),
            Change::Next(calls, behaviour) => provider.fail_next(*calls, behaviour.clone()),
        }
    }
}

fn deployment(vendor: Vendor) -> String {
    format!("{}/{}", vendor.name(), vendor.model())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_configuration_names_the_providers_and_the_way_between_them() {
        let stage = Stage::start(Tempo::Fast).await.unwrap();
        let expected = format!(
            "\
model_list:
  - model_name: main-model
    litellm_params:
      model: anthropic/claude-sonnet-4-6
      api_base: http://{}
      api_key: simulated
  - model_name: fallback-gpt
    litellm_params:
      model: openai/gpt-4.1
      api_base: http://{}/v1
      api_key: simulated
  - model_name: fallback-gemini
    litellm_params:
      model: gemini/{}
      api_base: http://{}/v1beta
      api_key: simulated
litellm_settings:
  num_retries: 2
  request_timeout: 30
  cooldown_time: 1
  fallbacks:
    - main-model: [fallback-gpt, fallback-gemini]
sanso: {{history: off}}
",
            stage.primary.address(),
            stage.fallback.address(),
            Vendor::Gemini.model(),
            stage.last.address(),
        );
        assert_eq!(stage.config(), expected);
    }
}
