//! Which requests are looked for: `GET /admin/requests`. The live list and the history answer the
//! same question in the same way.

use std::sync::Arc;

use sanso_watch::{Degradation, Finished, Kind};

/// What a request must be to be shown. Whatever is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// How many are wanted, newest first.
    pub limit: u64,
    /// Only those before this request: where the last page ended.
    pub before: Option<Arc<str>>,
    /// Words, all of which must be in it, whatever their case: in a name, an id, a kind of fault or a
    /// level of degradation. `kind:RateLimited` is a word that means a kind of fault alone.
    pub q: Option<String>,
    /// The group that was asked for.
    pub model_group: Option<Arc<str>>,
    /// How well it was answered.
    pub degradation: Option<Degradation>,
    /// A kind of fault on its way.
    pub kind: Option<Kind>,
}

impl RequestFilter {
    /// Whether a request is one of those looked for; its place in the list does not matter here.
    #[must_use]
    pub fn matches(&self, request: &Finished) -> bool {
        self.model_group.as_ref().is_none_or(|group| *group == request.model_group)
            && self.degradation.is_none_or(|degradation| degradation == request.degradation)
            && self.kind.is_none_or(|kind| failed_by(request, kind))
            && self.words().all(|word| has_word(request, word))
    }

    /// Only requests that went wrong in some way can match: not answered in full, or with a fault or
    /// a soft fault on the way. Whoever keeps those apart need not look at the others.
    #[must_use]
    pub fn only_eventful(&self) -> bool {
        self.kind.is_some()
            || self.degradation.is_some_and(|degradation| degradation != Degradation::Full)
            || self.words().any(|word| kind_word(word).is_some())
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.q.iter().flat_map(|q| q.split_whitespace())
    }
}

fn failed_by(request: &Finished, kind: Kind) -> bool {
    request.attempts.iter().any(|attempt| attempt.outcome.kind() == Some(kind))
        || (kind == Kind::Soft && request.soft.is_some())
}

/// The kind of `kind:RateLimited`.
fn kind_word(word: &str) -> Option<&str> {
    word.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case("kind")).map(|(_, kind)| kind)
}

fn has_word(request: &Finished, word: &str) -> bool {
    if let Some(kind) = kind_word(word) {
        return Kind::parse(kind).is_some_and(|kind| failed_by(request, kind));
    }
    let word = word.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&word);
    let held = |name: &Option<Arc<str>>| name.as_deref().is_some_and(holds);
    holds(&request.request_id)
        || holds(&request.model_group)
        || holds(request.degradation.as_str())
        || [&request.task, &request.provider, &request.model, &request.deployment]
            .into_iter()
            .any(held)
        || request.soft.is_some_and(|soft| holds("soft") || holds(soft.words()))
        || request.attempts.iter().any(|attempt| {
            holds(&attempt.deployment)
                || holds(&attempt.provider)
                || holds(&attempt.model)
                || attempt.outcome.kind().is_some_and(|kind| holds(kind.as_str()))
        })
}
