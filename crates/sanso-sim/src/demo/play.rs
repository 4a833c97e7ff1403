//! Plays a story on a stage.

use sanso_core::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval_at, sleep_until};

use super::narrate::{Narrator, Transition};
use super::stage::Stage;
use super::story::{Scene, Story};
use crate::clock::Stopwatch;
use crate::traffic::Replies;

/// Plays `story` to its end and says each line as it comes, with a closing word.
///
/// `replies` are those of traffic through a gateway with the stage's configuration, and
/// `transitions` are what that gateway tells of its breakers; without the latter the last scene
/// ends on time. Dropping the future ends the play.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// use sanso_sim::demo::{Narrator, Stage, Story, Tempo, play};
/// let stage = Stage::start(Tempo::Fast).await?;
/// let gateway = "http://127.0.0.1:4000/v1"; // started with `stage.config()`
/// let (_events, transitions) = tokio::sync::mpsc::channel(64); // fed by its breaker events
/// let story = Story::new(Tempo::Fast);
/// let narrator = Narrator::new(story.longest(), false);
/// let replies = stage.traffic(gateway).start()?;
/// play(&stage, &story, replies, transitions, narrator, |line| println!("{line}")).await;
/// # Ok(()) }
/// ```
pub async fn play(
    stage: &Stage,
    story: &Story,
    replies: Replies,
    transitions: mpsc::Receiver<Transition>,
    narrator: Narrator,
    say: impl FnMut(&str),
) {
    let mut play = Play { stage, replies, transitions, narrator, say, clock: Stopwatch::start() };
    for scene in &story.scenes {
        play.scene(scene).await;
    }
    let summary = play.narrator.summary();
    (play.say)(&summary);
}

struct Play<'a, S> {
    stage: &'a Stage,
    replies: Replies,
    transitions: mpsc::Receiver<Transition>,
    narrator: Narrator,
    say: S,
    clock: Stopwatch,
}

impl<S: FnMut(&str)> Play<'_, S> {
    async fn scene(&mut self, scene: &Scene) {
        let title = self.narrator.scene(scene);
        (self.say)(&title);
        let begun = self.clock.elapsed();
        let second = Duration::from_secs(1);
        let mut seconds = interval_at(self.clock.at(begun + second), second);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut acts = scene.acts.iter().peekable();
        loop {
            let now = self.clock.elapsed();
            while let Some(act) = acts.next_if(|act| begun + act.at <= now) {
                self.stage.act(act);
            }
            if self.is_over(scene, now - begun) {
                return;
            }
            let next = acts.peek().map_or_else(|| self.next_end(scene, now - begun), |act| act.at);
            tokio::select! {
                Some(reply) = self.replies.next() => {
                    self.narrator.reply(self.clock.elapsed(), &reply);
                }
                Some(transition) = self.transitions.recv() => {
                    let line = self.narrator.transition(self.clock.elapsed(), &transition);
                    (self.say)(&line);
                }
                _ = seconds.tick() => {
                    let line = self.narrator.second(self.clock.elapsed());
                    (self.say)(&line);
                }
                () = sleep_until(self.clock.at(begun + next)) => {}
            }
        }
    }

    fn is_over(&self, scene: &Scene, played: Duration) -> bool {
        let settled = self.narrator.all_closed() || played >= scene.lasts + scene.settles_within;
        played >= scene.lasts && settled
    }

    /// When the scene ends if nothing else happens.
    fn next_end(&self, scene: &Scene, played: Duration) -> Duration {
        if played < scene.lasts { scene.lasts } else { scene.lasts + scene.settles_within }
    }
}
