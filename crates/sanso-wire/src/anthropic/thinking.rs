//! `reasoning_effort` to Anthropic's `thinking` and `output_config.effort`, and the token limit
//! that thought and answer share.

use serde::Serialize;

use super::DEFAULT_MAX_TOKENS;
use super::model::{Model, Thinking};
use crate::ir::Effort;

/// The least that the API accepts for `budget_tokens`.
const LEAST_BUDGET: u64 = 1024;

/// The `thinking` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Mode {
    Adaptive {
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    Enabled {
        budget_tokens: u64,
    },
    Disabled,
}

/// How much to think, in the terms of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) mode: Option<Mode>,
    pub(super) effort: Option<&'static str>,
    pub(super) max_tokens: u64,
}

/// What in the request keeps the model from thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Obstacles {
    /// A tool call is forced, which no model can do and think. The call is the shape of the answer,
    /// so it wins.
    pub(super) forced_call: bool,
    /// The conversation goes on from an assistant's turn that does not show the thought it began
    /// with. With a budget, the API refuses that.
    pub(super) unproven_turn: bool,
}

impl Plan {
    /// The plan for `effort` on `model`, where the client limits the answer to `limit` tokens.
    pub(super) fn new(
        effort: Option<Effort>,
        model: Model,
        limit: Option<u64>,
        obstacles: Obstacles,
    ) -> Self {
        let silent = Self::silent(limit);
        match (effort, model.thinking()) {
            (None, _) | (Some(_), Thinking::Never) => silent,
            // Both think only when told to.
            (Some(Effort::None), Thinking::Budget | Thinking::Adaptive { current: false }) => {
                silent
            }
            (Some(Effort::None), Thinking::Adaptive { current: true })
                if !model.always_thinks() =>
            {
                Self { mode: Some(Mode::Disabled), ..silent }
            }
            (Some(effort), Thinking::Budget) => Self::budgeted(effort, limit, obstacles),
            (Some(effort), Thinking::Adaptive { current }) => {
                Self::adaptive(effort, current, limit, obstacles)
            }
        }
    }

    fn silent(limit: Option<u64>) -> Self {
        Self { mode: None, effort: None, max_tokens: limit.unwrap_or(DEFAULT_MAX_TOKENS) }
    }

    fn budgeted(effort: Effort, limit: Option<u64>, obstacles: Obstacles) -> Self {
        if obstacles.forced_call || obstacles.unproven_turn {
            return Self::silent(limit);
        }
        let (budget_tokens, max_tokens) = share(limit, tokens(effort));
        Self { mode: Some(Mode::Enabled { budget_tokens }), effort: None, max_tokens }
    }

    fn adaptive(effort: Effort, current: bool, limit: Option<u64>, obstacles: Obstacles) -> Self {
        let level = Some(level(effort, current));
        if obstacles.forced_call {
            return Self { effort: level, ..Self::silent(limit) };
        }
        // What older models show unasked; their callers expect to see it.
        let display = current.then_some("summarized");
        let max_tokens = limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS + tokens(effort));
        Self { mode: Some(Mode::Adaptive { display }), effort: level, max_tokens }
    }

    /// Whether the model will think, and so takes no sampling parameters.
    pub(super) fn thinks(&self) -> bool {
        match self.mode {
            Some(Mode::Adaptive { .. } | Mode::Enabled { .. }) => true,
            Some(Mode::Disabled) | None => false,
        }
    }
}

/// The level of `output_config.effort`. Where one is missing, the next lower: nobody pays for more
/// than was asked.
fn level(effort: Effort, current: bool) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh if current => "xhigh",
        Effort::XHigh => "high",
        Effort::Max => "max",
    }
}

/// Tokens for a thought, doubling with each level from the least that is accepted.
fn tokens(effort: Effort) -> u64 {
    match effort {
        Effort::None => 0,
        Effort::Minimal | Effort::Low => LEAST_BUDGET,
        Effort::Medium => 2 * LEAST_BUDGET,
        Effort::High => 4 * LEAST_BUDGET,
        Effort::XHigh => 8 * LEAST_BUDGET,
        Effort::Max => 16 * LEAST_BUDGET,
    }
}

/// The `budget_tokens` and `max_tokens` for a thought of `wanted` tokens.
///
/// `max_tokens` counts both thought and answer, as OpenAI's `max_completion_tokens` does. So the
/// client's limit stands, and a thought gets at most half of it; only a limit too small for any
/// thought is raised, by what the thought takes.
fn share(limit: Option<u64>, wanted: u64) -> (u64, u64) {
    let Some(limit) = limit else { return (wanted, DEFAULT_MAX_TOKENS + wanted) };
    let budget = wanted.min(limit / 2).max(LEAST_BUDGET);
    let max_tokens = if limit > budget { limit } else { limit.saturating_add(budget) };
    (budget, max_tokens)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EFFORTS: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];

    proptest! {
        #[test]
        fn a_budget_is_within_what_the_api_accepts(
            effort in proptest::sample::select(&EFFORTS[1..]),
            limit in proptest::option::of(1..=u64::from(u32::MAX)),
        ) {
            let model = Model::named("claude-opus-4-5");
            let plan = Plan::new(Some(effort), model, limit, Obstacles::default());
            let Some(Mode::Enabled { budget_tokens }) = plan.mode else { panic!("{plan:?}") };
            prop_assert!(1024 <= budget_tokens && budget_tokens < plan.max_tokens);
            // A limit that leaves room for a thought is the client's word.
            if let Some(limit) = limit && limit > 1024 {
                prop_assert_eq!(plan.max_tokens, limit);
            }
        }
    }

    #[test]
    fn nothing_is_said_where_no_effort_is_asked() {
        for model in
            ["claude-3-opus-20240229", "claude-opus-4-5", "claude-opus-4-6", "claude-opus-5"]
        {
            let plan = Plan::new(None, Model::named(model), Some(7), Obstacles::default());
            assert_eq!(plan, Plan { mode: None, effort: None, max_tokens: 7 }, "{model}");
        }
    }

    #[test]
    fn levels_never_exceed_what_was_asked() {
        let levels = |current| EFFORTS.map(|effort| level(effort, current));
        assert_eq!(levels(true), ["low", "low", "low", "medium", "high", "xhigh", "max"]);
        assert_eq!(levels(false), ["low", "low", "low", "medium", "high", "high", "max"]);
    }
}
