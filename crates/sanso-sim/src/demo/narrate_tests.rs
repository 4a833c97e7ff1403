use super::*;
use crate::demo::{Story, Tempo};
use crate::traffic::Attempt;

const PRIMARY: &str = "anthropic/claude-sonnet-4-6";
const FALLBACK: &str = "openai/gpt-4.1";

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn narrator() -> Narrator {
    Narrator::new(at(90), false)
}

fn answered(by: &str, attempts: &str) -> Reply {
    Reply {
        number: 0,
        stream: false,
        asked_at: at(0),
        took: at(0),
        first_content: None,
        outcome: Outcome::Answered,
        served_by: Some(by.to_owned()),
        fallback: by == FALLBACK,
        attempts: Attempt::read_list(attempts),
    }
}

fn tell(narrator: &mut Narrator, now: Duration, times: usize, reply: &Reply) {
    (0..times).for_each(|_| narrator.reply(now, reply));
}

fn moved(from: BreakerState, to: BreakerState) -> Transition {
    Transition { deployment: PRIMARY.to_owned(), from, to }
}

#[test]
fn a_good_second() {
    let mut narrator = narrator();
    tell(&mut narrator, at(1), 10, &answered(PRIMARY, "anthropic/claude-sonnet-4-6=200@80ms"));
    assert_eq!(
        narrator.second(at(1)),
        "00:01  10 ok | served by anthropic/claude-sonnet-4-6 | retries 0 | fallback rate - | \
         breakers closed"
    );
    assert_eq!(
        narrator.second(at(2)),
        "00:02   0 ok | served by nobody | retries 0 | fallback rate - | breakers closed"
    );
}

#[test]
fn retries_and_a_first_few_fallbacks() {
    let mut narrator = narrator();
    tell(&mut narrator, at(62), 23, &answered(PRIMARY, "p=529@9ms; p=200@80ms"));
    tell(&mut narrator, at(62), 2, &answered(FALLBACK, "p=429@9ms; f=200@80ms"));
    assert_eq!(
        narrator.second(at(62)),
        "01:02  25 ok | served by anthropic/claude-sonnet-4-6 23, openai/gpt-4.1 2 | retries 23 | \
         fallback rate 8.0 % WARN (> 5 %) | breakers closed"
    );
}

#[test]
fn an_outage_and_its_end() {
    let mut narrator = narrator();
    let lines = [
        narrator.transition(at(30), &moved(BreakerState::Closed, BreakerState::Open)),
        {
            tell(&mut narrator, at(33), 20, &answered(FALLBACK, ""));
            narrator.second(at(33))
        },
        narrator.transition(at(36), &moved(BreakerState::Open, BreakerState::HalfOpen)),
        narrator.transition(at(37), &moved(BreakerState::HalfOpen, BreakerState::Recovering)),
        narrator.second(at(39)),
        narrator.transition(at(47), &moved(BreakerState::Recovering, BreakerState::Closed)),
    ];
    let expected = [
        "00:30  breaker of anthropic/claude-sonnet-4-6: closed -> OPEN, no call goes there now",
        "00:33  20 ok | served by openai/gpt-4.1 | retries 0 | fallback rate 100.0 % CRITICAL (> \
         10 %) | breaker: anthropic/claude-sonnet-4-6 OPEN for 3 s",
        "00:36  breaker of anthropic/claude-sonnet-4-6: OPEN -> half-open, a probe finds out \
         whether it is back",
        "00:37  breaker of anthropic/claude-sonnet-4-6: half-open -> recovering, its traffic \
         returns step by step",
        "00:39   0 ok | served by nobody | retries 0 | fallback rate 100.0 % CRITICAL (> 10 %) | \
         breaker: anthropic/claude-sonnet-4-6 recovering for 2 s",
        "00:47  breaker of anthropic/claude-sonnet-4-6: recovering -> closed, all its traffic is \
         back",
    ];
    assert_eq!(lines, expected);
    assert!(narrator.all_closed());
}

#[test]
fn failures_are_never_hidden() {
    let mut narrator = narrator();
    let refused = Outcome::Refused { status: 503, message: "no leg admits".to_owned() };
    tell(&mut narrator, at(1), 1, &Reply { outcome: refused, ..answered(PRIMARY, "") });
    tell(&mut narrator, at(1), 3, &answered(PRIMARY, ""));
    assert_eq!(
        narrator.second(at(1)),
        "00:01   3 ok, 1 failed | served by anthropic/claude-sonnet-4-6 | retries 0 | fallback \
         rate - | breakers closed"
    );
    assert_eq!(
        narrator.summary(),
        "\n4 requests, 1 not answered: 3 by the primary, 0 by fallbacks. 0 retries that nobody \
         saw."
    );
}

#[test]
fn a_scene_is_numbered_and_wrapped() {
    let mut narrator = narrator();
    let story = Story::new(Tempo::Full);
    narrator.scene(&story.scenes[0]);
    assert_eq!(
        narrator.scene(&story.scenes[1]),
        "\n2. A blip\n   Two calls of the primary meet an overload. They are retried there, and \
         no\n   user notices."
    );
    for scene in &story.scenes {
        assert!(narrator.scene(scene).lines().all(|line| line.len() <= 80), "{}", scene.title);
    }
}

#[test]
fn colour_is_there_only_when_asked_for_and_changes_no_word() {
    let mut plain = narrator();
    let mut colourful = Narrator::new(at(90), true);
    for narrator in [&mut plain, &mut colourful] {
        narrator.transition(at(1), &moved(BreakerState::Closed, BreakerState::Open));
        tell(narrator, at(1), 20, &answered(FALLBACK, ""));
    }
    let (plain, colourful) = (plain.second(at(2)), colourful.second(at(2)));
    assert!(!plain.contains('\x1b'));
    assert!(colourful.contains("\x1b[31mOPEN\x1b[0m"), "{colourful}");
    let bare = ["\x1b[31m", "\x1b[0m"].iter().fold(colourful, |text, code| text.replace(code, ""));
    assert_eq!(bare, plain);
}
