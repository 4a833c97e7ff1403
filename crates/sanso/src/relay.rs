//! Relaying a committed stream to the client, up to its end or its break.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sanso_core::{CallId, Fault, FaultKind, Instant, Outcome, Phase, Signal};
use sanso_wire::Failure;
use tokio::time::Sleep;

use crate::crawl::Pace;
use crate::degrade::ANSWER_AT_MOST;
use crate::early;
use crate::exchange::{Carried, Exchange, Opened};
use crate::flow::{Flow, Progress};
use crate::served::{Degradation, Served};

/// A stream whose first content is at hand. Poll it for the client's bytes; dropping it before its
/// end is the client going away.
#[derive(Debug)]
pub struct Relay {
    exchange: Exchange,
    call: CallId,
    flow: Box<Flow>,
    served: Served,
    /// The longest that may pass between two contents.
    gap: Duration,
    last_content: Instant,
    pace: Pace,
    /// When the client was handed a chunk. Until it asks for the next it is the client who is slow.
    handed_at: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    state: State,
    /// Why the stream broke, while someone is looked for who carries it on.
    broke: Option<Failure>,
    /// What was sent so far, where it may be kept; `None` where not, or where it is too long.
    kept: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flowing,
    /// It broke, and it is not yet known whether someone goes on.
    Broken,
    /// The finish reason has come: only the marker, and perhaps a usage chunk, is awaited.
    Closing,
    /// All is said. The provider is given a moment to close its side, so that the connection can be
    /// used again.
    Draining,
    Ended(StreamEnd),
}

/// How a relayed stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// With a complete answer and its terminal marker.
    Finished,
    /// With an error event and without the marker.
    Broken,
}

/// Bytes gathered into one chunk for the client where the provider is faster than the client's
/// socket: large enough to amortise a write, small enough to stay in cache.
const GATHER: usize = 16 * 1024;
/// How long a provider is given to close its side once all is said, so that its connection can be
/// used again. The client has its terminal marker by then.
const CLOSES_WITHIN: Duration = Duration::from_millis(250);

impl Relay {
    pub(crate) fn new(exchange: Exchange, opened: Opened) -> Self {
        let Opened { call, flow, gap } = opened;
        let served = exchange.served(Some(call));
        let now = exchange.shared.clock.now();
        let pace = Pace::new(now, flow.characters());
        let kept = exchange.may_store().then(Vec::new);
        let timer = Box::pin(tokio::time::sleep_until(exchange.shared.clock.to_tokio(now + gap)));
        Self {
            exchange,
            call,
            flow,
            served,
            gap,
            last_content: now,
            pace,
            handed_at: Some(now),
            timer,
            state: State::Flowing,
            broke: None,
            kept,
        }
    }

    /// Who serves it.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// How it ended; `None` while it flows.
    #[must_use]
    pub fn end(&self) -> Option<StreamEnd> {
        match self.state {
            State::Flowing | State::Broken | State::Closing => None,
            State::Draining => Some(StreamEnd::Finished),
            State::Ended(end) => Some(end),
        }
    }

    /// The next bytes for the client: whole server-sent events. `None` at the end, which
    /// [`Relay::end`] then names.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.excuse_the_client();
        while self.end().is_none() && self.flow.pending() < GATHER {
            if self.state == State::Broken {
                match self.exchange.poll_carried(cx, self.timer.as_mut()) {
                    Poll::Ready(carried) => self.carried(carried),
                    Poll::Pending => break,
                }
                continue;
            }
            match self.flow.poll_progress(cx) {
                Poll::Ready(Progress::More { content }) => self.progressed(content),
                Poll::Ready(Progress::Finished) => self.finish(),
                Poll::Ready(Progress::Broken(failure)) => self.broke(failure),
                Poll::Pending if self.poll_gap(cx).is_ready() => {}
                Poll::Pending => break,
            }
        }
        if self.flow.pending() > 0 {
            self.handed_at = Some(self.exchange.shared.clock.now());
            let chunk = self.flow.take_out();
            self.keep(&chunk);
            return Poll::Ready(Some(chunk));
        }
        if self.state == State::Draining {
            ready!(self.poll_drained(cx));
            self.state = State::Ended(StreamEnd::Finished);
        }
        if self.end().is_some() { Poll::Ready(None) } else { Poll::Pending }
    }

    /// Keeps what goes out, and at the end of a complete answer all of it for later.
    fn keep(&mut self, chunk: &[u8]) {
        let Some(kept) = &mut self.kept else { return };
        if kept.len() + chunk.len() > ANSWER_AT_MOST {
            self.kept = None;
            return;
        }
        kept.extend_from_slice(chunk);
        if self.state == State::Draining
            && self.exchange.may_keep(&self.flow.facts())
            && let Some(kept) = self.kept.take()
        {
            self.exchange.keep(&self.served, kept.into());
        }
    }

    fn progressed(&mut self, content: bool) {
        if content {
            let now = self.exchange.shared.clock.now();
            self.last_content = now;
            if let Some(crawl) = self.pace.note(now, self.flow.characters()) {
                self.exchange.warn(crawl);
            }
        }
        let marker = self.flow.marker_limit().filter(|_| self.flow.is_past_finish());
        match (self.state, marker) {
            (State::Flowing, Some(limit)) => {
                self.state = State::Closing;
                self.arm(limit);
            }
            // It was the end of one candidate, and another speaks on.
            (State::Closing, None) => {
                self.state = State::Flowing;
                self.arm(self.gap);
            }
            (_, _) => {}
        }
    }

    /// The time that the client took for the last chunk is not the provider's silence: a slow reader
    /// slows the upstream, and must not be blamed on it.
    fn excuse_the_client(&mut self) {
        if let Some(handed_at) = self.handed_at.take() {
            let busy = self.exchange.shared.clock.now() - handed_at;
            self.last_content = self.last_content + busy;
            self.pace.excuse(busy);
        }
    }

    /// The gap between contents. The timer is moved when it fires, not with each content.
    fn poll_gap(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let silent = self.exchange.shared.clock.now() - self.last_content;
            if self.state == State::Flowing && silent < self.gap {
                self.arm(self.gap - silent);
                continue;
            }
            if self.flow.is_past_finish() {
                self.flow.complete();
                self.finish();
                return Poll::Ready(());
            }
            let message = format!("the stream brought nothing for {:?}", self.gap);
            self.broke(Failure::new(FaultKind::Timeout(Phase::Gap), message));
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// The provider closed its side, or the moment that it is given is over.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        self.flow.poll_drained(cx)
    }

    fn arm(&mut self, wait: Duration) {
        let clock = &self.exchange.shared.clock;
        let at = clock.to_tokio(clock.now() + wait);
        self.timer.as_mut().reset(at);
    }

    fn finish(&mut self) {
        self.exchange.signal(self.call, Signal::End(Outcome::Finished));
        let skipped = self.flow.skipped();
        if skipped > 0 {
            self.exchange.warn(format!("{skipped} malformed events of the stream were skipped"));
        }
        if let Some(answer) = self.flow.take_answer() {
            self.exchange.look_back(&answer);
        }
        self.record();
        self.state = State::Draining;
        self.arm(CLOSES_WITHIN);
    }

    /// The chain is told, and what there is to go on from is put by.
    fn broke(&mut self, failure: Failure) {
        let so_far = self.flow.so_far(&self.exchange.asked);
        if so_far.is_none() {
            self.exchange.signal(self.call, Signal::MoreThanText);
        }
        self.exchange.so_far = so_far.map(Arc::new);
        self.flow.let_go();
        let signal = if failure.fault.kind == FaultKind::Timeout(Phase::Gap) {
            Signal::Limit(Phase::Gap)
        } else {
            let connection = failure.fault.connection;
            Signal::End(Outcome::Fault(Fault { connection, ..Fault::new(FaultKind::Broken) }))
        };
        self.exchange.signal(self.call, signal);
        self.broke = Some(failure);
        self.state = State::Broken;
    }

    fn carried(&mut self, carried: Carried) {
        match carried {
            Carried::On(Opened { call, mut flow, gap }) => {
                flow.put_before(self.hand_over(call));
                self.flow = flow;
                self.gap = gap;
                self.last_content = self.exchange.shared.clock.now();
                self.pace = Pace::new(self.last_content, self.flow.characters());
                self.state = State::Flowing;
                self.arm(gap);
            }
            Carried::Whole(call, whole) => {
                let mut out = self.hand_over(call);
                out.extend_from_slice(&whole.body);
                self.flow.put_before(out);
                self.exchange.record(&self.served, Some(whole.facts));
                self.state = State::Ended(StreamEnd::Finished);
            }
            Carried::Broken => self.break_off(),
        }
    }

    /// The stream is another's now. Returns what the client has not had yet, and who goes on, as
    /// comments: its headers have named the one who broke.
    fn hand_over(&mut self, to: CallId) -> Vec<u8> {
        let before = self.exchange.served(Some(self.call)).served_by.unwrap_or_default();
        let after = self.exchange.served(Some(to)).served_by.unwrap_or_default();
        let characters = self.flow.characters();
        self.exchange.warn(format!(
            "the answer is in two parts: the stream of `{before}` broke after {characters} \
             characters, and `{after}` went on"
        ));
        self.broke = None;
        self.kept = None;
        self.call = to;
        self.served = self.exchange.served(Some(to));
        let mut out = self.flow.take_out().to_vec();
        early::say(&self.served, &mut out);
        out
    }

    /// The client is told in the stream, and no terminal marker follows.
    fn break_off(&mut self) {
        let Some(failure) = self.broke.take() else { return };
        self.flow.write_error(&self.exchange.snapshot.masked(&failure));
        self.served = self.exchange.served(Some(self.call));
        // A part of an answer is none: whoever counts those that were lost must find it.
        self.served.degradation = Degradation::Unavailable;
        self.exchange.record(&self.served, Some(self.flow.facts()));
        self.state = State::Ended(StreamEnd::Broken);
    }

    /// The gateway ends: the client is told, and no terminal marker follows. The provider is not to
    /// blame.
    pub fn abort(&mut self, reason: &str) -> Bytes {
        if self.end().is_none() {
            self.flow.write_error(&Failure::new(FaultKind::Broken, reason));
            self.exchange.leave(Some(self.call), Some(self.flow.facts()));
            self.state = State::Ended(StreamEnd::Broken);
        }
        self.flow.take_out()
    }

    fn record(&mut self) {
        self.served = self.exchange.served(Some(self.call));
        self.exchange.record(&self.served, Some(self.flow.facts()));
    }
}

impl Drop for Relay {
    /// Before the end, this is a client that has gone away from an answer.
    fn drop(&mut self) {
        self.exchange.leave(Some(self.call), Some(self.flow.facts()));
    }
}
