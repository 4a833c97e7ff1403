//! The body of a response, at the provider's pace.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use sanso_core::{Duration, Rng};
use tokio::time::{Sleep, sleep};

use super::answer::{Chunk, Events};
use super::behaviour::Pace;
use super::stats::{Ending, InFlight};

/// A body that sends, waits, and ends as scripted. Dropped before its end, it counts its call as
/// cancelled.
#[derive(Debug)]
pub(super) struct Flow {
    steps: VecDeque<Step>,
    end: End,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Bytes that the head promises; `None` for a stream.
    length: Option<u64>,
    call: InFlight,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Send(Bytes),
    /// Returns to hyper once, so that it writes out what it was given before the connection goes.
    Flush,
}

/// How a body ends once all is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Cleanly, and the provider meant it so.
    Whole,
    /// Cleanly, as an error or as half an answer.
    Failed,
    /// With the connection.
    Cut,
    /// Never.
    Stall,
}

impl Flow {
    /// A whole body.
    pub(super) fn whole(body: Bytes, end: End, call: InFlight) -> Self {
        let promised = body.len();
        Self::part(body, promised, end, call)
    }

    /// `body`, where the head promises `promised` bytes.
    pub(super) fn part(body: Bytes, promised: usize, end: End, call: InFlight) -> Self {
        let length = u64::try_from(promised).ok();
        Self::new(VecDeque::from([Step::Send(body)]), end, length, call)
    }

    /// The events of a stream; with `after_tokens` no more content than that, and no ending.
    pub(super) fn stream(
        events: &Events,
        after_tokens: Option<u32>,
        end: End,
        pace: &Pace,
        rng: &mut Rng,
        call: InFlight,
    ) -> Self {
        let mut steps: VecDeque<Step> = events.opening.iter().cloned().map(Step::Send).collect();
        let mut first = true;
        for Chunk { bytes, tokens } in up_to(events, after_tokens) {
            if *tokens > 0 {
                steps.push_back(Step::Wait(pace.wait(first, *tokens, rng)));
                first = false;
            }
            steps.push_back(Step::Send(bytes.clone()));
        }
        Self::new(steps, end, None, call)
    }

    /// Sends `bytes` after all else.
    pub(super) fn then(mut self, bytes: Bytes) -> Self {
        self.steps.push_back(Step::Send(bytes));
        self
    }

    fn new(mut steps: VecDeque<Step>, end: End, length: Option<u64>, call: InFlight) -> Self {
        if end == End::Cut {
            steps.push_back(Step::Flush);
        }
        Self { steps, end, waiting: None, length, call }
    }

    fn verdict(&mut self) {
        match self.end {
            End::Whole => self.call.end(Ending::Completed),
            End::Failed | End::Cut => self.call.end(Ending::Failed),
            // Only the client can end this, by going away.
            End::Stall => {}
        }
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.waiting {
                ready!(sleep.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.steps.pop_front() {
                Some(Step::Wait(Duration::ZERO)) => {}
                Some(Step::Wait(wait)) => self.waiting = Some(Box::pin(sleep(wait))),
                Some(Step::Send(bytes)) => {
                    // Not at the end of the body: a client may close as soon as it has the last
                    // byte, and hyper does not ask again after a promised length is reached.
                    if self.steps.is_empty() {
                        self.verdict();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => return self.finish(),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Flow {
    fn finish(&mut self) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.verdict();
        match self.end {
            End::Whole | End::Failed => Poll::Ready(None),
            End::Cut => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            End::Stall => Poll::Pending,
        }
    }
}

fn up_to(events: &Events, after_tokens: Option<u32>) -> Vec<&Chunk> {
    let Some(mut left) = after_tokens else {
        return events.content.iter().chain(&events.ending).collect();
    };
    let fits = |chunk: &&Chunk| match left.checked_sub(chunk.tokens) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    events.content.iter().take_while(fits).collect()
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
