//! What the next call is to meet.

use std::collections::VecDeque;

use super::behaviour::{Behaviour, Pace};

/// The standing behaviour of a provider, and what comes before it.
#[derive(Debug)]
pub(crate) struct Script {
    pace: Pace,
    standing: Behaviour,
    /// Runs of calls that behave otherwise, in order; no run is empty.
    ahead: VecDeque<(u32, Behaviour)>,
}

impl Script {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, standing: Behaviour::Healthy, ahead: VecDeque::new() }
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// From now on `behaviour`; what was still ahead is forgotten.
    pub(crate) fn set(&mut self, behaviour: Behaviour) {
        self.standing = behaviour;
        self.ahead.clear();
    }

    /// The next `calls` calls, after those already scripted, meet `behaviour`.
    pub(crate) fn next(&mut self, calls: u32, behaviour: Behaviour) {
        if calls > 0 {
            self.ahead.push_back((calls, behaviour));
        }
    }

    /// What the call that arrives now meets.
    pub(crate) fn take(&mut self) -> Behaviour {
        let Some((left, behaviour)) = self.ahead.front_mut() else {
            return self.standing.clone();
        };
        let behaviour = behaviour.clone();
        *left -= 1;
        if *left == 0 {
            self.ahead.pop_front();
        }
        behaviour
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Problem;

    #[test]
    fn scripted_calls_come_first_and_in_order_then_the_standing_behaviour() {
        let mut script = Script::new(Pace::INSTANT);
        script.next(2, Problem::Overloaded.into());
        script.next(0, Behaviour::Html);
        script.next(1, Behaviour::Silent);
        let met: Vec<Behaviour> = (0..4).map(|_| script.take()).collect();
        let overloaded = Behaviour::Fails(Problem::Overloaded);
        assert_eq!(met, [overloaded.clone(), overloaded, Behaviour::Silent, Behaviour::Healthy]);
    }

    #[test]
    fn setting_a_behaviour_forgets_what_was_ahead() {
        let mut script = Script::new(Pace::INSTANT);
        script.next(5, Behaviour::Silent);
        script.set(Behaviour::Empty);
        assert_eq!(script.take(), Behaviour::Empty);
    }
}
