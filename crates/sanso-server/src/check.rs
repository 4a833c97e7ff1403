//! `sanso check FILE`.

use std::path::Path;
use std::process::ExitCode;

use sanso::config::{self, Config, ProcessEnvironment, Report};

use crate::cli::{Check, Reading};
use crate::output::{complain, refuse, say};

/// Checks a configuration and draws its chains. Exits 2 where it cannot be used.
pub(crate) fn run(options: &Check) -> ExitCode {
    match load(&options.config, options.reading) {
        // The description ends with the warnings and notes.
        Ok(config) => {
            say(config::describe(&config));
            complain_of(&config);
            say(summary(&config));
            ExitCode::SUCCESS
        }
        Err(report) => refuse(report),
    }
}

/// The last line, which stays on the screen however much there was to say.
fn summary(config: &Config) -> String {
    let number = |count: usize, of: &str| match count {
        0 => format!("no {of}s"),
        1 => format!("1 {of}"),
        _ => format!("{count} {of}s"),
    };
    format!(
        "the configuration can be used: {} in {}, {}",
        number(config.deployments.len(), "deployment"),
        number(config.groups.len(), "group"),
        number(config.warnings.len(), "warning"),
    )
}

/// Reads a configuration with the process's environment.
pub(crate) fn load(path: &Path, reading: Reading) -> Result<Config, Report> {
    let Reading { strict, allow_unset_env } = reading;
    let options = config::Options { strict, allow_unset_env };
    config::load(path, &ProcessEnvironment, options)
}

/// Prints what is not quite right with a configuration that can be used.
pub(crate) fn complain_of(config: &Config) {
    for diagnostic in config.warnings.iter().chain(&config.notes) {
        complain(format!("{diagnostic}\n"));
    }
}
