//! An explanation for people.

use std::fmt;

use super::{ExplainedDeployment, ExplainedLeg, Explanation, Turn};

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.strategy.map(|strategy| format!(" by {strategy}")).unwrap_or_default();
        let (input, output) = (self.input_tokens, self.output_tokens);
        writeln!(out, "{}{by}, prompt {input} tokens, answer {output} expected", self.model_group)?;
        for (place, leg) in self.legs.iter().enumerate() {
            write!(out, "  {}. {leg}", place + 1)?;
        }
        let is_served = self.legs.iter().any(|leg| leg.turn == Turn::First);
        if !is_served {
            writeln!(out, "no one can be called now")?;
        }
        self.warnings.iter().try_for_each(|warning| writeln!(out, "warning: {warning}"))
    }
}

impl fmt::Display for ExplainedLeg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turn = match self.turn {
            Turn::First => "asked first",
            Turn::PassedOver => "passed over",
            Turn::Later => "if those before it fail",
            Turn::Denied => "never: fallbacks are denied",
        };
        let name = &self.model_group;
        writeln!(out, "{name:<16} {turn:<28} {}", self.why)?;
        self.deployments.iter().try_for_each(|one| write!(out, "     - {one}"))
    }
}

impl fmt::Display for ExplainedDeployment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.deployment)?;
        if self.share < 1.0 {
            write!(out, ", {:.0} % of its group's calls", self.share * 100.0)?;
        }
        match self.cost_usd {
            Some(cost) => write!(out, ", {}", dollars(cost))?,
            None => write!(out, ", price unknown")?,
        }
        if !self.not_now.is_empty() {
            write!(out, ", not now: {}", self.not_now.join("; "))?;
        }
        writeln!(out)
    }
}

/// As many digits as tell two prices of tokens apart.
pub(super) fn dollars(usd: f64) -> String {
    format!("${usd:.6}")
}

/// `0.42 s`.
pub(super) fn seconds(millis: u64) -> String {
    format!("{:.2} s", millis as f64 / 1000.0)
}
