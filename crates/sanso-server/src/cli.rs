//! The command line, as types.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An LLM gateway that fails over, and says so.
#[derive(Debug, Parser)]
#[command(name = "sanso", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve OpenAI's API from a LiteLLM config.yaml.
    Serve(Serve),
    /// Check a configuration, and draw its chains.
    Check(Check),
    /// Say what would become of a request: who is called, in which order, at which price. Calls no one.
    Explain(Explain),
    /// Alerts: whether they arrive.
    #[command(subcommand)]
    Alerts(Alerts),
    /// Print alerting rules for Prometheus, with the thresholds of sanso's own alerts.
    Rules(Rules),
    /// Watch the chain at work: simulated providers, live traffic, an outage and its recovery.
    Demo(Demo),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration, in LiteLLM's format.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The address to listen on. Any other than a loopback address needs a master key.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 lets the system pick one.
    #[arg(long, short, default_value_t = 4000)]
    pub(crate) port: u16,
    /// Do not write a JSON line per finished request to standard output.
    #[arg(long)]
    pub(crate) no_request_log: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration, in LiteLLM's format.
    #[arg(value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The configuration, in LiteLLM's format.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The task that is asked for, whatever the request names.
    #[arg(long, short, required_unless_present = "file")]
    pub(crate) task: Option<String>,
    /// The request: a JSON body of POST /v1/chat/completions. Without one, a prompt of 1000 tokens.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Say it in JSON, as POST /admin/explain does.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alerts {
    /// Send a test to every sink of `sanso.alerts`, and say which took it.
    Test(AlertsTest),
}

#[derive(Debug, Args)]
pub(crate) struct AlertsTest {
    /// The configuration, in LiteLLM's format.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// The configuration whose thresholds hold, in LiteLLM's format. Without one, the defaults.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Demo {
    /// Tell the story in seconds.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Go on with traffic after the story, until stopped: the page stays to be looked at.
    #[arg(long)]
    pub(crate) keep: bool,
    /// The port that the gateway listens on; 0 lets the system pick one.
    #[arg(long, short, default_value_t = 4000)]
    pub(crate) port: u16,
}

/// How a configuration is read.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Reading {
    /// Take keys that are unknown, or that sanso does not do yet, as errors.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Leave out deployments whose environment variables are not set.
    #[arg(long)]
    pub(crate) allow_unset_env: bool,
}
