//! Whether a deployment can do what a request asks, before it is called.
//!
//! A call that would lose something, or that the provider can only refuse, costs time and may end the
//! request: it is known beforehand. What is not known is taken for ability.

/// A set of abilities: those that a request needs, or those that a deployment lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Needs(u8);

impl Needs {
    /// Nothing out of the ordinary.
    pub const NONE: Self = Self(0);
    /// Functions that the model may call.
    pub const TOOLS: Self = Self(1);
    /// An answer that fits a JSON Schema.
    pub const SCHEMA: Self = Self(1 << 1);
    /// Pictures in the prompt.
    pub const IMAGES: Self = Self(1 << 2);
    /// Sound in the prompt.
    pub const AUDIO: Self = Self(1 << 3);
    /// Documents in the prompt.
    pub const FILES: Self = Self(1 << 4);
    /// More than one candidate (`n`).
    pub const SEVERAL: Self = Self(1 << 5);
    /// The probabilities of the answer's tokens.
    pub const LOGPROBS: Self = Self(1 << 6);
    /// To go on from a text that is put into the model's mouth. Few can, so it is no ability unless
    /// it is said, and no group's [`Preflight`] makes up for it.
    pub const CONTINUATION: Self = Self(1 << 7);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::TOOLS, "tools"),
        (Self::SCHEMA, "JSON schema"),
        (Self::IMAGES, "images"),
        (Self::AUDIO, "audio"),
        (Self::FILES, "files"),
        (Self::SEVERAL, "more than one candidate"),
        (Self::LOGPROBS, "logprobs"),
        (Self::CONTINUATION, "continuing a text"),
    ];

    /// Those of both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These where `condition` holds, else none.
    #[must_use]
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    /// Those that are in both sets.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them in words.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(need, _)| !self.common(*need).is_empty())
            .map(|it| it.1)
    }
}

/// What is known of a deployment's abilities. The default knows of no bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What it cannot do.
    pub lacks: Needs,
    /// The longest prompt that it takes, in tokens.
    pub window: Option<u64>,
}

/// Why a deployment cannot do what a request asks. At least one of the two says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// What is needed and missing.
    pub needs: Needs,
    /// The window, in tokens, that the prompt is too long for.
    pub window: Option<u64>,
}

impl Lack {
    /// Whether it is the length of the prompt alone.
    pub(crate) const fn is_window_alone(self) -> bool {
        self.needs.is_empty() && self.window.is_some()
    }
}

/// The estimate of a prompt's tokens is good to a factor of two (escaped text is longer than it
/// reads): only a prompt beyond that is known to be too long.
const ESTIMATE_ERRS_BY: u64 = 2;

impl Capabilities {
    /// What a deployment lacks for a request; `None` where it is able, as far as is known.
    #[must_use]
    pub fn lack(&self, needs: Needs, prompt_tokens: u32) -> Option<Lack> {
        let too_long = |window: &u64| u64::from(prompt_tokens) / ESTIMATE_ERRS_BY > *window;
        let lack = Lack { needs: self.lacks.common(needs), window: self.window.filter(too_long) };
        (lack != Lack::default()).then_some(lack)
    }
}

/// What becomes of a deployment that cannot do what a request asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preflight {
    /// It is passed over, with the reason.
    #[default]
    Skip,
    /// It is called after its able siblings, and the answer carries a warning.
    Warn,
    /// Nobody looks: the provider is to say.
    Off,
}
