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
            ExitCode::SUCCESS
        }
        Err(report) => refuse(report),
    }
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
