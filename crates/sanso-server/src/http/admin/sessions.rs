//! Sessions of the page: a random word in a cookie stands for the master key.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use ring::rand::{SecureRandom, SystemRandom};
use sanso::watch::Millis;

/// The cookie's name.
const NAME: &str = "sanso_session";
/// A working day: who leaves a page open overnight is asked again.
const LASTS: u64 = 12 * 3600 * 1000;
/// More than anybody has open; the oldest ends first.
const AT_MOST: usize = 100;
/// Wrong keys in a minute, from all together, before the answer is to wait: a script that has the
/// wrong key makes no noise for ever. What keeps who guesses out is the key's length.
const WRONG: u32 = 10;
const MINUTE: u64 = 60 * 1000;

/// Everyone who is logged in.
#[derive(Debug, Default)]
pub(in crate::http) struct Sessions(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// By the word, when each ends.
    ends: HashMap<String, Millis>,
    /// Since when wrong keys are counted, and how many.
    wrong: (Millis, u32),
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The words are as good as the key.
        f.debug_struct("Inner").field("sessions", &self.ends.len()).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Whether a request carries a session that has not ended.
    pub(super) fn has(&self, headers: &HeaderMap, now: Millis) -> bool {
        let words = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let words = words.flat_map(|value| value.split(';')).filter_map(|pair| {
            let (name, word) = pair.trim().split_once('=')?;
            (name == NAME).then_some(word)
        });
        let inner = self.lock();
        // A look-up by a hash with a secret seed tells nothing of the words by its time.
        words.into_iter().any(|word| inner.ends.get(word).is_some_and(|ends| now < *ends))
    }

    /// Begins one, and returns the `Set-Cookie` for it; `None` where the system has no randomness.
    pub(super) fn begin(&self, now: Millis) -> Option<String> {
        let word = word()?;
        let mut inner = self.lock();
        inner.ends.retain(|_, ends| now < *ends);
        if inner.ends.len() >= AT_MOST {
            let oldest = inner.ends.iter().min_by_key(|(_, ends)| **ends);
            let oldest = oldest.map(|(word, _)| word.clone()).unwrap_or_default();
            inner.ends.remove(&oldest);
        }
        let cookie =
            format!("{NAME}={word}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}", LASTS / 1000);
        inner.ends.insert(word, now.plus(LASTS));
        Some(cookie)
    }

    /// Whether another key may be tried now.
    pub(super) fn may_try(&self, now: Millis) -> bool {
        let (since, wrong) = self.lock().wrong;
        wrong < WRONG || now.since(since) >= MINUTE || now < since
    }

    /// Counts a wrong key.
    pub(super) fn wrong(&self, now: Millis) {
        let mut inner = self.lock();
        let (since, wrong) = inner.wrong;
        let goes_on = now.since(since) < MINUTE && now >= since;
        inner.wrong = if goes_on { (since, wrong.saturating_add(1)) } else { (now, 1) };
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 128 bits that nobody can guess.
fn word() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::with_capacity(32), |mut word, byte| {
        // Writing to a string cannot fail.
        let _ = write!(word, "{byte:02x}");
        word
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_session_lasts_a_working_day_and_no_other_word_will_do() {
        let sessions = Sessions::default();
        let now = Millis(1_000_000);
        let cookie = sessions.begin(now).unwrap();
        let pair = cookie.split(';').next().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/; "), "{cookie}");
        assert!(sessions.has(&with(pair), now));
        assert!(sessions.has(&with(&format!("a=b; {pair}; c=d")), now.plus(LASTS - 1)));
        assert!(!sessions.has(&with(pair), now.plus(LASTS)));
        assert!(!sessions.has(&with(&format!("{pair}0")), now));
        assert!(!sessions.has(&with(&pair.replace(NAME, "other")), now));
        assert!(!sessions.has(&HeaderMap::new(), now));
        for later in 1..=AT_MOST as u64 {
            sessions.begin(now.plus(later)).unwrap();
        }
        assert!(!sessions.has(&with(pair), now.plus(1)), "the oldest ends first");
        assert!(!format!("{sessions:?}").contains(pair.split('=').nth(1).unwrap()));
    }

    #[test]
    fn who_guesses_waits_for_the_next_minute() {
        let sessions = Sessions::default();
        let now = Millis(1_000_000);
        for _ in 0..WRONG {
            assert!(sessions.may_try(now));
            sessions.wrong(now);
        }
        assert!(!sessions.may_try(now.plus(MINUTE - 1)));
        assert!(sessions.may_try(now.plus(MINUTE)));
        sessions.wrong(now.plus(MINUTE));
        assert!(sessions.may_try(now.plus(MINUTE)));
    }
}
