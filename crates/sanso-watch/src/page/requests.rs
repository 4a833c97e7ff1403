//! `GET /admin/requests`: the last requests, and one by its id.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::{Degradation, Finished};
use crate::kind::Kind;

/// The last requests, oldest first. With 3 kB for one of four attempts, a thousand are 3 MB.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    requests: VecDeque<Arc<Finished>>,
    len: usize,
}

/// Which requests to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At most so many; `None` means 50.
    pub limit: Option<usize>,
    /// Only what ended before the request with this id.
    pub before: Option<String>,
    /// Words of which all must be found, whatever their case: in the ids and names of the request and
    /// of its attempts, its degradation, its kinds of fault, `fallback` and `soft`.
    /// `kind:RateLimited` asks for a kind alone.
    pub q: Option<String>,
    /// Only this group.
    pub model_group: Option<String>,
    /// Only this degradation.
    pub degradation_level: Option<Degradation>,
    /// Only those on whose way such a fault was.
    pub kind: Option<Kind>,
}

/// What a filter lets through, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// The requests; [`Finished::row`] is what is shown of one.
    pub requests: Vec<Arc<Finished>>,
    /// There are older ones that it lets through.
    pub has_more: bool,
}

const LIMIT: usize = 50;
const LONGEST: usize = 1000;

impl Ring {
    pub(crate) const fn new(len: usize) -> Self {
        Self { requests: VecDeque::new(), len }
    }

    pub(crate) fn push(&mut self, request: Arc<Finished>) {
        if self.requests.len() >= self.len {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Finished>> {
        self.requests.iter().rev().find(|request| &*request.request_id == id)
    }

    /// What is before an id that is no longer here is not here either.
    pub(crate) fn recent(&self, filter: &Filter) -> Recent {
        let end = match &filter.before {
            None => self.requests.len(),
            Some(id) => {
                let place = self.requests.iter().rposition(|r| *r.request_id == **id);
                place.unwrap_or(0)
            }
        };
        let limit = filter.limit.unwrap_or(LIMIT).clamp(1, LONGEST);
        let mut found = self.requests.range(..end).rev().filter(|request| filter.takes(request));
        let requests = found.by_ref().take(limit).cloned().collect();
        Recent { requests, has_more: found.next().is_some() }
    }
}

impl Filter {
    /// Whether a request is shown. The order and `before` are the store's.
    #[must_use]
    pub fn takes(&self, request: &Finished) -> bool {
        let has_kind = |kind| {
            let mut kinds = request.attempts.iter().filter_map(|a| a.outcome.kind());
            // What was wrong with an answer that was given all the same is no fault of an attempt.
            kinds.any(|own| own == kind) || (kind == Kind::Soft && request.soft.is_some())
        };
        self.model_group.as_ref().is_none_or(|group| *request.model_group == **group)
            && self.degradation_level.is_none_or(|level| level == request.degradation)
            && self.kind.is_none_or(has_kind)
            && self.q.as_ref().is_none_or(|q| {
                q.split_whitespace().all(|word| match word.strip_prefix("kind:") {
                    Some(kind) => Kind::parse(kind).is_some_and(has_kind),
                    None => says(request, &word.to_lowercase()),
                })
            })
    }
}

/// Whether a word stands in what is shown of a request.
fn says(request: &Finished, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    let is = |text: &Option<Arc<str>>| text.as_deref().is_some_and(has);
    has(&request.request_id)
        || has(&request.model_group)
        || has(request.degradation.as_str())
        || [&request.task, &request.provider, &request.model, &request.deployment]
            .into_iter()
            .any(is)
        || is(&request.answered_by_group)
        || (request.is_fallback() && "fallback".contains(word))
        || request.soft.is_some_and(|soft| "soft".contains(word) || has(soft.words()))
        || request.attempts.iter().any(|attempt| {
            has(&attempt.deployment)
                || has(&attempt.provider)
                || has(&attempt.model)
                || has(&format!("{}/{}", attempt.provider, attempt.model))
                || attempt.outcome.kind().is_some_and(|kind| has(kind.as_str()))
        })
}
