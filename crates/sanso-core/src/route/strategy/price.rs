//! What a request costs.

/// What a deployment's tokens cost, in USD per token.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// Of the prompt.
    pub input: f64,
    /// Of the answer.
    pub output: f64,
    /// Of what the prompt has from the provider's cache; `None`: as `input`.
    pub cache_read: Option<f64>,
    /// Of what the prompt adds to it; `None`: as `input`.
    pub cache_write: Option<f64>,
    /// What holds for the whole of a request with a long prompt.
    pub long: Option<LongPrompt>,
}

/// The price of requests whose prompt is longer than so many tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongPrompt {
    /// Longer than this.
    pub from: u64,
    /// Of the prompt.
    pub input: f64,
    /// Of the answer.
    pub output: f64,
}

/// The tokens of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tokens {
    /// Of the whole prompt.
    pub input: f64,
    /// Of these: read from the provider's cache.
    pub cached: f64,
    /// Of the prompt's: written to it.
    pub cache_write: f64,
    /// Of the answer, or expected of it.
    pub output: f64,
}

impl Price {
    /// USD for a request of so many tokens; `None` where that is no sum of money (a price or a count
    /// that is negative, infinite or no number).
    ///
    /// ```
    /// use sanso_core::{Price, Tokens};
    /// let price = Price { input: 2e-6, output: 8e-6, ..Price::default() };
    /// let tokens = Tokens { input: 1000.0, output: 500.0, ..Tokens::default() };
    /// assert_eq!(price.of(tokens), Some(0.006));
    /// ```
    #[must_use]
    pub fn of(&self, tokens: Tokens) -> Option<f64> {
        let long = self.long.filter(|long| tokens.input > long.from as f64);
        let (input, output) =
            long.map_or((self.input, self.output), |long| (long.input, long.output));
        // Providers raise what they charge for cached tokens by as much as for others.
        let raised = if self.input > 0.0 { input / self.input } else { 1.0 };
        let cached = self.cache_read.map_or(input, |price| price * raised);
        let written = self.cache_write.map_or(input, |price| price * raised);
        let parts = [
            (tokens.input - tokens.cached - tokens.cache_write, input),
            (tokens.cached, cached),
            (tokens.cache_write, written),
            (tokens.output, output),
        ];
        let usable = |value: f64| value.is_finite() && value >= 0.0;
        if !parts.iter().all(|(count, price)| usable(*count) && usable(*price)) {
            return None;
        }
        Some(parts.iter().map(|(count, price)| count * price).sum())
            .filter(|sum: &f64| usable(*sum))
    }
}
