//! The programs together, over real sockets.
#![expect(clippy::expect_used, reason = "a test that cannot start its programs has failed")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A server that is ended with the test, however that ends.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(binary: &str, args: &[&str]) -> Self {
        let mut child = Command::new(binary)
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let url = line.trim().strip_prefix("listening on ").expect("in the usual words").to_owned();
        Self { child, url }
    }

    fn upstream() -> Self {
        Self::start(env!("CARGO_BIN_EXE_upstream"), &["--interval-ms", "1"])
    }

    fn proxy(upstream: &Self) -> Self {
        Self::start(env!("CARGO_BIN_EXE_proxy"), &["--upstream", &upstream.url])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn load(url: &str, flags: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--url", &format!("{url}/v1/chat/completions"), "--seconds", "20"])
        .args(flags.split_whitespace())
        .output()
        .expect("the load runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[test]
fn plain_answers_come_whole_through_the_proxy() {
    let upstream = Server::upstream();
    let proxy = Server::proxy(&upstream);
    for url in [&upstream.url, &proxy.url] {
        let report = load(url, "--connections 4 --requests 100");
        assert_eq!((&report["requests"], &report["errors"]), (&100.into(), &0.into()), "{report}");
        assert!(report["latency_us"]["p50"].as_u64() <= report["latency_us"]["p99"].as_u64());
        assert!(report.get("chunk_delay_us").is_none());
    }
}

#[test]
fn streams_keep_every_token_and_their_end() {
    let upstream = Server::upstream();
    let proxy = Server::proxy(&upstream);
    for url in [&upstream.url, &proxy.url] {
        let report = load(url, "--connections 4 --requests 8 --tokens 20 --spread-ms 4");
        assert_eq!((&report["requests"], &report["errors"]), (&8.into(), &0.into()), "{report}");
        // 19 intervals of 1 ms lie between 20 tokens.
        assert!(report["latency_us"]["p50"].as_u64() >= Some(19_000), "{report}");
        assert!(report["first_token_us"]["p50"].as_u64() <= report["latency_us"]["p50"].as_u64());
    }
}

#[test]
fn faults_are_counted_and_end_the_load() {
    let upstream = Server::upstream();
    let proxy = Server::proxy(&upstream);
    drop(upstream);
    let report = load(&proxy.url, "--connections 2 --requests 1000");
    assert_eq!((&report["requests"], &report["errors"]), (&0.into(), &20.into()), "{report}");
    assert!(report["first_error"].is_string() && report["latency_us"].is_null());
}

#[test]
fn a_body_that_is_no_chat_is_refused() {
    let upstream = Server::upstream();
    let report = load(&upstream.url, "--requests 1 --model \"");
    assert_eq!(report["first_error"], "status 400 Bad Request");
}
