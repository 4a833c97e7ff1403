//! The sanso gateway: an OpenAI-compatible server over the `sanso` library.
#![forbid(unsafe_code)]

mod admin;
mod alerts;
mod check;
mod cli;
mod demo;
mod drain;
mod explain;
mod http;
mod log;
mod output;
mod rules;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use cli::{Alerts, Cli, Command};

/// What a request allocates is freed by the threads that keep it, which the system's allocator is slow
/// at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Alerts(Alerts::Test(options)) => alerts::command::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Demo(options) => demo::run(options),
    }
}
