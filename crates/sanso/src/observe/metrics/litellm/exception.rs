//! LiteLLM's words for a fault: the status and the class of the exception that it would raise.

use sanso_core::FaultKind;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) status: &'static str,
    class: &'static str,
}

/// Every gate of a group is shut: what LiteLLM's router says when all deployments cool down.
pub(super) const ALL_SHUT: Exception = Exception { status: "429", class: "RouterRateLimitError" };

impl Exception {
    const fn new(status: &'static str, class: &'static str) -> Self {
        Self { status, class }
    }

    /// The one for a kind of fault; `None` where nothing failed.
    pub(super) const fn of(kind: FaultKind) -> Option<Self> {
        Some(match kind {
            FaultKind::RateLimited | FaultKind::QuotaExhausted => {
                Self::new("429", "RateLimitError")
            }
            FaultKind::Overloaded => Self::new("503", "ServiceUnavailableError"),
            FaultKind::ServerError => Self::new("500", "InternalServerError"),
            FaultKind::Timeout(_) => Self::new("408", "Timeout"),
            FaultKind::Connection(_) => Self::new("500", "APIConnectionError"),
            FaultKind::Malformed => Self::new("500", "APIError"),
            FaultKind::Broken => Self::new("503", "MidStreamFallbackError"),
            FaultKind::ContextWindow => Self::new("400", "ContextWindowExceededError"),
            FaultKind::ContentPolicy => Self::new("400", "ContentPolicyViolationError"),
            FaultKind::Authentication => Self::new("401", "AuthenticationError"),
            FaultKind::NotFound => Self::new("404", "NotFoundError"),
            FaultKind::BadRequest => Self::new("400", "BadRequestError"),
            FaultKind::Soft(_) => Self::new("422", "APIResponseValidationError"),
            FaultKind::Cancelled => return None,
        })
    }

    /// The one for the status that a caller is answered with, where no call says more.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            429 => ALL_SHUT,
            408 | 504 => Self::new(status_label(status), "Timeout"),
            400..=499 => Self::new(status_label(status), "BadRequestError"),
            _ => Self::new(status_label(status), "ServiceUnavailableError"),
        }
    }

    /// `Openai.RateLimitError`, with the provider where there is one.
    pub(super) fn class(self, provider: Option<&str>) -> String {
        let mut letters = provider.unwrap_or_default().chars();
        match letters.next() {
            Some(first) => format!("{}{}.{}", first.to_uppercase(), letters.as_str(), self.class),
            None => self.class.to_owned(),
        }
    }
}

/// A status as a label. A provider chooses the status of a caller's mistake: those that no API has
/// count as the plain one of their hundred.
pub(super) const fn status_label(status: u16) -> &'static str {
    match status {
        200 => "200",
        401 => "401",
        402 => "402",
        403 => "403",
        404 => "404",
        408 => "408",
        409 => "409",
        413 => "413",
        415 => "415",
        422 => "422",
        429 => "429",
        499 => "499",
        400..=498 => "400",
        502 => "502",
        503 => "503",
        504 => "504",
        529 => "529",
        _ => "500",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_stands_before_the_class_as_in_litellm() {
        let exception = Exception::of(FaultKind::RateLimited).unwrap();
        assert_eq!(exception.class(Some("openai")), "Openai.RateLimitError");
        assert_eq!(exception.class(None), "RateLimitError");
        assert_eq!(exception.class(Some("")), "RateLimitError");
        assert_eq!(Exception::of(FaultKind::Cancelled), None);
    }

    #[test]
    fn statuses_are_few_whatever_a_provider_says() {
        let labels: std::collections::BTreeSet<_> = (0..=u16::MAX).map(status_label).collect();
        assert_eq!(labels.len(), 18, "{labels:?}");
        assert_eq!((status_label(418), status_label(599)), ("400", "500"));
        assert_eq!(Exception::of_status(502).status, "502");
    }
}
