//! The quota gate: what a 429 shuts, when it reopens, and the line in front of it.

use std::cell::RefCell;

use sanso_core::Rng;
use sanso_core::*;

use crate::rig::{ENTRY, ONE, one_deployment};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Quota {
    gates: Gates,
    now: Instant,
    rng: Rng,
    /// The places that were taken.
    line: RefCell<Vec<Place>>,
}

impl Quota {
    fn new(seed: u64) -> Self {
        let gates = Gates::new(&one_deployment(BreakerPolicy::default()));
        let (now, rng) = (Instant::ORIGIN + ms(1_000), Rng::from_seed(seed));
        Self { gates, now, rng, line: RefCell::default() }
    }

    fn ask(&mut self, slot: Option<QuotaSlot>) -> Result<Permit, Refusal> {
        let entry = Entry { slot, ..ENTRY };
        self.gates.acquire(ONE, &entry, self.now, &mut self.rng, &mut News::default())
    }

    fn limit(&mut self, permit: Permit, dimension: Dimension, hint: Option<Duration>) {
        let fault = Fault { dimension, ..Fault::new(FaultKind::RateLimited).with_hint(hint) };
        permit.failed(self.now, &fault, &mut self.rng, &mut News::default());
    }

    /// A call that meets a 429; returns for how long that shuts the gate.
    fn limited(&mut self, hint: Option<Duration>) -> Duration {
        let permit = self.ask(None).expect("it admits");
        self.limit(permit, Dimension::Requests, hint);
        self.shut_for().expect("shut")
    }

    fn answer(&mut self, permit: Permit) {
        let mut news = News::default();
        let tail = permit.answered(self.now, &mut self.rng, &mut news);
        tail.finished(self.now, &mut self.rng, &mut news);
    }

    fn shut_for(&self) -> Option<Duration> {
        self.gates.view(ONE, self.now).quota_shut_until.map(|until| until - self.now)
    }

    /// Whether it is the only gate that is shut.
    fn alone(&self) -> bool {
        let shut = self.gates.shut(ONE, self.now);
        shut.iter().all(|shut| shut.gate == Gate::Quota) && !shut.is_empty()
    }

    fn reopen(&mut self) {
        self.now = self.now + self.shut_for().expect("shut");
    }

    fn line_up(&self, within: Duration) -> Option<QuotaSlot> {
        let place = self.gates.line_up(ONE, self.now, Line::until(self.now + within))?;
        let slot = place.slot();
        self.line.borrow_mut().push(place);
        Some(slot)
    }

    /// Who holds this place leaves.
    fn leave(&self, slot: QuotaSlot) {
        self.line.borrow_mut().retain(|place| place.slot() != slot);
    }
}

#[test]
fn an_operator_sees_which_quota_is_shut_for_longest() {
    let mut quota = Quota::new(1);
    let shown = |quota: &Quota| quota.gates.view(ONE, quota.now).quota_dimension;
    assert_eq!(shown(&quota), None);
    let [one, other] = [quota.ask(None).expect("it admits"), quota.ask(None).expect("it admits")];
    quota.limit(one, Dimension::Tokens, Some(ms(500)));
    assert_eq!(shown(&quota), Some(Dimension::Tokens));
    quota.limit(other, Dimension::Requests, Some(ms(5000)));
    assert_eq!(shown(&quota), Some(Dimension::Requests));
    quota.reopen();
    assert_eq!(shown(&quota), None);
}

#[test]
fn a_look_at_the_line_takes_no_place_in_it() {
    let mut quota = Quota::new(1);
    quota.limited(Some(ms(500)));
    let look =
        |quota: &Quota| quota.gates.next_place(ONE, quota.now, Line::until(quota.now + ms(900)));
    let first = look(&quota).expect("a place");
    assert_eq!(look(&quota), Some(first));
    let just = quota.gates.next_place(ONE, quota.now, Line::until(first.at));
    assert_eq!(just, Some(first), "in time to the instant");
    assert_eq!(quota.line_up(ms(900)), Some(first));
    assert!(look(&quota).is_some_and(|next| next.at > first.at));
}

#[test]
fn a_hint_is_honoured_with_jitter_on_top_up_to_five_minutes() {
    // Hint, at least, at most; in milliseconds.
    let cases = [(0, 0, 100), (500, 500, 600), (20_000, 20_000, 22_000)];
    let absurd = [(301_000, 300_000, 330_000), (u64::MAX, 300_000, 330_000)];
    for (hint, least, most) in cases.into_iter().chain(absurd) {
        let shut = |seed| Quota::new(seed).limited(Some(ms(hint)));
        let times: Vec<Duration> = (0..50).map(shut).collect();
        assert!(times.iter().all(|time| (ms(least)..=ms(most)).contains(time)), "{times:?}");
        let spread = *times.iter().max().expect("some") - *times.iter().min().expect("some");
        assert!(spread > ms(most - least) / 2, "replicas must not return together");
    }
}

#[test]
fn without_a_hint_it_doubles_up_to_thirty_seconds_and_one_success_ends_that() {
    let mut quota = Quota::new(1);
    for expected in [1, 2, 4, 8, 16, 30, 30] {
        let shut = quota.limited(None).as_secs_f64();
        let most = f64::from(expected) * 1.1;
        assert!((f64::from(expected)..=most).contains(&shut), "{shut} for {expected}");
        assert_eq!(quota.ask(None).expect_err("shut").gate, Gate::Quota);
        quota.reopen();
    }
    let permit = quota.ask(None).expect("it admits again");
    quota.answer(permit);
    assert!(quota.limited(None) <= ms(1_100));
}

#[test]
fn of_the_429s_granted_before_a_shutting_one_raises_k() {
    let mut quota = Quota::new(1);
    let burst: Vec<Permit> = (0..20).map(|_| quota.ask(None).expect("it admits")).collect();
    for permit in burst {
        quota.limit(permit, Dimension::Requests, None);
    }
    assert!(quota.shut_for().expect("shut") <= ms(1_100));
    quota.reopen();
    let next = quota.limited(None);
    assert!((ms(2_000)..=ms(2_200)).contains(&next), "{next:?}");
}

#[test]
fn a_success_granted_before_a_shutting_does_not_end_the_row() {
    let mut quota = Quota::new(1);
    let old = quota.ask(None).expect("it admits");
    quota.limited(None);
    quota.answer(old);
    quota.reopen();
    assert!(quota.limited(None) >= ms(2_000));
}

#[test]
fn a_later_hint_among_old_429s_still_moves_the_time_without_a_new_draw() {
    let mut quota = Quota::new(1);
    let old: Vec<Permit> = (0..3).map(|_| quota.ask(None).expect("it admits")).collect();
    let shut = quota.limited(Some(ms(1_000)));
    for (permit, (hint, expected)) in
        old.into_iter().zip([(500, shut), (4_000, shut + ms(3_000)), (2_000, shut + ms(3_000))])
    {
        quota.limit(permit, Dimension::Requests, Some(ms(hint)));
        assert_eq!(quota.shut_for(), Some(expected), "after a hint of {hint} ms");
    }
    quota.reopen();
    assert!(quota.limited(None) <= ms(2_200), "and raises k once");
}

#[test]
fn an_old_429_without_a_hint_does_not_shut_what_has_reopened() {
    let mut quota = Quota::new(1);
    let old = quota.ask(None).expect("it admits");
    quota.limited(Some(ms(500)));
    quota.reopen();
    quota.limit(old, Dimension::Requests, None);
    assert_eq!(quota.shut_for(), None);
    assert!(quota.line_up(ms(60_000)).is_none(), "where nothing is shut there is no line");
    assert_eq!(quota.shut_for(), None, "and asking for a place makes none");
}

#[test]
fn the_line_leaves_one_by_one_while_newcomers_find_the_gate_shut() {
    let mut quota = Quota::new(1);
    let shut = quota.limited(Some(ms(1_000)));
    let opens = quota.now + shut;
    let line: Vec<QuotaSlot> = (0..3).map(|_| quota.line_up(ms(5_000)).expect("a place")).collect();
    for (place, slot) in line.iter().enumerate() {
        assert_eq!(slot.at, opens + ms(20) * place as u32);
    }
    assert!(quota.line_up(shut + ms(59)).is_none(), "a later place than is wanted");
    quota.now = opens;
    assert!(quota.ask(None).is_err(), "a newcomer");
    assert!(quota.ask(Some(line[1])).is_err(), "out of turn");
    assert!(quota.ask(Some(line[0])).is_ok());
    quota.now = line[2].at;
    assert!(quota.ask(Some(line[1])).is_ok() && quota.ask(Some(line[2])).is_ok());
    assert!(quota.ask(None).is_err());
    quota.now = opens + ms(60);
    assert!(quota.ask(None).is_ok(), "the line is over");
}

/// Forty clients that left made the next one wait for 42 s.
#[test]
fn those_who_leave_the_line_hold_up_no_one() {
    let mut quota = Quota::new(1);
    let shut = quota.limited(Some(ms(1_000)));
    let opens = quota.now + shut;
    let line: Vec<QuotaSlot> = (0..40).filter_map(|_| quota.line_up(ms(5_000))).collect();
    quota.leave(line[3]);
    let next = quota.line_up(ms(5_000)).expect("a place");
    assert_eq!(next.at, line[3].at, "the free place first");
    assert_eq!(quota.line_up(ms(5_000)).map(|slot| slot.at), Some(opens + ms(20) * 40));
    line.iter().for_each(|slot| quota.leave(*slot));
    quota.leave(next);
    quota.line.borrow_mut().clear();
    assert_eq!(quota.line_up(ms(5_000)).map(|slot| slot.at), Some(opens));
    quota.line.borrow_mut().clear();
    quota.now = opens;
    assert!(quota.ask(None).is_ok(), "no line stands");
}

#[test]
fn a_place_that_was_used_is_not_given_back() {
    let mut quota = Quota::new(1);
    quota.limited(Some(ms(1_000)));
    let line: Vec<QuotaSlot> = (0..3).filter_map(|_| quota.line_up(ms(5_000))).collect();
    quota.now = line[1].at;
    assert!(quota.ask(Some(line[1])).is_ok());
    quota.leave(line[1]);
    quota.leave(line[0]);
    let next = quota.line_up(ms(5_000)).expect("a place");
    assert_eq!(next.at, line[2].at + ms(20), "at the end");
    quota.leave(line[2]);
    assert_eq!(quota.line_up(ms(5_000)).map(|slot| slot.at), Some(line[2].at), "between them");
}

/// A later hint moves the end of the shutting past places that are held, and past free ones.
#[test]
fn a_free_place_before_the_reopening_is_no_ones() {
    let mut quota = Quota::new(1);
    let old = quota.ask(None).expect("it admits");
    quota.limited(Some(ms(1_000)));
    let line: Vec<QuotaSlot> = (0..3).filter_map(|_| quota.line_up(ms(5_000))).collect();
    quota.leave(line[1]);
    quota.limit(old, Dimension::Requests, Some(ms(3_000)));
    let opens = quota.now + quota.shut_for().expect("shut");
    assert!(opens > line[2].at);
    assert_eq!(quota.line_up(ms(5_000)).map(|slot| slot.at), Some(opens));
}

#[test]
fn a_place_in_the_line_is_void_once_the_gate_shuts_anew() {
    let mut quota = Quota::new(1);
    quota.limited(Some(ms(1_000)));
    let (one, other) = (quota.line_up(ms(5_000)), quota.line_up(ms(5_000)));
    quota.now = one.expect("a place").at;
    let permit = quota.ask(one).expect("its turn");
    quota.limit(permit, Dimension::Requests, Some(ms(1_000)));
    quota.now = other.expect("a place").at;
    assert!(quota.ask(other).is_err());
    quota.reopen();
    assert!(quota.ask(other).is_ok(), "as for anyone");
}

#[test]
fn requests_and_tokens_are_gates_of_their_own() {
    let mut quota = Quota::new(1);
    let old = quota.ask(None).expect("it admits");
    quota.limited(Some(ms(1_000)));
    quota.limit(old, Dimension::Tokens, Some(ms(5_000)));
    let shut = quota.shut_for().expect("shut");
    assert!(shut >= ms(5_000), "the later one names the time");
    let slot = quota.line_up(ms(10_000)).expect("a place");
    assert_eq!(slot.at, quota.now + shut);
    quota.now = quota.now + ms(2_000);
    assert!(quota.ask(None).is_err());
    quota.now = slot.at;
    assert!(quota.ask(Some(slot)).is_ok());
}

#[test]
fn shut_by_quota_alone_means_that_the_breaker_would_admit() {
    let mut quota = Quota::new(1);
    assert!(!quota.alone());
    let faults: Vec<Permit> = (0..20).map(|_| quota.ask(None).expect("it admits")).collect();
    quota.limited(Some(ms(60_000)));
    assert!(quota.alone());
    for permit in faults {
        permit.failed(
            quota.now,
            &Fault::new(FaultKind::ServerError),
            &mut quota.rng,
            &mut News::default(),
        );
    }
    assert!(!quota.alone());
    assert_eq!(quota.ask(None).expect_err("shut").gate, Gate::Quota, "the first gate is named");
}

#[test]
fn a_void_place_does_not_pass_the_new_line() {
    let mut quota = Quota::new(1);
    quota.limited(Some(ms(1_000)));
    let (one, other) = (quota.line_up(ms(5_000)), quota.line_up(ms(5_000)));
    quota.now = one.expect("a place").at;
    let permit = quota.ask(one).expect("its turn");
    quota.limit(permit, Dimension::Requests, Some(ms(1_000)));
    let fresh = quota.line_up(ms(5_000)).expect("a place in the new line");
    let second = quota.line_up(ms(5_000)).expect("a place in the new line");
    quota.leave(other.expect("a place"));
    assert_eq!(quota.line_up(ms(5_000)).map(|slot| slot.at), Some(second.at + ms(20)));
    quota.now = fresh.at;
    assert!(quota.ask(other).is_err());
    assert!(quota.ask(Some(fresh)).is_ok());
}

#[test]
fn a_gate_that_shuts_again_is_shut_since_then() {
    let mut quota = Quota::new(1);
    let since = |quota: &Quota| quota.gates.shut(ONE, quota.now)[0].since;
    quota.limited(Some(ms(500)));
    let first = since(&quota);
    quota.reopen();
    quota.limited(Some(ms(500)));
    assert_eq!(since(&quota), quota.now);
    assert!(quota.now > first);
}

#[test]
fn an_old_hint_after_the_reopening_shuts_again_but_does_not_raise_k() {
    let mut quota = Quota::new(1);
    let old = quota.ask(None).expect("it admits");
    quota.limited(None);
    quota.reopen();
    quota.limit(old, Dimension::Requests, Some(ms(5_000)));
    assert!(quota.shut_for().is_some_and(|shut| shut >= ms(5_000)));
    quota.reopen();
    let next = quota.limited(None);
    assert!((ms(2_000)..=ms(2_200)).contains(&next), "{next:?}");
}

#[test]
fn there_is_no_line_before_a_gate_that_has_reopened_unasked() {
    let mut quota = Quota::new(1);
    quota.limited(Some(ms(1_000)));
    quota.reopen();
    assert!(quota.line_up(ms(60_000)).is_none());
    assert!(quota.ask(None).is_ok(), "and asking for a place shut nothing");
}
