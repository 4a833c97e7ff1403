//! One call, from what it asks for to the response.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use sanso_core::Rng;
use serde_json::Value;
use tokio::time::sleep;

use super::answer::{Answer, Events, token};
use super::ask::Ask;
use super::behaviour::{Behaviour, Pace, Problem};
use super::errors::{self, ErrorAnswer};
use super::flow::{End, Flow};
use super::stats::{Ending, InFlight};
use super::{Vendor, anthropic, gemini, openai};

/// One call, as far as the answer depends on it.
pub(super) struct Call {
    pub(super) vendor: Vendor,
    pub(super) ask: Ask,
    pub(super) pace: Pace,
    pub(super) rng: Rng,
    pub(super) in_flight: InFlight,
}

impl Call {
    pub(super) async fn answer(mut self, behaviour: Behaviour) -> io::Result<Response<Flow>> {
        match behaviour {
            Behaviour::Healthy => {
                let answer = Answer::to(&self.ask, &mut self.rng);
                Ok(self.say(&answer, None, End::Whole).await)
            }
            Behaviour::Empty => {
                let answer = Answer::empty(&self.ask);
                Ok(self.say(&answer, None, End::Whole).await)
            }
            Behaviour::Fails(problem) => Ok(self.fail(&problem)),
            Behaviour::Silent => match std::future::pending::<Infallible>().await {},
            Behaviour::HangUp => {
                self.in_flight.end(Ending::Failed);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Behaviour::Html => Ok(self.html()),
            Behaviour::ErrorInStream { .. } if !self.ask.stream => {
                Ok(self.fail(&Problem::Overloaded))
            }
            Behaviour::ErrorInStream { after_tokens } => {
                let answer = Answer::to(&self.ask, &mut self.rng);
                let events = events(self.vendor, &answer);
                let error = events.error.clone();
                let response = self.stream(&events, Some(after_tokens), End::Failed);
                Ok(response.map(|flow| flow.then(error)))
            }
            Behaviour::Cut { after_tokens } => Ok(self.half(after_tokens, End::Cut).await),
            Behaviour::EndsEarly { after_tokens } => Ok(self.half(after_tokens, End::Failed).await),
            Behaviour::Stalls { after_tokens } => Ok(self.half(after_tokens, End::Stall).await),
        }
    }

    async fn half(mut self, after_tokens: u32, end: End) -> Response<Flow> {
        let answer = Answer::to(&self.ask, &mut self.rng);
        self.say(&answer, Some(after_tokens), end).await
    }

    /// The answer, whole or, with `after_tokens`, in part.
    async fn say(mut self, answer: &Answer, after_tokens: Option<u32>, end: End) -> Response<Flow> {
        if self.ask.stream {
            let events = events(self.vendor, answer);
            return self.stream(&events, after_tokens, end);
        }
        sleep(self.pace.wait(true, answer.completion_tokens(), &mut self.rng)).await;
        let headers = success_headers(self.vendor, false, &mut self.rng);
        let body = Bytes::from(plain(self.vendor, answer).to_string());
        let half = body.slice(..body.len() / 2);
        let flow = match (after_tokens, end) {
            (None, _) => Flow::whole(body, end, self.in_flight),
            (Some(_), End::Whole | End::Failed) => Flow::whole(half, end, self.in_flight),
            (Some(_), End::Cut | End::Stall) => Flow::part(half, body.len(), end, self.in_flight),
        };
        respond(StatusCode::OK, headers, flow)
    }

    fn stream(mut self, events: &Events, after_tokens: Option<u32>, end: End) -> Response<Flow> {
        let headers = success_headers(self.vendor, true, &mut self.rng);
        let flow =
            Flow::stream(events, after_tokens, end, &self.pace, &mut self.rng, self.in_flight);
        respond(StatusCode::OK, headers, flow)
    }

    fn fail(mut self, problem: &Problem) -> Response<Flow> {
        let error = errors::problem(self.vendor, problem, &self.ask.model, &mut self.rng);
        error_response(error, self.in_flight)
    }

    fn html(self) -> Response<Flow> {
        let page = "<html><head><title>Just a moment...</title></head><body></body></html>";
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        respond(StatusCode::OK, headers, Flow::whole(page.into(), End::Failed, self.in_flight))
    }
}

fn plain(vendor: Vendor, answer: &Answer) -> Value {
    match vendor {
        Vendor::OpenAi => openai::plain(answer),
        Vendor::Anthropic => anthropic::plain(answer),
        Vendor::Gemini => gemini::plain(answer),
    }
}

fn events(vendor: Vendor, answer: &Answer) -> Events {
    match vendor {
        Vendor::OpenAi => openai::events(answer),
        Vendor::Anthropic => anthropic::events(answer),
        Vendor::Gemini => gemini::events(answer),
    }
}

fn success_headers(vendor: Vendor, stream: bool, rng: &mut Rng) -> HeaderMap {
    let request_id = format!("req_{}", token(rng, 24));
    let kind = match (stream, vendor) {
        (true, Vendor::OpenAi | Vendor::Anthropic) => "text/event-stream; charset=utf-8",
        (true, Vendor::Gemini) => "text/event-stream",
        (false, Vendor::OpenAi | Vendor::Anthropic) => "application/json",
        (false, Vendor::Gemini) => "application/json; charset=UTF-8",
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    match vendor {
        Vendor::OpenAi => {
            errors::put(&mut headers, "x-request-id", &request_id);
            errors::put(&mut headers, "openai-version", "2020-10-01");
            errors::put(&mut headers, "x-ratelimit-limit-requests", "10000");
            errors::put(&mut headers, "x-ratelimit-remaining-requests", "9999");
            errors::put(&mut headers, "x-ratelimit-reset-requests", "6ms");
        }
        Vendor::Anthropic => {
            errors::put(&mut headers, "request-id", &request_id);
            errors::put(&mut headers, "anthropic-ratelimit-requests-limit", "20000");
            errors::put(&mut headers, "anthropic-ratelimit-requests-remaining", "19999");
        }
        Vendor::Gemini => errors::put(&mut headers, "server-timing", "gfet4t7; dur=379"),
    }
    headers
}

pub(super) fn error_response(error: ErrorAnswer, in_flight: InFlight) -> Response<Flow> {
    respond(error.status, error.headers, Flow::whole(error.body, End::Failed, in_flight))
}

fn respond(status: StatusCode, headers: HeaderMap, flow: Flow) -> Response<Flow> {
    let mut response = Response::new(flow);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
