//! The rows of the verdict, each from both sides.

use sanso_watch::*;

use crate::rig::*;

#[test]
fn nothing_asked_is_empty() {
    let mut rig = Rig::new();
    rig.pass(HOUR);
    let verdict = rig.verdict();
    assert_eq!((verdict.state, verdict.severity), (State::Empty, Tone::Idle));
    assert_eq!(rig.sentence(), "Nothing has been asked yet.");
    rig.ask(own());
    assert_eq!(rig.verdict().state, State::Healthy);
}

#[test]
fn nobody_answers_one_group() {
    let mut rig = Rig::new();
    rig.run(10, 20, |_| nobody(Kind::ServerError));
    rig.run(1, 20, |_| request("pool", &[("k1", 0, Outcome::Success)]));
    let verdict = rig.verdict();
    assert_eq!((verdict.state, verdict.severity), (State::Down, Tone::Critical));
    assert_eq!(verdict.model_group.as_deref(), Some("main-model"));
}

#[test]
fn stored_answers() {
    let mut rig = Rig::new();
    rig.run(10, 20, |n| if n < 2 { stored() } else { own() });
    let verdict = rig.verdict();
    assert_eq!((verdict.state, verdict.severity), (State::Degraded, Tone::Critical));
}

#[test]
fn coming_back_after_a_reload() {
    let mut rig = Rig::new();
    rig.mark(MarkKind::Reload, "config reload");
    rig.run(10, 20, |_| fallback(Kind::ServerError));
    rig.stands("a", BreakerState::Open, START);
    assert_eq!(rig.verdict().state, State::Open);
    assert_eq!(rig.verdict().just_before.map(|mark| mark.what), Some("config reload".into()));
    let now = rig.now;
    rig.stands("a", BreakerState::Recovering, now);
    assert_eq!(rig.verdict().state, State::Recovering);
}
