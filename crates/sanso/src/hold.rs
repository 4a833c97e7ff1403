//! An answer that is held until it is whole: nothing of it goes out before, so that one that breaks can
//! be asked for anew unseen.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sanso_core::{FaultKind, Phase};
use sanso_wire::Failure;
use sanso_wire::openai_chat::Fold;
use sanso_wire::sse::Decoder;
use tokio::time::{Instant, sleep_until};

use crate::ask::Asked;
use crate::call::{Told, Whole, judged};
use crate::crawl::{CRAWL_BELOW, CRAWL_OVER, crawls};
use crate::flow::{Flow, Progress};

/// Reads a stream from its first content to its end. It takes as long as contents keep coming: no more
/// than `gap` apart, and not at a crawl.
#[expect(clippy::disallowed_methods, reason = "the limits of one read, not a decision")]
pub(crate) async fn until_whole(mut flow: Box<Flow>, gap: Duration, asked: Arc<Asked>) -> Told {
    let mut last_content = Instant::now();
    let mut looked = (last_content, flow.characters());
    // Counted from the finish, as for a stream that is relayed: the last content may be long ago.
    let mut closes_at: Option<Instant> = None;
    loop {
        let crawl_at = looked.0 + CRAWL_OVER;
        // A gap may be set to no limit at all, which no clock can name.
        let silent_at = last_content.checked_add(gap).unwrap_or(crawl_at + gap.min(CRAWL_OVER));
        let closes_within = flow.marker_limit().filter(|_| flow.is_past_finish());
        closes_at = closes_within.map(|limit| closes_at.unwrap_or_else(|| Instant::now() + limit));
        let wake = closes_at.unwrap_or_else(|| silent_at.min(crawl_at));
        let progress = tokio::select! {
            biased;
            progress = poll_fn(|cx| flow.poll_progress(cx)) => Some(progress),
            () = sleep_until(wake) => None,
        };
        let now = Instant::now();
        match progress {
            Some(Progress::More { content }) => {
                if content {
                    last_content = now;
                }
            }
            Some(Progress::Finished) => return whole(&mut flow, &asked),
            Some(Progress::Broken(failure)) => return failed(failure),
            // Without a marker only the end of the body would say that no more comes.
            None if closes_at.is_some() || (now >= silent_at && flow.is_past_finish()) => {
                flow.complete();
                return whole(&mut flow, &asked);
            }
            None if now >= silent_at => {
                return failed(gap_passed(format!("the stream brought nothing for {gap:?}")));
            }
            None => {
                let characters = flow.characters();
                // A plain call has its own limit.
                let speaks = asked.streamed.is_none() && !flow.is_past_finish();
                if speaks && crawls(looked.1, characters, CRAWL_OVER) {
                    return failed(gap_passed(format!(
                        "the stream crawls: under {CRAWL_BELOW} characters a second over {CRAWL_OVER:?}"
                    )));
                }
                looked = (now, characters);
            }
        }
    }
}

fn whole(flow: &mut Flow, asked: &Asked) -> Told {
    let events = flow.take_out();
    let body = if asked.streamed.is_some() { put_together(&events) } else { events };
    let whole = Whole { body, facts: flow.facts() };
    judged(whole, flow.take_answer().as_ref(), asked).into()
}

/// The client's events as the plain answer that it asked for.
fn put_together(events: &Bytes) -> Bytes {
    let mut fold = Fold::default();
    let mut decoder = Decoder::new(usize::MAX);
    decoder.push(events.clone());
    while let Some(event) = decoder.next_event() {
        if let Ok(event) = event {
            fold.push(&event.data);
        }
    }
    fold.finish().into()
}

fn gap_passed(message: String) -> Failure {
    Failure::new(FaultKind::Timeout(Phase::Gap), message)
}

fn failed(failure: Failure) -> Told {
    crate::call::Report::Failed(failure).into()
}

#[cfg(test)]
mod tests;
