//! `sanso rules`.

use std::process::ExitCode;

use sanso::watch::{Thresholds, prometheus_rules};

use crate::check::{complain_of, load};
use crate::cli::Rules;
use crate::output::{refuse, say};

/// Prints a rule file. Exits 2 where the configuration is not fit.
pub(crate) fn run(options: &Rules) -> ExitCode {
    let thresholds = match &options.config {
        None => Thresholds::default(),
        Some(path) => match load(path, options.reading) {
            Ok(config) => {
                complain_of(&config);
                config.alerts.thresholds
            }
            Err(report) => return refuse(report),
        },
    };
    say(prometheus_rules(&thresholds).trim_end());
    ExitCode::SUCCESS
}
