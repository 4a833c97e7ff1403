//! What happens in the demonstration, as data.

use sanso_core::Duration;

use super::stage::Tempo;
use crate::provider::{Behaviour, Problem};

/// Scenes, played one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// In order.
    pub scenes: Vec<Scene>,
}

/// One thing that happens to a provider, and the time to watch what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// A few words.
    pub title: &'static str,
    /// What happens, and what to look for.
    pub says: &'static str,
    /// What changes, by time.
    pub acts: Vec<Act>,
    /// How long it lasts.
    pub lasts: Duration,
    /// It goes on after that until every breaker is closed, but for no longer than this.
    pub settles_within: Duration,
}

/// A change of a provider's behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When, counted from the start of the scene.
    pub at: Duration,
    /// To whom.
    pub who: Role,
    /// What.
    pub change: Change,
}

/// A provider on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The first leg.
    Primary,
    /// The leg after it.
    Fallback,
    /// The leg after that.
    Last,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It behaves so from now on.
    Becomes(Behaviour),
    /// Its next calls meet this, then it is as before.
    Next(u32, Behaviour),
}

impl Story {
    /// All well, a blip, a rate limit, an outage, the recovery.
    #[must_use]
    pub fn new(tempo: Tempo) -> Self {
        Self {
            scenes: vec![
                healthy(tempo),
                blip(tempo),
                rate_limit(tempo),
                outage(tempo),
                recovery(tempo),
            ],
        }
    }

    /// The time it takes at most.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.scenes.iter().map(|scene| scene.lasts + scene.settles_within).sum()
    }
}

fn healthy(tempo: Tempo) -> Scene {
    Scene {
        title: "All is well",
        says: "The primary answers. Nothing else is asked.",
        acts: vec![primary(Duration::ZERO, Change::Becomes(Behaviour::Healthy))],
        lasts: tempo.pick(15, 8),
        settles_within: Duration::ZERO,
    }
}

fn blip(tempo: Tempo) -> Scene {
    Scene {
        title: "A blip",
        says: "Two calls of the primary meet an overload. They are retried there, and no user \
               notices.",
        acts: vec![
            primary(Duration::ZERO, Change::Becomes(Behaviour::Healthy)),
            primary(tempo.pick(2, 0), Change::Next(2, Problem::Overloaded.into())),
        ],
        lasts: tempo.pick(15, 4),
        settles_within: Duration::ZERO,
    }
}

fn rate_limit(tempo: Tempo) -> Scene {
    let (begins, wait) = (tempo.pick(2, 0), tempo.pick(2, 1));
    let limited = Problem::RateLimited { retry_after: Some(wait) };
    Scene {
        title: "A rate limit",
        says: "The primary answers 429 and says when to come again. Its quota gate shuts until \
               then, and the traffic goes to the fallback. The breaker does not move: the primary \
               is not sick.",
        acts: vec![
            primary(Duration::ZERO, Change::Becomes(Behaviour::Healthy)),
            primary(begins, Change::Becomes(limited.into())),
            // Whoever heeds the hint finds the limit gone; whoever does not runs into it again.
            primary(begins + wait, Change::Becomes(Behaviour::Healthy)),
        ],
        lasts: tempo.pick(15, 3),
        settles_within: Duration::ZERO,
    }
}

fn outage(tempo: Tempo) -> Scene {
    let limited = Problem::RateLimited { retry_after: Some(tempo.pick(4, 1)) };
    Scene {
        title: "An outage",
        says: "The primary fails every call. Its breaker opens, and from then on nobody waits for \
               it: the fallback serves, and where that meets a rate limit too, the next one. That \
               is no reason to sleep well: watch the fallback rate. In these lines it is that of \
               the whole demonstration.",
        acts: vec![
            primary(Duration::ZERO, Change::Becomes(Problem::Status(500).into())),
            fallback(tempo.pick(10, 2), Change::Next(1, limited.into())),
        ],
        lasts: tempo.pick(18, 5),
        settles_within: Duration::ZERO,
    }
}

fn recovery(tempo: Tempo) -> Scene {
    Scene {
        title: "Recovery",
        says: "The primary is back. A probe finds out, then its traffic returns step by step, so \
               that it is not crushed as it gets up, and the breaker closes.",
        acts: vec![primary(Duration::ZERO, Change::Becomes(Behaviour::Healthy))],
        lasts: tempo.pick(20, 2),
        settles_within: tempo.pick(40, 20),
    }
}

fn primary(at: Duration, change: Change) -> Act {
    Act { at, who: Role::Primary, change }
}

fn fallback(at: Duration, change: Change) -> Act {
    Act { at, who: Role::Fallback, change }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_sets_the_stage_first_and_ends_after_its_last_act() {
        for tempo in [Tempo::Full, Tempo::Fast] {
            for scene in Story::new(tempo).scenes {
                let first = scene.acts.first().map(|act| (act.at, &act.change));
                assert!(matches!(first, Some((Duration::ZERO, Change::Becomes(_)))), "{scene:?}");
                assert!(scene.acts.is_sorted_by_key(|act| act.at), "{scene:?}");
                assert!(scene.acts.iter().all(|act| act.at < scene.lasts), "{scene:?}");
            }
        }
    }

    /// What the rate limit costs of what was asked by then lies between the two lines that a gateway
    /// alerts at, by a margin: whoever looks on sees quality slip before the outage takes it.
    #[test]
    fn a_rate_limit_alone_is_a_warning() {
        for tempo in [Tempo::Full, Tempo::Fast] {
            let [begins, ends] = [1, 2].map(|act| rate_limit(tempo).acts[act].at);
            let asked = healthy(tempo).lasts + blip(tempo).lasts + ends;
            let share = (ends - begins).as_secs_f64() / asked.as_secs_f64();
            assert!((0.055..0.08).contains(&share), "{tempo:?}: {share}");
        }
    }

    #[test]
    fn a_fast_story_is_over_in_forty_seconds_and_a_full_one_in_two_minutes() {
        let lasts =
            |tempo| -> Duration { Story::new(tempo).scenes.iter().map(|scene| scene.lasts).sum() };
        assert!(lasts(Tempo::Fast) <= Duration::from_secs(22));
        assert!(lasts(Tempo::Full) <= Duration::from_secs(90));
        assert!(Story::new(Tempo::Fast).longest() <= Duration::from_secs(42));
        assert!(Story::new(Tempo::Full).longest() <= Duration::from_secs(125));
    }
}
