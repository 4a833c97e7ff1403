//! What a model takes, by the version in its name.
//!
//! The API has no way to ask, and answers 400 to a parameter that a model does not take. The rules
//! are those of Anthropic's migration guides and hold for whole generations, so that the next model
//! needs no entry here. A name without a version is another vendor's model behind this API: those
//! keep to the oldest form of it.

/// A model's abilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// Major and minor.
    version: Option<(u8, u8)>,
    always_thinks: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot (before 3.7).
    Never,
    /// `thinking.type: "enabled"` with a number of tokens (up to 4.5).
    Budget,
    /// `thinking.type: "adaptive"` and `output_config.effort`.
    Adaptive {
        /// The level `xhigh` exists, thinking may be on by default, and its text is left out unless
        /// asked for (from 4.7).
        current: bool,
    },
}

impl Model {
    /// Reads a name in any provider's spelling: `claude-opus-4-8`, `claude-3-7-sonnet@20250219`,
    /// `anthropic/claude-haiku-4.5`, `us.anthropic.claude-sonnet-4-20250514-v1:0`.
    pub(super) fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some(start) = name.find("claude") else {
            return Self { version: None, always_thinks: false };
        };
        let mut words = name[start..].split(|c: char| !c.is_ascii_alphanumeric());
        let version = words
            .find_map(version_part)
            .map(|major| (major, words.next().and_then(version_part).unwrap_or(0)));
        let has = |family: &str| name.contains(family);
        let always_thinks = has("fable")
            || has("mythos")
            || (version >= Some((5, 5)) && (has("opus") || has("sonnet")));
        Self { version, always_thinks }
    }

    /// How it is told to think.
    pub(super) fn thinking(self) -> Thinking {
        match self.version {
            None => Thinking::Budget,
            Some(version) if version < (3, 7) => Thinking::Never,
            Some(version) if version < (4, 6) => Thinking::Budget,
            Some(version) => Thinking::Adaptive { current: version >= (4, 7) },
        }
    }

    /// Whether it refuses to be told not to think.
    pub(super) fn always_thinks(self) -> bool {
        self.always_thinks
    }

    /// Whether `temperature` and `top_p` may be set at all.
    pub(super) fn takes_sampling(self) -> bool {
        self.version.is_none_or(|version| version < (4, 7))
    }

    /// Whether they may be set together.
    pub(super) fn takes_both_samplings(self) -> bool {
        self.version.is_none_or(|version| version < (4, 1))
    }
}

/// A part of a version, which a date (`20250514`) is not.
fn version_part(word: &str) -> Option<u8> {
    if word.len() > 2 { None } else { word.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_every_spelling() {
        for (name, version) in [
            ("claude-opus-4-8", Some((4, 8))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-3-7-sonnet@20250219", Some((3, 7))),
            ("claude-3-opus-20240229", Some((3, 0))),
            ("claude-3-5-haiku-latest", Some((3, 5))),
            ("anthropic/claude-haiku-4.5", Some((4, 5))),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", Some((4, 0))),
            ("Claude-Sonnet-4-6", Some((4, 6))),
            ("claude-instant-1.2", Some((1, 2))),
            ("claude-mythos-preview", None),
            ("deepseek-v4", None),
            ("", None),
        ] {
            assert_eq!(Model::named(name).version, version, "{name}");
        }
    }

    #[test]
    fn each_generation_thinks_in_its_own_way() {
        for (name, thinking) in [
            ("claude-3-5-sonnet-20241022", Thinking::Never),
            ("claude-3-7-sonnet-latest", Thinking::Budget),
            ("claude-opus-4-5", Thinking::Budget),
            ("kimi-k3", Thinking::Budget),
            ("claude-sonnet-4-6", Thinking::Adaptive { current: false }),
            ("claude-opus-4-7", Thinking::Adaptive { current: true }),
            ("claude-fable-5", Thinking::Adaptive { current: true }),
            ("claude-opus-12-1", Thinking::Adaptive { current: true }),
        ] {
            assert_eq!(Model::named(name).thinking(), thinking, "{name}");
        }
    }

    #[test]
    fn some_models_cannot_be_told_not_to_think() {
        for (name, always) in [
            ("claude-opus-5", false),
            ("claude-haiku-5-5", false),
            ("claude-opus-5-5", true),
            ("claude-sonnet-5-5", true),
            ("claude-fable-5", true),
            ("claude-mythos-5", true),
            ("claude-sonnet-4-5", false),
        ] {
            assert_eq!(Model::named(name).always_thinks(), always, "{name}");
        }
    }
}
