//! A real Alertmanager, where its binary is at hand.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sanso::wall_clock;
use sanso::watch::{Change, Severity};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

use super::alertmanager::sink;
use super::*;

/// Debian's package and the project's own archive name it differently.
fn binary() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where programs are is the system's to say")]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let names = ["prometheus-alertmanager", "alertmanager"];
    let places = names.iter().flat_map(|name| folders.iter().map(move |it| it.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// A real one, on a port that it picks.
struct Real {
    _child: Child,
    /// Who logs into a pipe that nobody holds is killed.
    _log: Lines<BufReader<ChildStderr>>,
    address: String,
    folder: PathBuf,
}

impl Real {
    /// `name` is that of its folder, one for each test.
    async fn start(binary: &PathBuf, name: &str, configuration: &str) -> Self {
        let name = format!("sanso-alertmanager-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("config.yml");
        std::fs::write(&config, configuration).unwrap();
        let mut child = Command::new(binary)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = soon(lines.next_line()).await.unwrap().expect("it ended");
            let listens = line.contains("Listening on");
            if let (true, Some((_, address))) = (listens, line.split_once("address=")) {
                break address.split([' ', '"']).find(|it| !it.is_empty()).unwrap().to_owned();
            }
        };
        Self { _child: child, _log: lines, address, folder }
    }

    /// What it holds for firing.
    async fn alerts(&self) -> Vec<Value> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let ask = "GET /api/v2/alerts HTTP/1.0\r\nHost: a\r\n\r\n";
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// The names of these.
    async fn firing(&self) -> Vec<String> {
        let alerts = self.alerts().await;
        alerts.iter().map(|it| it["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    /// Tells it what became of alerts, from a gateway that has just been started. Its clock is the
    /// system's: an alert of another year would have ended.
    async fn tell(&self, mut notice: Notice) {
        let now = wall_clock();
        let (delivery, _hand) = delivery(&sink(&format!("http://{}", self.address)));
        (notice.at, notice.alert.since) = (now, now.minus(60_000));
        delivery.deliver(&notice);
        soon(delivery.close()).await;
        let health = delivery.health();
        assert!(health.shown().ok && health.sinks[0].queued == 0, "{health:?}");
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where it is not installed, a test says so and is over.
fn installed() -> Option<PathBuf> {
    let binary = binary();
    if binary.is_none() {
        println!("skipped: there is no prometheus-alertmanager on PATH");
    }
    binary
}

#[tokio::test]
async fn a_real_one_holds_an_alert_until_it_is_well() {
    let Some(binary) = installed() else { return };
    let nobody = "route: {receiver: none}\nreceivers: [{name: none}]\n";
    let real = Real::start(&binary, "holds", nobody).await;
    assert_eq!(real.firing().await, [""; 0]);
    real.tell(notice(Change::Fired, Severity::Warn)).await;
    assert_eq!(real.firing().await, ["SansoFallbackRate"]);
    real.tell(notice(Change::Resolved, Severity::Warn)).await;
    assert_eq!(real.firing().await, [""; 0]);
}

/// The configuration that ships: a critical alert speaks for the warning of the same thing, and for no
/// other.
#[tokio::test]
async fn a_real_one_inhibits_the_warning_of_what_is_critical_and_no_other() {
    let Some(binary) = installed() else { return };
    let shipped = include_str!("../../../../../deploy/alertmanager/alertmanager.yml");
    let real = Real::start(&binary, "inhibits", shipped).await;
    let of = |severity, group: &str, signal| {
        let mut notice = notice(Change::Fired, severity);
        notice.alert.signal = signal;
        notice.alert.subject.model_group = Some(group.into());
        notice
    };
    for warned in [
        of(Severity::Warn, "main-model", Signal::FallbackRate),
        of(Severity::Warn, "other-model", Signal::FallbackRate),
        of(Severity::Warn, "main-model", Signal::Degraded),
        of(Severity::Critical, "main-model", Signal::FallbackRate),
    ] {
        real.tell(warned).await;
    }
    let shown = async || {
        let mut shown: Vec<_> = real.alerts().await.iter().map(standing).collect();
        shown.sort();
        shown
    };
    let expected = [
        "SansoDegraded main-model warning active",
        "SansoFallbackRate main-model critical active",
        "SansoFallbackRate main-model warning suppressed",
        "SansoFallbackRate other-model warning active",
    ];
    // It is shown a moment before it is known to speak for another one.
    let known = async {
        while shown().await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), known).await.is_ok();
    assert!(in_time, "{:?}", shown().await);
}

/// `SansoDegraded main-model warning active`.
fn standing(alert: &Value) -> String {
    let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    let state = alert["status"]["state"].as_str().unwrap();
    let [name, group, severity] = ["alertname", "model_group", "severity"].map(label);
    format!("{name} {group} {severity} {state}")
}
