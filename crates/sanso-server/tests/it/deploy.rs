//! `deploy/`: what can be said of it without a container engine. Every path and port in it is there,
//! rules are those of the binary, and Prometheus's own tools find nothing wrong.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::support::{File, config_at, run, soon};

pub(crate) fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").canonicalize().unwrap()
}

pub(crate) fn file(name: &str) -> String {
    std::fs::read_to_string(deploy().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Whether a program of Debian's is installed. Where it is not, the test says so and is over; CI
/// installs them.
pub(crate) async fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let there = soon(command.status()).await.is_ok_and(|status| status.success());
    assert!(there || std::env::var_os("CI").is_none(), "`{program}` is missing: .ci/packages");
    if !there {
        println!(
            "skipped: `{program}` is not installed (Debian: prometheus, prometheus-alertmanager)"
        );
    }
    there
}

/// Runs a tool in `deploy/`, which must find nothing wrong.
async fn passes(program: &str, arguments: &[&str]) {
    if !is_there(program).await {
        return;
    }
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(deploy()).kill_on_drop(true).output();
    // A day of series for each rule takes seconds of a whole core.
    let output = tokio::time::timeout(Duration::from_secs(120), output).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn the_rule_file_is_what_the_binary_writes() {
    let output = run(&["rules"]).await;
    assert_eq!(output.status.code(), Some(0));
    let written = String::from_utf8(output.stdout).unwrap();
    let kept = file("prometheus/rules.yml");
    assert_eq!(written, kept, "write it anew: sanso rules > deploy/prometheus/rules.yml");
}

#[tokio::test]
async fn rules_have_the_thresholds_of_the_configuration() {
    let lines =
        "sanso: { alerts: { thresholds: { fallback_rate: { warn: 0.07, critical: 0.21 } } } }";
    let file = File::new(&config_at("http://127.0.0.1:9/v1", lines));
    let output = run(&["rules", "--config", file.path()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rules = String::from_utf8(output.stdout).unwrap();
    assert!(rules.contains("> 0.07\n") && rules.contains("> 0.21\n"), "{rules}");
    assert!(!rules.contains("> 0.05\n          and sum by (model_group"), "{rules}");
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_the_rules() {
    passes("promtool", &["check", "rules", "prometheus/rules.yml"]).await;
}

#[tokio::test]
async fn each_rule_fires_over_its_line_and_not_below_it() {
    passes("promtool", &["test", "rules", "prometheus/rules_test.yml"]).await;
}

#[tokio::test]
async fn promtool_and_amtool_find_nothing_wrong_with_the_configurations() {
    passes("promtool", &["check", "config", "prometheus/prometheus.yml"]).await;
    passes("amtool", &["check-config", "alertmanager/alertmanager.yml"]).await;
}

/// The scalars of lines such as `- ./a:/b:ro`.
fn items(yaml: &str) -> impl Iterator<Item = &str> {
    yaml.lines().filter_map(|line| line.trim().strip_prefix("- "))
}

#[test]
fn every_path_that_is_mounted_or_copied_is_there() {
    let compose = file("compose.yaml");
    let mounts = items(&compose).filter_map(|item| {
        // A variable's default is what counts: `${NAME:-path}:/there`.
        let item = item.strip_prefix("${").map_or(item, |it| it.split_once(":-").unwrap().1);
        let (here, _) = item.trim_matches('"').split_once([':', '}'])?;
        here.starts_with('.').then_some(here)
    });
    let mounts: Vec<&str> = mounts.collect();
    assert!(mounts.len() >= 6, "{mounts:?}");
    for mount in mounts {
        assert!(deploy().join(mount).exists(), "{mount} is mounted and not there");
    }
    let root = deploy().join("..");
    let mut copied = 0;
    for line in file("Dockerfile").lines() {
        let Some(paths) = line.strip_prefix("COPY ").filter(|it| !it.starts_with("--from")) else {
            continue;
        };
        let (sources, _) = paths.rsplit_once(' ').unwrap();
        for source in sources.split(' ') {
            assert!(root.join(source).exists(), "{source} is copied and not there");
            copied += 1;
        }
    }
    assert!(copied >= 4);
    // What is not ignored is what is built from.
    for kept in file("Dockerfile.dockerignore").lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root.join(kept).exists(), "{kept} is kept and not there");
    }
}

#[test]
fn every_variable_is_explained_and_every_port_meets_its_service() {
    let compose = file("compose.yaml");
    let example = file(".env.example");
    for piece in compose.split("${").skip(1) {
        let name: String =
            piece.chars().take_while(|it| it.is_ascii_uppercase() || *it == '_').collect();
        assert!(example.contains(&format!("{name}=")), ".env.example lacks {name}");
    }
    for (service, port, told) in [
        ("sanso", 4000, file("prometheus/prometheus.yml")),
        ("alertmanager", 9093, file("prometheus/prometheus.yml")),
        ("prometheus", 9090, file("grafana/provisioning/datasources/prometheus.yaml")),
    ] {
        assert!(compose.contains(&format!("\n  {service}:\n")), "no service {service}");
        assert!(
            compose.contains(&format!("\"127.0.0.1:{port}:{port}\"")),
            "{service} is not on {port}"
        );
        assert!(told.contains(&format!("{service}:{port}")), "{told}");
    }
    let uid = "uid: prometheus";
    assert!(file("grafana/provisioning/datasources/prometheus.yaml").contains(uid));
    let folder = "/var/lib/grafana/dashboards";
    assert!(file("grafana/provisioning/dashboards/sanso.yaml").contains(folder));
    assert!(compose.contains(&format!("./grafana/dashboards:{folder}:ro")));
    assert!(compose.matches("127.0.0.1:").count() >= 4 && !compose.contains("- \"0.0.0.0"));
}
