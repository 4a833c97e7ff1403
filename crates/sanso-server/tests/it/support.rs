//! The binary, spawned and stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sanso_sim::provider::Provider;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::raw::Raw;
use crate::upstream::Upstream;

/// What must happen, and soon: a hang fails here.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("this takes too long")
}

/// A configuration file that lives as long as this.
#[derive(Debug)]
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("it-{}-{number}.yaml", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `main` at `base`, then what else is set.
pub(crate) fn config_at(base: &str, rest: &str) -> String {
    format!(
        "model_list:\n  - model_name: main\n    litellm_params: {{ model: openai/gpt-4.1, api_base: \"{base}\", api_key: sk-0123456789abcdef }}\n{rest}\n"
    )
}

pub(crate) fn config(provider: &Provider, rest: &str) -> String {
    config_at(&provider.base_url(), rest)
}

pub(crate) fn scripted(upstream: &Upstream, rest: &str) -> String {
    config_at(&upstream.base_url(), rest)
}

fn sanso(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanso"));
    // What it keeps by default is kept there.
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    soon(sanso(arguments).output()).await.unwrap()
}

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where the page is.
    pub(crate) page: SocketAddr,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
    _config: File,
}

impl Server {
    pub(crate) async fn start(config: &str) -> Self {
        let config = File::new(config);
        let mut command = sanso(&["serve", "--config", config.path(), "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = soon(stdout.next_line()).await.unwrap().expect("it ended before it listened");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["event"], "listening");
        let message = line["message"].as_str().unwrap();
        let address = message.strip_prefix("listening on http://").unwrap().parse().unwrap();
        let page = line["page"].as_str().unwrap().trim_end_matches('/');
        let page = page.strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, address, page, stdout, stderr, _config: config }
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// The next line of the request log.
    pub(crate) async fn log_line(&mut self) -> Value {
        let line = soon(self.stdout.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Reads what it tells the operator, up to a line with `words`.
    pub(crate) async fn told(&mut self, words: &str) -> String {
        loop {
            let line = soon(self.stderr.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it never said `{words}`"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// All that it still says, up to its end.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = soon(self.stdout.next_line()).await.unwrap() {
            lines.push(line);
        }
        while let Some(line) = soon(self.stderr.next_line()).await.unwrap() {
            lines.push(line);
        }
        lines
    }

    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
        assert!(soon(status).await.unwrap().success());
    }

    /// Waits for its end, and returns the exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        soon(self.child.wait()).await.unwrap().code()
    }

    /// See [`metric`].
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        metric(self.address, name, labels).await
    }
}

/// The sum of a metric over the series whose labels contain all of `labels`.
pub(crate) async fn metric(address: SocketAddr, name: &str, labels: &[&str]) -> f64 {
    let reply = Raw::connect(address).await.ask(crate::raw::get("/metrics")).await;
    let series = reply.text().lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let labelled = series.strip_prefix(name)?;
        let is_it = labelled.is_empty() || labelled.starts_with('{');
        (is_it && labels.iter().all(|label| labelled.contains(label)))
            .then(|| value.parse::<f64>().unwrap())
    });
    series.sum()
}
