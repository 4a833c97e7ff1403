//! Why a group stands where it does.

use super::ExplainedLeg;
use super::text::{dollars, seconds};
use crate::config::Strategy;

/// Says of each leg why it stands where it does. `strategy` is that of the task, where one is asked
/// for; `lowers`: soft faults count against a score, which they do not where no one else may answer.
pub(super) fn tell(legs: &mut [ExplainedLeg], strategy: Option<Strategy>, lowers: bool) {
    for place in 0..legs.len() {
        legs[place].why = why(legs, place, strategy, lowers);
    }
}

fn why(legs: &[ExplainedLeg], place: usize, strategy: Option<Strategy>, lowers: bool) -> String {
    let leg = &legs[place];
    let (said, unit) = match strategy {
        None if place == 0 => return "asked for".to_owned(),
        None => return "a fallback".to_owned(),
        Some(Strategy::Order) => return "as listed".to_owned(),
        Some(Strategy::Quality) => {
            (leg.quality.map(|quality| of_quality(leg, quality, lowers)), "score")
        }
        Some(Strategy::Cost) => (leg.cost_usd.map(dollars), "price"),
        Some(Strategy::Latency) => (leg.latency_ms.map(|_| of_pace(leg)), "measured pace"),
    };
    let Some(mut said) = said else { return format!("no {unit} is known: where it is listed") };
    if let Some(better) = legs[place + 1..].iter().find(|later| is_better(later, leg, strategy)) {
        said.push_str(&format!(", no clear difference to {}", better.model_group));
    }
    said
}

fn of_quality(leg: &ExplainedLeg, quality: f64, lowers: bool) -> String {
    // Less would be rounded away.
    if leg.soft_fault_rate < 0.0005 {
        return format!("quality {quality:.0}");
    }
    let share = leg.soft_fault_rate * 100.0;
    if !lowers {
        return format!("quality {quality:.0}, {share:.1} % of soft faults not counted");
    }
    format!("quality {quality:.1}, lowered by {share:.1} % of soft faults")
}

fn of_pace(leg: &ExplainedLeg) -> String {
    let first = leg.latency_ms.map(seconds).unwrap_or_default();
    let flows = leg.tokens_per_s.map(|speed| format!(", then {speed:.0} tokens/s"));
    let fails = leg.failure_rate.filter(|rate| *rate >= 0.0005);
    let fails = fails.map(|rate| format!(", {:.1} % of calls fail", rate * 100.0));
    let [flows, fails] = [flows, fails].map(Option::unwrap_or_default);
    format!("answers after {first}{flows}{fails}")
}

/// Whether a leg that stands behind another one would be before it by its figure alone: what keeps it
/// is the margin that an order does not flap within.
fn is_better(later: &ExplainedLeg, leg: &ExplainedLeg, strategy: Option<Strategy>) -> bool {
    let above = |one: Option<f64>, other: Option<f64>| one.zip(other).is_some_and(|(a, b)| a > b);
    // What failures cost, as the order counts it.
    let until = |leg: &ExplainedLeg| Some(leg.latency_ms? as f64 / (1.0 - leg.failure_rate?));
    match strategy {
        Some(Strategy::Quality) => above(later.quality, leg.quality),
        Some(Strategy::Latency) => above(until(leg), until(later)),
        Some(Strategy::Cost | Strategy::Order) | None => false,
    }
}
