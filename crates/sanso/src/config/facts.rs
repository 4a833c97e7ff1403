//! What a deployment costs, how good it is and how long a prompt it takes: by the file, else by the
//! catalogue.

use sanso_core::Price;

use super::reader::{Reader, Table};
use super::types::Deployment;
use crate::catalogue;

/// What the file says, in LiteLLM's keys (USD per token).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    quality: Option<f64>,
}

impl Said {
    /// What `litellm_params` or `model_info` says.
    pub(super) fn read(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut price = |key| table.take(key).and_then(|field| field.number(reader));
        Self {
            input: price("input_cost_per_token"),
            output: price("output_cost_per_token"),
            cache_read: price("cache_read_input_token_cost"),
            cache_write: price("cache_creation_input_token_cost"),
            quality: None,
        }
    }

    /// What `model_info` says: the score, too.
    pub(super) fn read_info(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Self {
        let quality = table.take("quality").and_then(|field| {
            let score = field.number(reader)?;
            if score <= 100.0 { Some(score) } else { field.wrong(reader, "a number from 0 to 100") }
        });
        Self { quality, ..Self::read(table, reader) }
    }

    /// This, and below it what it does not say.
    pub(super) fn over(self, lower: Self) -> Self {
        Self {
            input: self.input.or(lower.input),
            output: self.output.or(lower.output),
            cache_read: self.cache_read.or(lower.cache_read),
            cache_write: self.cache_write.or(lower.cache_write),
            quality: self.quality.or(lower.quality),
        }
    }

    /// Puts into a deployment what is said of it, and what the catalogue knows beside that. `local`: its
    /// server is the operator's own by nature, and sends no bills.
    pub(super) fn tell(self, deployment: &mut Deployment, local: bool) {
        deployment.quality = self.quality;
        let known = catalogue::find(&deployment.provider, &deployment.model);
        let free = local.then(Price::default);
        let listed = known.and_then(|model| model.price).or(free);
        deployment.price = self.price(listed);
        complete(deployment);
    }

    /// A price of the file's own holds for prompts of any length.
    fn price(self, listed: Option<Price>) -> Option<Price> {
        let input = self.input.or(listed.map(|price| price.input))?;
        let output = self.output.or(listed.map(|price| price.output))?;
        let is_own = self.input.is_some() || self.output.is_some();
        let listed = listed.unwrap_or_default();
        let cached = |said: Option<f64>, listed: Option<f64>| said.or(listed.filter(|_| !is_own));
        Some(Price {
            input,
            output,
            cache_read: cached(self.cache_read, listed.cache_read),
            cache_write: cached(self.cache_write, listed.cache_write),
            long: listed.long.filter(|_| !is_own),
        })
    }
}

/// Fills in from the catalogue what nothing says of a deployment, once its model is known.
pub(super) fn complete(deployment: &mut Deployment) {
    let known = catalogue::find(&deployment.provider, &deployment.model);
    let window = known.and_then(|model| model.window);
    deployment.price = deployment.price.or(known.and_then(|model| model.price));
    deployment.max_input_tokens = deployment.max_input_tokens.or(window);
    deployment.quality = deployment.quality.or_else(|| catalogue::quality(&deployment.model));
}
