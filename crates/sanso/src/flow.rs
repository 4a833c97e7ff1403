//! A streamed answer on its way: from the provider's bytes to the client's.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use sanso_core::FaultKind;
use sanso_wire::ir::{Answer, StreamEvent};
use sanso_wire::openai_chat::{StreamEncoder, glance, write_error};
use sanso_wire::sse::{self, Decoder, SseError};
use sanso_wire::{Dialect, Failure, StreamDecoder};

use crate::ask::{Asked, Sizes};
use crate::asking::SoFar;
use crate::call::{Facts, Whole};
use crate::checks::Gathered;
use crate::upstream::Received;

/// A stream that has brought content.
#[derive(Debug)]
pub(crate) struct Flow {
    /// `None` once it was let go.
    body: Option<Received>,
    events: Decoder,
    form: Form,
    /// What is to go to the client, and has not.
    out: Vec<u8>,
    facts: Facts,
    /// A finish reason has come, and no content after it.
    past_finish: bool,
    /// The candidates that have said why they ended, a bit for each, of so many: one may end while
    /// another has yet to speak, and some say so with every event.
    finished: u128,
    candidates: u64,
    /// A usage chunk was asked for, and has not come.
    awaits_usage: bool,
    /// Whether the dialect ends its streams with a marker. Without one only the end of the body
    /// says that no more comes after a finish reason.
    has_marker: bool,
    /// `[DONE]` has gone to the client: nothing follows it.
    done: bool,
    skipped: u32,
    /// Of content, so far.
    characters: usize,
    received: usize,
    sizes: Sizes,
    /// White space is passed over: the client has it already.
    skips_space: bool,
    /// What it says, kept only where that is asked for.
    listener: Option<Box<Listener>>,
}

/// Listens to what a stream says. Events that pass are decoded for it alone.
#[derive(Debug)]
struct Listener {
    decoder: StreamDecoder,
    events: Vec<StreamEvent>,
    gathered: Gathered,
}

/// How events become the client's.
#[derive(Debug)]
enum Form {
    /// The same dialect: their data passes as it is.
    Pass,
    /// Another one: through the neutral form.
    Translate { decoder: StreamDecoder, encoder: Box<StreamEncoder>, events: Vec<StreamEvent> },
}

/// What a stream came to before its first content went out.
#[derive(Debug)]
pub(crate) enum Opened {
    Failed(Failure),
    /// It ended well without content.
    Whole(Whole),
    Flowing(Box<Flow>),
}

/// One step of a stream.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Something was read; `content` says whether it was content.
    More { content: bool },
    /// It ended as it should.
    Finished,
    /// It ended otherwise.
    Broken(Failure),
}

/// Malformed events that a coherent stream may have (`chain.md`, *Streams*).
const SKIPPED_AT_MOST: u32 = 3;
/// How long a stream may go on after its finish reasons without its terminal marker.
const MARKER_WITHIN: Duration = Duration::from_secs(1);
/// The same where a usage chunk was asked for and is still to come.
const USAGE_WITHIN: Duration = Duration::from_secs(5);

impl Flow {
    fn new(dialect: Dialect, asked: &Asked, so_far: Option<&SoFar>, body: Received) -> Self {
        let (model, usage) = (&asked.outgoing().model, asked.outgoing().include_usage);
        let encoder = match (dialect, so_far) {
            (_, Some(it)) => Some(StreamEncoder::resumed(&it.id, it.created, model, usage)),
            (Dialect::OpenAiChat, None) => None,
            (Dialect::Anthropic | Dialect::Gemini, None) => {
                Some(StreamEncoder::new(&asked.answer_id, asked.created, model, usage))
            }
        };
        let form = encoder.map_or(Form::Pass, |encoder| Form::Translate {
            decoder: dialect.stream_decoder(),
            encoder: Box::new(encoder),
            events: Vec::new(),
        });
        let listens = asked.checks.is_some() || asked.held || asked.continues;
        Self {
            body: Some(body),
            events: Decoder::new(asked.sizes.event),
            form,
            out: Vec::with_capacity(1024),
            facts: Facts::default(),
            past_finish: false,
            finished: 0,
            candidates: asked.outgoing().candidates,
            awaits_usage: asked.outgoing().include_usage,
            has_marker: dialect != Dialect::Gemini,
            done: false,
            skipped: 0,
            characters: 0,
            received: 0,
            sizes: asked.sizes,
            skips_space: so_far.is_some_and(|so_far| so_far.had_space),
            // Of an answer in two parts nothing is made out.
            listener: (listens && so_far.is_none()).then(|| {
                Box::new(Listener {
                    decoder: dialect.stream_decoder(),
                    events: Vec::new(),
                    gathered: Gathered::default(),
                })
            }),
        }
    }

    /// Reads up to the first content. Nothing goes to the client before it.
    pub(crate) async fn open(
        dialect: Dialect,
        asked: &Asked,
        so_far: Option<&SoFar>,
        body: Received,
    ) -> Opened {
        let mut flow = Box::new(Self::new(dialect, asked, so_far, body));
        loop {
            match std::future::poll_fn(|cx| flow.poll_progress(cx)).await {
                Progress::More { content: true } => return Opened::Flowing(flow),
                Progress::More { content: false } => {}
                Progress::Finished if flow.facts.finish.is_none() => {
                    return Opened::Failed(Failure::malformed(
                        "the stream ended without content and without a finish reason",
                    ));
                }
                Progress::Finished => {
                    let facts = flow.facts;
                    return Opened::Whole(Whole { body: flow.out.into(), facts });
                }
                Progress::Broken(failure) => return Opened::Failed(as_before_content(failure)),
            }
        }
    }

    /// Reads on until something was learned.
    pub(crate) fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        loop {
            while let Some(event) = self.events.next_event() {
                let read = match event {
                    Ok(event) => self.read(&event),
                    // It may hold half of the answer: to pass over it would be to cut the answer.
                    Err(error @ SseError::TooLarge { .. }) => {
                        return Poll::Ready(Progress::Broken(error.into()));
                    }
                    Err(error @ SseError::NotUtf8) => Err(error.into()),
                };
                match read {
                    Ok(_) if self.done => return Poll::Ready(Progress::Finished),
                    Ok(content) => return Poll::Ready(Progress::More { content }),
                    Err(failure) if self.may_skip(&failure) => self.skipped += 1,
                    Err(failure) => return Poll::Ready(Progress::Broken(failure)),
                }
            }
            let is_past_finish = self.is_past_finish();
            let Some(body) = &mut self.body else { return Poll::Ready(self.end()) };
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                None => return Poll::Ready(self.end()),
                Some(Err(_)) if is_past_finish => return Poll::Ready(self.end()),
                Some(Err(error)) => return Poll::Ready(Progress::Broken(body.broke(&error))),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.received += data.len();
                    if self.received > self.sizes.answer {
                        let limit = self.sizes.answer;
                        let failure =
                            Failure::malformed(format!("the stream is larger than {limit} bytes"));
                        return Poll::Ready(Progress::Broken(failure));
                    }
                    self.events.push(data);
                }
            }
        }
    }

    /// What is to go to the client now.
    pub(crate) fn take_out(&mut self) -> Bytes {
        std::mem::take(&mut self.out).into()
    }

    /// Has something go to the client before all that it has not had yet.
    pub(crate) fn put_before(&mut self, mut first: Vec<u8>) {
        first.append(&mut self.out);
        self.out = first;
    }

    /// What the client has, where another could carry it on.
    pub(crate) fn so_far(&self, asked: &Asked) -> Option<SoFar> {
        let gathered = &self.listener.as_ref()?.gathered;
        let (id, created) = gathered.name();
        let id = if id.is_empty() { &asked.answer_id } else { id };
        SoFar::new(gathered.text()?, id, created.unwrap_or(asked.created))
    }

    /// Bytes that are to go to the client now.
    pub(crate) fn pending(&self) -> usize {
        self.out.len()
    }

    /// Reads to the provider's end of the body; what it holds is not looked at.
    pub(crate) fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(body) = &mut self.body {
            while let Some(Ok(_)) = ready!(Pin::new(&mut *body).poll_frame(cx)) {}
        }
        Poll::Ready(())
    }

    /// Stops the call.
    pub(crate) fn let_go(&mut self) {
        self.body = None;
    }

    /// Ends a stream that has said why it ended, but not with its marker.
    pub(crate) fn complete(&mut self) {
        if !self.done {
            self.done = true;
            match &mut self.form {
                Form::Pass => sse::write_data(&mut self.out, b"[DONE]"),
                Form::Translate { encoder, .. } => encoder.push(&StreamEvent::End, &mut self.out),
            }
        }
    }

    /// Tells the client, in the stream, that the answer broke. No `[DONE]` follows.
    pub(crate) fn write_error(&mut self, failure: &Failure) {
        sse::write_data(&mut self.out, &write_error(failure));
    }

    /// Characters of content so far.
    pub(crate) fn characters(&self) -> usize {
        self.characters
    }

    /// What it said from its beginning to its end; `None` where no check is on, or it was too long to
    /// be kept.
    pub(crate) fn take_answer(&mut self) -> Option<Answer> {
        self.listener.take()?.gathered.into_answer()
    }

    pub(crate) fn facts(&self) -> Facts {
        self.facts
    }

    /// Malformed events that were passed over.
    pub(crate) fn skipped(&self) -> u32 {
        self.skipped
    }

    /// Whether only the terminal marker (and perhaps a usage chunk) is still to come.
    pub(crate) fn is_past_finish(&self) -> bool {
        self.past_finish && self.all_have_finished()
    }

    fn all_have_finished(&self) -> bool {
        u64::from(self.finished.count_ones()) >= self.candidates
    }

    /// How long the terminal marker is waited for after the finish reasons; `None` where the dialect
    /// has none.
    pub(crate) fn marker_limit(&self) -> Option<Duration> {
        let limit = if self.awaits_usage { USAGE_WITHIN } else { MARKER_WITHIN };
        self.has_marker.then_some(limit)
    }

    /// The provider closed its stream.
    fn end(&mut self) -> Progress {
        if self.done {
            return Progress::Finished;
        }
        // Where there is no marker, the reasons are all that is said of an end: some relays say them
        // first, and speak then.
        let has_finished = !self.has_marker && self.all_have_finished();
        if !self.is_past_finish() && !has_finished {
            return Progress::Broken(Failure::new(
                FaultKind::Broken,
                "the stream ended without a finish reason and without its terminal marker",
            ));
        }
        self.complete();
        Progress::Finished
    }

    /// Takes one event over. Returns whether it was content.
    fn read(&mut self, event: &sse::Event) -> Result<bool, Failure> {
        match &mut self.form {
            Form::Pass => {
                let glance = glance::event(&event.data)?;
                // The event goes nowhere: its client is told of the fault in its place.
                if let Some(failure) = glance.finish.and_then(Failure::of_finish) {
                    self.facts.usage = glance.usage.or(self.facts.usage);
                    return Err(failure);
                }
                self.facts.content |= glance.has_content;
                self.facts.finish = glance.finish.or(self.facts.finish);
                self.past_finish =
                    glance.finish.is_some() || (self.past_finish && !glance.has_content);
                self.finished |= glance.finished;
                self.facts.usage = glance.usage.or(self.facts.usage);
                self.awaits_usage &= self.facts.usage.is_none();
                self.done = glance.is_done;
                self.characters += match &mut self.listener {
                    Some(listener) => listener.hear(event, &glance),
                    None => glance.characters,
                };
                sse::write_data(&mut self.out, &event.data);
                Ok(glance.has_content)
            }
            Form::Translate { decoder, encoder, events } => {
                events.clear();
                let pushed = decoder.push(event, events);
                if let Some(failure) = events.iter().find_map(fault) {
                    events.iter().for_each(|event| note(&mut self.facts, event));
                    return Err(failure);
                }
                let mut content = false;
                if self.skips_space {
                    self.skips_space = skip_space(events);
                }
                for event in &*events {
                    content |= event.is_content();
                    self.characters += event.characters();
                    note(&mut self.facts, event);
                    let finish = matches!(event, StreamEvent::Finish { .. });
                    self.past_finish = finish || (self.past_finish && !event.is_content());
                    if let StreamEvent::Finish { choice, .. } = event {
                        self.finished |= glance::bit(*choice);
                    }
                    self.done |= *event == StreamEvent::End;
                    if let Some(listener) = &mut self.listener {
                        listener.gathered.note(event);
                    }
                    encoder.push(event, &mut self.out);
                }
                self.facts.content |= content;
                self.awaits_usage &= self.facts.usage.is_none();
                // What cannot be passed on is the rest of that event's.
                pushed.map(|()| content)
            }
        }
    }

    /// A malformed event among good ones is passed over, a few times; an error event never is.
    fn may_skip(&self, failure: &Failure) -> bool {
        failure.fault.kind == FaultKind::Malformed && self.skipped < SKIPPED_AT_MOST
    }
}

impl Listener {
    /// An event that passes. What cannot be decoded says nothing here; the client gets it all the same,
    /// so that it has more than the text that is known of. Returns how many characters it brings.
    fn hear(&mut self, event: &sse::Event, glance: &glance::EventGlance<'_>) -> usize {
        self.events.clear();
        if self.decoder.push(event, &mut self.events).is_err() {
            self.events.clear();
        }
        self.events.iter().for_each(|event| self.gathered.note(event));
        let is_understood = self.events.iter().any(StreamEvent::is_content);
        if glance.has_media || (glance.has_content && !is_understood) {
            self.gathered.note_more_than_text();
        }
        self.events.iter().map(StreamEvent::characters).sum()
    }
}

/// Takes white space off the beginning of what is said. Returns whether nothing else was said yet.
fn skip_space(events: &mut Vec<StreamEvent>) -> bool {
    for event in events.iter_mut() {
        if let StreamEvent::Text { text, .. } = event {
            let said = text.trim_start();
            *text = said.to_owned();
            if !text.is_empty() {
                return false;
            }
        }
    }
    events.retain(|event| !matches!(event, StreamEvent::Text { .. }));
    true
}

/// The fault that an event says its answer ended in.
fn fault(event: &StreamEvent) -> Option<Failure> {
    match event {
        StreamEvent::Finish { reason, .. } => Failure::of_finish(*reason),
        _ => None,
    }
}

fn note(facts: &mut Facts, event: &StreamEvent) {
    match event {
        StreamEvent::Finish { reason, .. } => {
            // Of several candidates one that failed says more than one that did not.
            if facts.finish.is_none_or(|known| !known.is_fault()) {
                facts.finish = Some(*reason);
            }
        }
        StreamEvent::Usage(usage) => facts.usage = Some(*usage),
        StreamEvent::Start { .. }
        | StreamEvent::Text { .. }
        | StreamEvent::Reasoning { .. }
        | StreamEvent::ReasoningSignature { .. }
        | StreamEvent::Refusal { .. }
        | StreamEvent::Image { .. }
        | StreamEvent::ToolCall { .. }
        | StreamEvent::ToolArguments { .. }
        | StreamEvent::End => {}
    }
}

/// Before content a break is a malformed stream: nothing of it has gone out.
fn as_before_content(mut failure: Failure) -> Failure {
    if failure.fault.kind == FaultKind::Broken {
        failure.fault.kind = FaultKind::Malformed;
    }
    failure
}
