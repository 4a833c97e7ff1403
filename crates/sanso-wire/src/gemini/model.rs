//! What a model's name says about the parameters that it takes.

use serde::Serialize;

use crate::ir::Effort;

/// A model, as far as its name tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'a> {
    name: &'a str,
    generation: Generation,
}

/// The generations that differ in what they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// Before 2.5, and what is no Gemini: does not think, or cannot be told how long.
    Older,
    /// Thinks for a budget of tokens.
    TwoFive,
    /// Thinks on a level, wants its thought signatures back, takes media in a function's result.
    Three,
}

impl<'a> Model<'a> {
    pub(super) fn named(name: &'a str) -> Self {
        let generation = match version(name) {
            Some((major, _)) if major >= 3 => Generation::Three,
            Some((2, minor)) if minor >= 5 => Generation::TwoFive,
            Some(_) => Generation::Older,
            // `gemini-flash-latest` and its like follow the newest models.
            None if name.contains("gemini-") && name.ends_with("-latest") => Generation::Three,
            None => Generation::Older,
        };
        Self { name, generation }
    }

    /// Whether a function call in the history without its `thoughtSignature` is refused.
    ///
    /// Source: Gemini API, *Thought signatures*.
    pub(super) fn wants_signatures(self) -> bool {
        self.generation == Generation::Three
    }

    /// Whether `functionResponse.parts` may carry media.
    ///
    /// Source: Gemini API, *Function calling*, multimodal function responses.
    pub(super) fn takes_media_in_results(self) -> bool {
        self.generation == Generation::Three
    }

    /// How to ask for `effort`; `None` for a model that cannot be told.
    pub(super) fn thinking(self, effort: Effort) -> Option<ThinkingConfig> {
        let (thinking_budget, thinking_level) = match self.generation {
            Generation::Older => return None,
            Generation::TwoFive => (Some(self.budget(effort)), None),
            Generation::Three => (None, Some(self.level(effort))),
        };
        let include_thoughts = effort != Effort::None;
        Some(ThinkingConfig { include_thoughts, thinking_budget, thinking_level })
    }

    /// Tokens to think for, by the table of Google's own OpenAI-compatible endpoint, kept within each
    /// model's range: 2.5 Pro takes 128 to 32,768 and cannot be told not to think, Flash 0 to 24,576,
    /// Flash-Lite 0 or 512 to 24,576.
    fn budget(self, effort: Effort) -> u32 {
        match effort {
            Effort::None if self.is_pro() => 128,
            Effort::None => 0,
            Effort::Minimal => 512,
            Effort::Low => 1024,
            Effort::Medium => 8192,
            Effort::XHigh | Effort::Max if self.is_pro() => 32_768,
            Effort::High | Effort::XHigh | Effort::Max => 24_576,
        }
    }

    /// The nearest level that the model has: Pro models have no `MINIMAL`, and 3.0 Pro has but `LOW`
    /// and `HIGH`. None can be told not to think, and none is documented to go beyond `HIGH`.
    fn level(self, effort: Effort) -> Level {
        match effort {
            Effort::None | Effort::Minimal if self.is_pro() => Level::Low,
            Effort::None | Effort::Minimal => Level::Minimal,
            Effort::Low => Level::Low,
            Effort::Medium if self.is_pro() && version(self.name) == Some((3, 0)) => Level::High,
            Effort::Medium => Level::Medium,
            Effort::High | Effort::XHigh | Effort::Max => Level::High,
        }
    }

    fn is_pro(self) -> bool {
        self.name.split('-').any(|word| word == "pro")
    }
}

/// Major and minor version in a name such as `models/gemini-2.5-flash` or `gemini-3-pro-preview`.
fn version(name: &str) -> Option<(u32, u32)> {
    let (_, rest) = name.split_once("gemini-")?;
    let number = rest.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `generationConfig.thinkingConfig`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    include_thoughts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Level {
    Minimal,
    Low,
    Medium,
    High,
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn generations_by_name() {
        for (name, generation) in [
            ("gemini-1.5-pro-002", Generation::Older),
            ("gemini-2.0-flash-thinking-exp-01-21", Generation::Older),
            ("gemini-2.5-flash", Generation::TwoFive),
            ("models/gemini-2.5-pro-preview-05-06", Generation::TwoFive),
            ("gemini-3-pro-preview", Generation::Three),
            ("gemini-3.1-flash-lite", Generation::Three),
            ("gemini-10.2-pro", Generation::Three),
            ("gemini-flash-lite-latest", Generation::Three),
            ("gemini-1.5-flash-latest", Generation::Older),
            ("gemini-robotics-er", Generation::Older),
            ("gemma-3-27b-it", Generation::Older),
            ("", Generation::Older),
        ] {
            assert_eq!(Model::named(name).generation, generation, "{name}");
        }
    }

    #[test]
    fn budgets_of_2_5() {
        let budgets = |name| EFFORTS.map(|effort| Model::named(name).budget(effort));
        assert_eq!(budgets("gemini-2.5-flash"), [0, 512, 1024, 8192, 24576, 24576, 24576]);
        assert_eq!(budgets("gemini-2.5-pro"), [128, 512, 1024, 8192, 24576, 32768, 32768]);
    }

    #[test]
    fn levels_of_3() {
        use Level::{High, Low, Medium, Minimal};
        let levels = |name| EFFORTS.map(|effort| Model::named(name).level(effort));
        assert_eq!(
            levels("gemini-3-flash-preview"),
            [Minimal, Minimal, Low, Medium, High, High, High]
        );
        assert_eq!(levels("gemini-3.1-pro-preview"), [Low, Low, Low, Medium, High, High, High]);
        assert_eq!(levels("gemini-3-pro-preview"), [Low, Low, Low, High, High, High, High]);
    }

    #[test]
    fn thoughts_are_asked_for_unless_there_shall_be_none() {
        let thoughts = |effort| {
            Model::named("gemini-2.5-flash").thinking(effort).map(|config| config.include_thoughts)
        };
        assert_eq!(thoughts(Effort::None), Some(false));
        assert_eq!(thoughts(Effort::Low), Some(true));
        assert_eq!(Model::named("gemini-2.0-flash").thinking(Effort::High), None);
    }
}
