//! A short story, played with the fallback provider in the place of a gateway.

use std::time::Duration;

use sanso_sim::demo::{
    Act, BreakerState, Change, Narrator, Role, Scene, Stage, Story, Tempo, Transition, play,
};
use sanso_sim::provider::{Behaviour, Pace, Problem};
use sanso_sim::traffic::Traffic;
use tokio::sync::mpsc;

fn scene(title: &'static str, change: Change, settles_within: Duration) -> Scene {
    Scene {
        title,
        says: "Watch.",
        acts: vec![Act { at: Duration::ZERO, who: Role::Fallback, change }],
        lasts: Duration::from_millis(1100),
        settles_within,
    }
}

#[tokio::test]
async fn a_story_is_told_from_its_first_scene_to_its_sum() {
    let stage = Stage::start(Tempo::Fast).await.unwrap();
    stage.fallback.set_pace(Pace::INSTANT);
    let traffic = Traffic {
        key: Some("simulated".into()),
        per_second: 50,
        ..stage.traffic(stage.fallback.base_url())
    };
    let story = Story {
        scenes: vec![
            scene("Well", Change::Becomes(Behaviour::Healthy), Duration::ZERO),
            scene("Ill", Change::Becomes(Problem::Overloaded.into()), Duration::ZERO),
            scene("Well again", Change::Becomes(Behaviour::Healthy), Duration::from_secs(20)),
        ],
    };
    let (events, transitions) = mpsc::channel(8);
    let moved = |from, to| Transition { deployment: "openai/gpt-4.1".into(), from, to };
    let mut lines: Vec<String> = Vec::new();
    // A gateway's breaker, played by whoever reads the lines.
    let say = |line: &str| {
        if line.contains("2. Ill") {
            events.try_send(moved(BreakerState::Closed, BreakerState::Open)).unwrap();
        } else if line.contains("3. Well again") {
            events.try_send(moved(BreakerState::Open, BreakerState::Closed)).unwrap();
        }
        lines.push(line.to_owned());
    };
    let narrator = Narrator::new(story.longest(), false);
    play(&stage, &story, traffic.start().unwrap(), transitions, narrator, say).await;

    let position = |part: &str| lines.iter().position(|line| line.contains(part));
    let order = [
        position("1. Well"),
        position("2. Ill"),
        position("closed -> OPEN"),
        position(" failed"),
        position("3. Well again"),
        position("OPEN -> closed"),
        position("requests, "),
    ];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{lines:#?}");
    assert!(lines.last().unwrap().contains("not answered"));
}

#[tokio::test]
async fn a_last_scene_waits_for_the_breaker_no_longer_than_it_may() {
    let stage = Stage::start(Tempo::Fast).await.unwrap();
    let recovery = Scene {
        lasts: Duration::from_millis(50),
        ..scene("Back", Change::Becomes(Behaviour::Healthy), Duration::from_millis(100))
    };
    let story = Story { scenes: vec![recovery] };
    let (events, transitions) = mpsc::channel(8);
    let open = Transition {
        deployment: "openai/gpt-4.1".into(),
        from: BreakerState::Closed,
        to: BreakerState::Open,
    };
    events.send(open).await.unwrap();
    let replies = stage.traffic(stage.fallback.base_url()).start().unwrap();
    let mut lines: Vec<String> = Vec::new();
    let narrator = Narrator::new(story.longest(), false);
    play(&stage, &story, replies, transitions, narrator, |line| lines.push(line.into())).await;
    assert!(lines.iter().any(|line| line.contains("OPEN")), "{lines:#?}");
}
