//! Answers that may be served once more, within bounds of bytes and time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sanso_core::Instant;

use super::key::Key;

/// One answer's most: longer ones are not worth what they take from others.
pub(crate) const ANSWER_AT_MOST: usize = 1 << 20;
/// What an entry costs beside its body, roughly: key, name, places in two tables.
const OVERHEAD: usize = 256;

/// A kept answer.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// In the client's dialect, with all its events where it was a stream.
    pub(crate) body: Bytes,
    /// When it came.
    pub(crate) at: Instant,
    /// Whose it is: `provider/model`.
    pub(crate) by: Arc<str>,
}

/// Kept answers of all callers. One lock, held for a look or an insertion.
#[derive(Debug)]
pub(crate) struct Store {
    bytes_at_most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Entry>,
    /// Insertions, oldest first; those that were replaced since are passed over by their number.
    order: VecDeque<(Key, u64)>,
    inserted: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    stored: Stored,
    until: Instant,
    number: u64,
}

impl Store {
    /// A store of at most so many bytes.
    pub(crate) fn new(bytes_at_most: usize) -> Self {
        Self { bytes_at_most, kept: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Stored> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.get(key).map(|entry| entry.stored.clone())
    }

    /// Keeps an answer in place of an older one, and lets go of the oldest for it.
    pub(crate) fn put(&self, key: Key, stored: Stored, until: Instant, now: Instant) {
        let size = size(&stored);
        if stored.body.len() > ANSWER_AT_MOST || size > self.bytes_at_most {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.inserted += 1;
        let number = kept.inserted;
        kept.bytes += size;
        kept.order.push_back((key, number));
        if let Some(replaced) = kept.answers.insert(key, Entry { stored, until, number }) {
            kept.bytes -= self::size(&replaced.stored);
        }
        kept.let_go(self.bytes_at_most, now);
    }
}

impl Kept {
    /// Lets go of what is stale or replaced at the old end, and of more while there is too much.
    fn let_go(&mut self, bytes_at_most: usize, now: Instant) {
        while let Some(&(key, number)) = self.order.front() {
            let entry = self.answers.get(&key).filter(|entry| entry.number == number);
            let is_kept = entry.is_some_and(|entry| entry.until > now);
            // Names of replaced answers in the middle are bounded, too.
            let is_crowded = self.order.len() > self.answers.len().saturating_mul(2) + 16;
            if is_kept && self.bytes <= bytes_at_most && !is_crowded {
                return;
            }
            let gone = entry.map(|entry| size(&entry.stored));
            if let Some(size) = gone {
                self.bytes -= size;
                self.answers.remove(&key);
            }
            self.order.pop_front();
        }
    }
}

fn size(stored: &Stored) -> usize {
    stored.body.len() + stored.by.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn answer(bytes: usize, seconds: u64) -> Stored {
        Stored { body: vec![b'x'; bytes].into(), at: at(seconds), by: "openai/gpt".into() }
    }

    fn key(number: u8) -> Key {
        [number; 32]
    }

    #[test]
    fn what_is_kept_is_found_and_the_newest_holds() {
        let store = Store::new(1 << 20);
        store.put(key(1), answer(10, 1), at(100), at(1));
        store.put(key(1), answer(20, 2), at(100), at(2));
        assert_eq!(store.get(&key(1)).map(|stored| stored.body.len()), Some(20));
        assert!(store.get(&key(2)).is_none());
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much_and_bytes_never_exceed_the_limit() {
        let store = Store::new(10_000);
        for number in 0..200_u8 {
            store.put(key(number % 50), answer(1_000, 1), at(100), at(1));
            let kept = store.kept.lock().unwrap();
            let bytes: usize = kept.answers.values().map(|entry| size(&entry.stored)).sum();
            assert_eq!(kept.bytes, bytes);
            assert!(bytes <= 10_000 && kept.order.len() <= 2 * kept.answers.len() + 16);
        }
        assert!(store.get(&key(49)).is_some());
        assert!(store.get(&key(0)).is_none());
    }

    #[test]
    fn the_same_answer_again_and_again_takes_no_more_room() {
        let store = Store::new(1 << 20);
        for second in 0..10_000 {
            store.put(key(1), answer(10, second), at(second + 5), at(second));
        }
        let kept = store.kept.lock().unwrap();
        assert!(kept.answers.len() == 1 && kept.order.len() < 32);
    }

    #[test]
    fn the_stale_go_at_the_next_insertion_and_what_is_too_long_is_not_kept() {
        let store = Store::new(10 << 20);
        store.put(key(1), answer(10, 1), at(10), at(1));
        store.put(key(2), answer(10, 11), at(20), at(11));
        assert_eq!(store.kept.lock().unwrap().answers.len(), 1);
        store.put(key(3), answer(ANSWER_AT_MOST + 1, 11), at(20), at(11));
        assert!(store.get(&key(3)).is_none());
        assert!(store.get(&key(2)).is_some());
    }
}
