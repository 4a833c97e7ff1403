//! A stream that brings hardly anything, though never nothing.

use std::time::Duration;

use sanso_core::Instant;

/// Fewer characters a second than this ...
pub(crate) const CRAWL_BELOW: usize = 5;
/// ... over this time are a crawl.
pub(crate) const CRAWL_OVER: Duration = Duration::from_secs(10);

/// Whether a text grew too little. Of what has no characters, such as audio, the gap says enough.
pub(crate) fn crawls(before: usize, characters: usize, over: Duration) -> bool {
    let wanted = over.as_secs_f64() * CRAWL_BELOW as f64;
    characters > 0 && ((characters - before) as f64) < wanted
}

/// Watches a stream that passes: nothing is done about a crawl there, but it is not kept quiet.
#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
    before: usize,
    told: bool,
}

impl Pace {
    /// Of a stream that has brought so many characters.
    pub(crate) fn new(now: Instant, characters: usize) -> Self {
        Self { since: now, before: characters, told: false }
    }

    /// The client was busy for so long, and asked for nothing.
    pub(crate) fn excuse(&mut self, busy: Duration) {
        self.since = self.since + busy;
    }

    /// Content has come, and these are the characters so far: what is to be told of a stream that has
    /// crawled, once.
    pub(crate) fn note(&mut self, now: Instant, characters: usize) -> Option<String> {
        let over = now - self.since;
        if over < CRAWL_OVER || self.told {
            return None;
        }
        let (before, is_slow) = (self.before, crawls(self.before, characters, over));
        (self.since, self.before, self.told) = (now, characters, is_slow);
        is_slow.then(|| {
            let (grown, seconds) = (characters - before, over.as_secs());
            format!("the stream crawled: {grown} characters in {seconds} s")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_five_characters_a_second_is_a_crawl_and_silence_of_text_is_none() {
        let crawls = |before, characters| crawls(before, characters, CRAWL_OVER);
        assert_eq!([100, 149, 150].map(|at| crawls(100, at)), [true, true, false]);
        assert_eq!([crawls(0, 0), crawls(0, 49), crawls(0, 50)], [false, true, false]);
    }

    #[test]
    fn a_crawl_is_told_once_and_the_clients_own_time_is_none() {
        let at = |seconds| Instant::ORIGIN + Duration::from_secs(seconds);
        let mut pace = Pace::new(at(0), 10);
        assert_eq!(pace.note(at(9), 11), None, "too soon to say");
        assert_eq!(pace.note(at(10), 60), None);
        pace.excuse(Duration::from_secs(60));
        assert_eq!(pace.note(at(79), 61), None);
        let told = pace.note(at(81), 62);
        assert_eq!(told.as_deref(), Some("the stream crawled: 2 characters in 11 s"));
        assert_eq!(pace.note(at(95), 63), None, "once is enough");
    }
}
