//! What came back for a request.

use hyper::header::HeaderMap;
use sanso_core::Duration;

/// What came back for one request, with what the gateway says of how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The how-manieth request of the traffic it was, from 0.
    pub number: u64,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// When the request went out, counted from the start of the traffic.
    pub asked_at: Duration,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// From the request to the first content of a stream.
    pub first_content: Option<Duration>,
    /// How it ended.
    pub outcome: Outcome,
    /// `x-sanso-served-by`: the deployment that answered.
    pub served_by: Option<String>,
    /// `x-sanso-fallback`: whether that was one of another leg than the first.
    pub fallback: bool,
    /// `x-sanso-attempts`, in order.
    pub attempts: Vec<Attempt>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer.
    Answered,
    /// With half an answer: an error event, or an end without its marks.
    Broken(String),
    /// With an error of the gateway.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's own words.
        message: String,
    },
    /// With no answer at all.
    Unreachable(String),
}

/// One upstream call, as `x-sanso-attempts` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Provider and model.
    pub deployment: String,
    /// The status, or the name of the fault.
    pub result: String,
}

impl Attempt {
    /// Reads a header of the form `openai/gpt-4.1=529@412ms; anthropic/claude=200@80ms`. Entries of
    /// any other form are left out.
    #[must_use]
    pub fn read_list(header: &str) -> Vec<Self> {
        header.split(';').filter_map(Self::read).collect()
    }

    fn read(entry: &str) -> Option<Self> {
        let (deployment, result) = entry.trim().rsplit_once('=')?;
        let result = result.split_once('@').map_or(result, |(result, _)| result);
        Some(Self { deployment: deployment.to_owned(), result: result.to_owned() })
    }
}

impl Reply {
    /// Calls of a deployment that this request had called before.
    #[must_use]
    pub fn retries(&self) -> usize {
        let again = |(index, attempt): (usize, &Attempt)| {
            self.attempts[..index].iter().any(|earlier| earlier.deployment == attempt.deployment)
        };
        self.attempts.iter().enumerate().filter(|&entry| again(entry)).count()
    }

    /// Takes over what the gateway says in its headers.
    pub(super) fn read_headers(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        self.served_by = text("x-sanso-served-by").map(str::to_owned);
        self.fallback = text("x-sanso-fallback") == Some("true");
        self.attempts = text("x-sanso-attempts").map(Attempt::read_list).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_read_from_their_header() {
        let attempts =
            Attempt::read_list(" a/b=c=529@412ms;x/y=timeout(first token)@9s; junk;;z=200");
        let read: Vec<(&str, &str)> =
            attempts.iter().map(|a| (a.deployment.as_str(), a.result.as_str())).collect();
        assert_eq!(read, [("a/b=c", "529"), ("x/y", "timeout(first token)"), ("z", "200")]);
    }

    #[test]
    fn a_retry_is_a_second_call_of_one_deployment_and_a_move_is_none() {
        let reply = |attempts| Reply {
            number: 0,
            stream: false,
            asked_at: Duration::ZERO,
            took: Duration::ZERO,
            first_content: None,
            outcome: Outcome::Answered,
            served_by: None,
            fallback: false,
            attempts: Attempt::read_list(attempts),
        };
        assert_eq!(reply("a=503@1ms; a=503@1ms; a=200@1ms").retries(), 2);
        assert_eq!(reply("a=503@1ms; b=200@1ms").retries(), 0);
        assert_eq!(reply("").retries(), 0);
    }
}
