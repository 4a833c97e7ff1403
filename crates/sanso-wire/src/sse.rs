//! Server-sent events: a push decoder with a limit on the size of an event, and the encoder's line.
//!
//! The rules are those of the HTML standard, section *Server-sent events*, except that data which is
//! not UTF-8 is an error rather than replaced: a provider whose bytes are broken is malformed, and
//! must not reach a client as question marks.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use memchr::{memchr, memchr2};
use thiserror::Error;

use crate::failure::Failure;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field; empty where there was none.
    pub name: String,
    /// The `data:` lines joined by `\n`, valid UTF-8.
    pub data: Bytes,
}

impl Event {
    /// An event without a name.
    #[must_use]
    pub fn unnamed(data: impl Into<Bytes>) -> Self {
        Self { name: String::new(), data: data.into() }
    }

    /// The data as text; empty where somebody put bytes into the event that are no UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.data).unwrap_or_default()
    }
}

/// What is wrong with one event. The decoder goes on with the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// The data and the line being read are together longer than the limit.
    #[error("a server-sent event is longer than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that the decoder was given.
        limit_bytes: usize,
    },
    /// The data is not UTF-8.
    #[error("a server-sent event is not UTF-8")]
    NotUtf8,
}

impl From<SseError> for Failure {
    fn from(error: SseError) -> Self {
        Self::malformed(error.to_string())
    }
}

/// Cuts a byte stream into events. Push chunks as they come, then take events until there are none.
///
/// Time is linear in the bytes however they are cut; an event that lies in one chunk with one `data:`
/// line is a slice of that chunk, not a copy. The result does not depend on where chunks are cut.
///
/// ```
/// use bytes::Bytes;
/// use sanso_wire::sse::{Decoder, Event};
/// let mut decoder = Decoder::new(1024);
/// decoder.push(Bytes::from_static(b"data: {\"a\":1}\r"));
/// decoder.push(Bytes::from_static(b"\n\r\n: a comment\n"));
/// assert_eq!(decoder.next_event(), Some(Ok(Event::unnamed("{\"a\":1}"))));
/// assert_eq!(decoder.next_event(), None);
/// ```
#[derive(Debug)]
pub struct Decoder {
    limit_bytes: usize,
    /// Chunks not yet read.
    chunks: VecDeque<Bytes>,
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    /// The last chunk ended in `\r`: a `\n` that comes first belongs to it.
    skip_line_feed: bool,
    /// A byte order mark may only stand before the first line.
    first_line: bool,
    /// The event's size was over the limit: all is dropped up to its end.
    overflowed: bool,
    name: String,
    data: Data,
}

/// The `data:` lines of the event being read.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Joined(Vec<u8>),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(line) => line.len(),
            Self::Joined(lines) => lines.len(),
        }
    }

    fn push_line(&mut self, line: Bytes) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(line),
            Self::One(first) => {
                let mut lines = Vec::with_capacity(first.len() + line.len() + 1);
                lines.extend_from_slice(&first);
                lines.push(b'\n');
                lines.extend_from_slice(&line);
                Self::Joined(lines)
            }
            Self::Joined(mut lines) => {
                lines.push(b'\n');
                lines.extend_from_slice(&line);
                Self::Joined(lines)
            }
        };
    }
}

impl Decoder {
    /// A decoder at the start of a stream that refuses events whose data, with the line being read,
    /// is longer than `limit_bytes`.
    #[must_use]
    pub const fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            chunks: VecDeque::new(),
            line: Vec::new(),
            skip_line_feed: false,
            first_line: true,
            overflowed: false,
            name: String::new(),
            data: Data::None,
        }
    }

    /// Hands over the next bytes of the stream. Take all events before the next push: chunks not yet
    /// read are kept, and no limit holds for them.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// [`SseError`] for one event, once; the decoder goes on with the event after it.
    pub fn next_event(&mut self) -> Option<Result<Event, SseError>> {
        while let Some(line) = self.next_line() {
            let done = match line {
                Ok(line) if line.is_empty() => self.dispatch(),
                Ok(line) => {
                    self.field(&line);
                    None
                }
                Err(error) => Some(Err(error)),
            };
            if done.is_some() {
                return done;
            }
        }
        None
    }

    /// Whether the stream, if it ends here, ends within an event, which is then discarded.
    #[must_use]
    pub fn is_mid_event(&self) -> bool {
        let in_line = !self.line.is_empty() && !self.line.starts_with(b":");
        in_line || self.overflowed || !matches!(self.data, Data::None)
    }

    /// The next whole line without its end. While an event overflows, only its blank last line.
    fn next_line(&mut self) -> Option<Result<Bytes, SseError>> {
        loop {
            let mut chunk = self.chunks.pop_front()?;
            if std::mem::take(&mut self.skip_line_feed) && chunk.first() == Some(&b'\n') {
                chunk.advance(1);
            }
            let Some(end) = memchr2(b'\n', b'\r', &chunk) else {
                if let Err(error) = self.keep_partial(&chunk) {
                    return Some(Err(error));
                }
                continue;
            };
            let head = chunk.split_to(end);
            self.skip_line_end(chunk);
            if self.overflowed {
                let blank = self.line.is_empty() && head.is_empty();
                self.line.clear();
                if blank {
                    self.overflowed = false;
                    return Some(Ok(Bytes::new()));
                }
                continue;
            }
            if let Err(error) = self.check_size(head.len()) {
                // The line has ended, so the next one decides whether the event has, too.
                self.line.clear();
                return Some(Err(error));
            }
            return Some(Ok(self.whole_line(head)));
        }
    }

    /// Steps over the line end at the start of `chunk` and puts back what follows.
    fn skip_line_end(&mut self, mut chunk: Bytes) {
        let carriage_return = chunk.first() == Some(&b'\r');
        chunk.advance(1);
        if carriage_return {
            match chunk.first() {
                Some(b'\n') => chunk.advance(1),
                Some(_) => {}
                None => self.skip_line_feed = true,
            }
        }
        if !chunk.is_empty() {
            self.chunks.push_front(chunk);
        }
    }

    /// Keeps a chunk in which no line ends.
    fn keep_partial(&mut self, chunk: &[u8]) -> Result<(), SseError> {
        if !self.overflowed {
            self.check_size(chunk.len())?;
            self.line.extend_from_slice(chunk);
        } else if self.line.is_empty() {
            // One byte is enough to know that this line is not blank.
            self.line.extend_from_slice(chunk.get(..1).unwrap_or_default());
        }
        Ok(())
    }

    /// Whether `more` bytes of the current line still fit; if not, the event is given up.
    fn check_size(&mut self, more: usize) -> Result<(), SseError> {
        if self.data.len() + self.line.len() + more <= self.limit_bytes {
            return Ok(());
        }
        self.overflowed = true;
        self.first_line = false;
        self.name.clear();
        self.data = Data::None;
        self.line = Vec::from(*b".");
        Err(SseError::TooLarge { limit_bytes: self.limit_bytes })
    }

    /// The current line, which ends with `head`.
    fn whole_line(&mut self, head: Bytes) -> Bytes {
        let mut line = if self.line.is_empty() {
            head
        } else {
            self.line.extend_from_slice(&head);
            Bytes::from(std::mem::take(&mut self.line))
        };
        if std::mem::take(&mut self.first_line) && line.starts_with(b"\xEF\xBB\xBF") {
            line.advance(3);
        }
        line
    }

    /// Takes in one line that is not blank. Comments, `id:`, `retry:` and unknown fields say nothing.
    fn field(&mut self, line: &Bytes) {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let mut start = line.len().min(colon + 1);
        if line.get(start) == Some(&b' ') {
            start += 1;
        }
        match line.get(..colon) {
            Some(b"data") => self.data.push_line(line.slice(start..)),
            Some(b"event") => {
                self.name = String::from_utf8_lossy(line.get(start..).unwrap_or_default()).into();
            }
            Some(_) | None => {}
        }
    }

    /// The event that a blank line ends; none without data.
    fn dispatch(&mut self) -> Option<Result<Event, SseError>> {
        let name = std::mem::take(&mut self.name);
        let data = match std::mem::take(&mut self.data) {
            Data::None => return None,
            Data::One(line) => line,
            Data::Joined(lines) => Bytes::from(lines),
        };
        Some(match std::str::from_utf8(&data) {
            Ok(_) => Ok(Event { name, data }),
            Err(_) => Err(SseError::NotUtf8),
        })
    }
}

/// Appends one event without a name: `data: ...` and a blank line. Text with line breaks becomes
/// several `data:` lines, which a decoder joins again.
pub fn write_data(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    out.extend_from_slice(b"data: ");
    while let Some(end) = memchr2(b'\n', b'\r', rest) {
        let (line, tail) = rest.split_at(end);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\ndata: ");
        let skip = if tail.starts_with(b"\r\n") { 2 } else { 1 };
        rest = tail.get(skip..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\n\n");
}
