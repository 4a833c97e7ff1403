//! The real Prometheus scrapes the real binary: the text is taken, the numbers are those of the
//! traffic, and every query of the rules and of the dashboard can be asked.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sanso_sim::provider::{Behaviour, Problem, Provider, Vendor};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::deploy::{deploy, file, is_there};
use crate::raw::{Raw, ask, get};
use crate::support::{Server, soon};

/// How often it is asked what nothing announces.
const POLL: Duration = Duration::from_millis(50);

/// A Prometheus with a folder of its own.
struct Prometheus {
    address: SocketAddr,
    folder: PathBuf,
    /// Kept open. It says less than a pipe holds.
    _log: Lines<BufReader<ChildStderr>>,
    _child: Child,
}

impl Prometheus {
    async fn scraping(target: SocketAddr) -> Self {
        let name = format!("prometheus-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let rules = deploy().join("prometheus/rules.yml");
        let config = format!(
            "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}\n\
             rule_files: ['{}']\n\
             scrape_configs: [{{ job_name: sanso, static_configs: [{{ targets: ['{target}'] }}] }}]\n",
            rules.display()
        );
        let path = folder.join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = soon(lines.next_line()).await.unwrap().expect("it ended at once");
            if let Some((_, address)) = line.split_once("msg=\"Listening on\" address=") {
                break address.split(' ').next().unwrap().parse().unwrap();
            }
        };
        let prometheus = Self { address, folder, _log: lines, _child: child };
        soon(prometheus.ready()).await;
        prometheus
    }

    /// It listens before it answers.
    async fn ready(&self) {
        while Raw::connect(self.address).await.ask(get("/-/ready")).await.status != 200 {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn get(&self, path: &str) -> Value {
        Raw::connect(self.address).await.ask(get(path)).await.json()
    }

    async fn query(&self, query: &str) -> Value {
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        self.get(&format!("/api/v1/query?query={query}")).await
    }

    /// The value of a query with one answer; `None` while it has none.
    async fn number(&self, query: &str) -> Option<f64> {
        let answer = self.query(query).await;
        let [one] = &answer["data"]["result"].as_array()?[..] else { return None };
        one["value"][1].as_str()?.parse().ok()
    }

    /// Waits until a query has this answer.
    async fn is(&self, query: &str, value: f64) {
        let mut last = None;
        let holds = async {
            loop {
                last = self.number(query).await;
                if last == Some(value) {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let deadline = Duration::from_secs(20);
        let in_time = tokio::time::timeout(deadline, holds).await.is_ok();
        assert!(in_time, "{query} is {last:?}, not {value}");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn config(main: &Provider, spare: &Provider) -> String {
    let entry = |group: &str, provider: &Provider| {
        let vendor = provider.vendor();
        let (name, model, base) = (vendor.name(), vendor.model(), provider.base_url());
        format!(
            "  - model_name: {group}\n    litellm_params: {{ model: {name}/{model}, api_base: \"{base}\", api_key: sk-0123456789abcdef }}\n"
        )
    };
    format!(
        "model_list:\n{}{}litellm_settings: {{ num_retries: 0, fallbacks: [{{ main: [spare] }}] }}\nsanso: {{ history: off }}\n",
        entry("main", main),
        entry("spare", spare)
    )
}

/// Ten requests: seven answered by the first leg, three by its fallback.
async fn traffic(server: &Server, main: &Provider) {
    for number in 0..10 {
        match number {
            2 => main.fail_next(1, Problem::Overloaded),
            5 => main.fail_next(1, Problem::Status(500)),
            8 => main.fail_next(1, Behaviour::Empty),
            _ => {}
        }
        let reply = server.connect().await.ask(ask()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// Every metric that a text names, by the start of its names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.filter(|word| word.starts_with("sanso_")).collect()
}

#[tokio::test]
async fn prometheus_takes_what_the_binary_says() {
    let main = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let server = Server::start(&config(&main, &spare)).await;
    traffic(&server, &main).await;

    let said = Raw::connect(server.address).await.ask(get("/metrics")).await;
    let said = named(said.text());
    let dashboard = file("grafana/dashboards/sanso.json");
    for name in named(&file("prometheus/rules.yml")).union(&named(&dashboard)) {
        assert!(said.contains(name), "{name} is not in /metrics");
    }

    if !is_there("prometheus").await {
        return;
    }
    let prometheus = Prometheus::scraping(server.address).await;
    prometheus.is("up{job='sanso'}", 1.0).await;
    prometheus.is("sum(sanso_requests_total)", 10.0).await;
    prometheus.is("sanso_requests_total{model_group='main',degradation='full'}", 7.0).await;
    prometheus.is("sum(sanso_fallbacks_total{from='main',to='spare'})", 3.0).await;
    prometheus.is("sum(sanso_attempts_total{outcome='success'}) by (provider) > 5", 7.0).await;
    prometheus.is("sanso_overhead_seconds_count", 10.0).await;
    prometheus.is("sum(litellm_deployment_successful_fallbacks_total)", 3.0).await;
    prometheus.is("count(sanso_alert_firing)", 9.0).await;
    let targets = prometheus.get("/api/v1/targets").await;
    assert_eq!(targets["data"]["activeTargets"][0]["lastError"], "", "{targets}");

    // Every rule and every panel can be asked over what is really there.
    prometheus.is("count(ALERTS) or vector(0)", 0.0).await;
    let rules = prometheus.get("/api/v1/rules").await;
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap().clone();
    assert!(rules.len() >= 15, "{rules:?}");
    for rule in &rules {
        assert_ne!(rule["health"], "err", "{rule}");
        let answer = prometheus.query(rule["query"].as_str().unwrap()).await;
        assert_eq!(answer["status"], "success", "{rule}: {answer}");
    }
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut asked = 0;
    for target in targets {
        let query = target["expr"].as_str().unwrap();
        let query = query.replace("$model_group", ".*").replace("$window", "5m");
        let answer = prometheus.query(&query).await;
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        asked += 1;
    }
    assert!(asked >= 20, "{asked}");
}
