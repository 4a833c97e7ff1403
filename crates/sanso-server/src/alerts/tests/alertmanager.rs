//! Alertmanager: what is said to it, and a real one where its binary is at hand.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sanso::wall_clock;
use sanso::watch::{Change, Severity};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

use super::receiver::{BROKEN, OK, Receiver};
use super::*;

fn sink(url: &str) -> String {
    format!("{{type: alertmanager, url: '{url}'}}")
}

fn base(receiver: &Receiver) -> &str {
    receiver.url.split_once("/hook").unwrap().0
}

/// `firing warning`, `ended critical`.
fn told(body: &Value) -> Vec<String> {
    let entries = body.as_array().unwrap().iter();
    let said = entries.map(|entry| {
        let state = if entry.get("endsAt").is_some() { "ended" } else { "firing" };
        format!("{state} {}", entry["labels"]["severity"].as_str().unwrap())
    });
    said.collect()
}

#[tokio::test]
async fn an_alert_is_labels_words_and_times() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (delivery, _hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    let received = receiver.next().await;
    assert!(received.head.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"), "{}", received.head);
    let json = received.json();
    assert_eq!(
        json[0]["labels"],
        json!({
            "alertname": "SansoFallbackRate", "severity": "warning", "instance": "gw-1",
            "model_group": "main-model",
        })
    );
    assert_eq!(json[0]["startsAt"], "2026-11-24T14:18:00.000Z");
    let words = &json[0]["annotations"];
    assert_eq!(words["summary"], "Warning: main-model: fallback rate 12.4 %, limit 5 %");
    assert!(words["cause"].as_str().unwrap().starts_with("because anthropic rate-limits it: "));
    assert!(words["description"].as_str().unwrap().contains("Raise the anthropic plan"));
}

#[tokio::test]
async fn what_fires_is_said_each_minute_until_it_is_well() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    assert_eq!(told(&receiver.next().await.json()), ["firing warning"]);
    for _ in 0..2 {
        assert_eq!(hand.pass().await, Duration::from_secs(60));
        assert_eq!(told(&receiver.next().await.json()), ["firing warning"]);
    }
    // To Alertmanager, other labels are another alert.
    delivery.deliver(&notice(Change::Escalated, Severity::Critical));
    assert_eq!(told(&receiver.next().await.json()), ["ended warning", "firing critical"]);
    hand.pass().await;
    assert_eq!(told(&receiver.next().await.json()), ["firing critical"]);
    delivery.deliver(&notice(Change::Resolved, Severity::Critical));
    assert_eq!(told(&receiver.next().await.json()), ["ended critical"]);
    hand.pass().await;
    hand.is_asked().await;
    assert!(!receiver.has_more(), "nothing fires, nothing is said");
}

#[tokio::test]
async fn it_is_never_left_alone_for_longer_than_a_minute() {
    let mut receiver = Receiver::start(vec![BROKEN]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    for _ in 0..12 {
        receiver.next().await;
        assert!(hand.pass().await <= Duration::from_secs(60));
    }
}

#[tokio::test]
async fn what_fired_before_a_restart_goes_on_and_ends() {
    let mut receiver = Receiver::start(vec![OK]).await;
    let (before, _hand) = delivery(&sink(base(&receiver)));
    before.deliver(&fired());
    let first = receiver.next().await.json();
    before.close().await;

    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.stand(&[alert(Severity::Warn)]);
    hand.pass().await;
    let again = receiver.next().await.json();
    assert_eq!(again[0]["labels"], first[0]["labels"]);
    delivery.deliver(&notice(Change::Resolved, Severity::Warn));
    let ended = receiver.next().await.json();
    assert_eq!(ended[0]["labels"], first[0]["labels"]);
    assert_eq!(ended[0]["endsAt"], NOW.to_string());
}

#[tokio::test]
async fn what_ends_without_a_word_is_ended_once() {
    let mut receiver = Receiver::start(vec![OK, BROKEN, OK]).await;
    let (delivery, mut hand) = delivery(&sink(base(&receiver)));
    delivery.deliver(&fired());
    receiver.next().await;
    // It was silenced, and was well before the silence ended.
    let (_, over) = hand.is_asked().await;
    delivery.stand(&[]);
    over.send(()).unwrap();
    assert_eq!(told(&receiver.next().await.json()), ["ended warning"]);
    // That did not arrive.
    hand.pass().await;
    hand.pass().await;
    assert_eq!(told(&receiver.next().await.json()), ["ended warning"]);
    hand.pass().await;
    hand.is_asked().await;
    assert!(!receiver.has_more());
}

#[test]
fn a_providers_alert_keeps_its_labels_whoever_suffers() {
    let of = |group: &str| {
        let mut notice = fired();
        notice.alert.signal = Signal::ProviderErrorRate;
        notice.alert.subject = Subject {
            model_group: Some(group.into()),
            provider: Some("anthropic".into()),
            ..Subject::default()
        };
        crate::alerts::alertmanager::entries(&crate::alerts::Message::of(notice), "gw-1").remove(0)
    };
    assert_eq!(of("a")["labels"], of("b")["labels"]);
    assert_eq!(of("a")["labels"]["provider"], "anthropic");
    assert!(of("b")["annotations"]["description"].as_str().unwrap().contains("requests for b"));
}

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
    async fn start(binary: &PathBuf) -> Self {
        let name = format!("sanso-alertmanager-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("config.yml");
        std::fs::write(&config, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
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

    /// The names of what it holds for firing.
    async fn firing(&self) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let ask = "GET /api/v2/alerts HTTP/1.0\r\nHost: a\r\n\r\n";
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        let alerts: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        let alerts = alerts.as_array().unwrap().iter();
        alerts.map(|it| it["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_real_one_holds_an_alert_until_it_is_well() {
    let Some(binary) = binary() else {
        println!("skipped: there is no prometheus-alertmanager on PATH");
        return;
    };
    let real = Real::start(&binary).await;
    // Its clock is the system's: an alert of another year would have ended.
    let now = wall_clock();
    let tell = async |change| {
        let (delivery, _hand) = delivery(&sink(&format!("http://{}", real.address)));
        let mut notice = notice(change, Severity::Warn);
        (notice.at, notice.alert.since) = (now, now.minus(60_000));
        delivery.deliver(&notice);
        soon(delivery.close()).await;
        let health = delivery.health();
        assert!(health.shown().ok && health.sinks[0].queued == 0, "{health:?}");
    };
    assert_eq!(real.firing().await, [""; 0]);
    tell(Change::Fired).await;
    assert_eq!(real.firing().await, ["SansoFallbackRate"]);
    tell(Change::Resolved).await;
    assert_eq!(real.firing().await, [""; 0]);
}
