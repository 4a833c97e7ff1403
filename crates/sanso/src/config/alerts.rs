//! `sanso.alerts`: who is told of alerts, and from which line on. LiteLLM's `alerting` names Slack,
//! too.

use std::fmt;

use http::Uri;
use sanso_watch::{Rate, Thresholds};
use secrecy::SecretString;

use super::base_url;
use super::field::Field;
use super::reader::{Place, Reader, Table};
use super::section::choice;
use super::source::MASK;

/// Who is told of alerts, and from which line on.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// Whom, in the order of the file. Where it says nothing: the log.
    pub sinks: Vec<Sink>,
    /// The lines that signals may not cross.
    pub thresholds: Thresholds,
}

/// Somewhere that alerts go.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Its type, numbered where several have the same: its label in metrics and messages.
    pub name: String,
    /// What it is.
    pub kind: SinkKind,
}

/// What a sink is.
#[derive(Clone, Debug)]
pub enum SinkKind {
    /// The operator's log.
    Log,
    /// An address that takes a notice as JSON.
    Webhook {
        /// Where it is posted.
        url: SinkUrl,
        /// What it is signed with; without one it is not signed.
        secret: Option<SecretString>,
    },
    /// An incoming webhook of Slack, or of whoever takes the same.
    Slack {
        /// Where it is posted. Who knows it can post there: a secret.
        url: SinkUrl,
    },
    /// Prometheus Alertmanager's API, version 2.
    Alertmanager {
        /// `POST /api/v2/alerts` of it.
        url: SinkUrl,
    },
}

/// An address that may be a secret: shown with its host alone.
#[derive(Clone)]
pub struct SinkUrl(Uri);

impl SinkUrl {
    /// The address itself.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.0
    }

    /// # Errors
    /// What must hold instead; the address is not quoted.
    fn parse(url: &str) -> Result<Self, &'static str> {
        let (Some(_), false) = (url.split_once("://"), base_url::host(url).is_empty()) else {
            return Err("an address such as https://host/path");
        };
        if base_url::authority(url).contains('@') {
            return Err("an address without user and password, which are not sent");
        }
        let uri = url.trim().parse::<Uri>().map_err(|_| "an address such as https://host/path")?;
        match uri.scheme_str() {
            Some("https" | "http") if uri.host().is_some() => Ok(Self(uri)),
            Some(_) | None => Err("an address that begins with https:// or http://"),
        }
    }
}

impl fmt::Display for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let host = self.0.authority().map_or("", |authority| authority.as_str());
        let path = self.0.path_and_query().map_or("/", |path| path.as_str());
        let path = if path == "/" { "" } else { MASK };
        write!(f, "{scheme}://{host}/{path}")
    }
}

impl fmt::Debug for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkUrl({self})")
    }
}

/// What the file says of alerts in one place.
#[derive(Default)]
pub(super) struct AlertsEntry {
    /// `None`: nothing.
    sinks: Option<Vec<SinkKind>>,
    thresholds: Thresholds,
}

impl AlertsEntry {
    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut entry = Self::default();
        if let Some(sinks) = table.take("sinks").and_then(|field| field.list(reader)) {
            entry.sinks = Some(sinks.iter().filter_map(|item| sink(item, reader)).collect());
        }
        if let Some(lines) = table.take("thresholds").and_then(|field| field.table(reader)) {
            entry.thresholds = thresholds(lines, reader);
        }
        table.finish(&[], reader);
        entry
    }

    /// With those of LiteLLM's `alerting` after its own.
    pub(super) fn with(self, litellm: Option<Vec<SinkKind>>) -> Alerts {
        let said = match (self.sinks, litellm) {
            (None, None) => vec![SinkKind::Log],
            (own, litellm) => own.into_iter().chain(litellm).flatten().collect(),
        };
        let mut sinks: Vec<Sink> = Vec::new();
        for kind in said {
            let same = sinks.iter().filter(|sink| sink.kind.as_str() == kind.as_str()).count();
            let name = match same {
                0 => kind.as_str().to_owned(),
                _ => format!("{}_{}", kind.as_str(), same + 1),
            };
            sinks.push(Sink { name, kind });
        }
        Alerts { sinks, thresholds: self.thresholds }
    }
}

#[derive(Clone, Copy)]
enum Type {
    Log,
    Webhook,
    Slack,
    Alertmanager,
}

const TYPES: [(&str, Type); 4] = [
    ("log", Type::Log),
    ("webhook", Type::Webhook),
    ("slack", Type::Slack),
    ("alertmanager", Type::Alertmanager),
];

impl SinkKind {
    /// As the file writes it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Alertmanager { .. } => "alertmanager",
        }
    }
}

fn sink(item: &Field<'_>, reader: &mut Reader<'_>) -> Option<SinkKind> {
    let mut table = item.table(reader)?;
    let kind = match table.take("type") {
        Some(field) => choice(&field, &TYPES, reader),
        None => {
            let names = TYPES.map(|(name, _)| name).join(", ");
            let help = format!("name one of: {names}");
            reader.error(&item.place, "a sink needs a `type`", Some(help));
            None
        }
    };
    let Some(kind) = kind else {
        // What it has beside is not judged, and may be a secret.
        table.rest().iter().for_each(|(_, field)| reader.source.hide(field.node));
        return None;
    };
    let sink = match kind {
        Type::Log => Some(SinkKind::Log),
        Type::Webhook => {
            let url = url(&mut table, reader);
            let secret = table.take("secret").map(|field| field.secret(reader));
            match secret {
                // A secret that cannot be read must not become no secret.
                Some(None) => None,
                Some(secret) => url.map(|url| SinkKind::Webhook { url, secret }),
                None => url.map(|url| SinkKind::Webhook { url, secret: None }),
            }
        }
        Type::Slack => url(&mut table, reader).map(|url| SinkKind::Slack { url }),
        Type::Alertmanager => {
            let base = table.take("url").or_else(|| missing(&table, reader));
            base.and_then(|field| alertmanager(&field, reader))
        }
    };
    table.finish(&[], reader);
    sink
}

fn url(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<SinkUrl> {
    use secrecy::ExposeSecret;
    let field = table.take("url").or_else(|| missing(table, reader))?;
    let url = field.secret(reader)?;
    match SinkUrl::parse(url.expose_secret()) {
        Ok(url) => Some(url),
        Err(wanted) => field.wrong(reader, wanted),
    }
}

fn missing<'n>(table: &Table<'n>, reader: &mut Reader<'_>) -> Option<Field<'n>> {
    let help = "such as `url: os.environ/ALERTS_URL`";
    reader.error(&table.place, "this sink needs a `url`", Some(help.into()));
    None
}

/// Its own address is enough: the path of the API is always the same.
fn alertmanager(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<SinkKind> {
    use secrecy::ExposeSecret;
    const PATH: &str = "/api/v2/alerts";
    let base = field.secret(reader)?;
    let base = base.expose_secret().trim();
    let parsed = base_url::check(base).and_then(|base| {
        SinkUrl::parse(&format!("{}{PATH}", base.strip_suffix(PATH).unwrap_or(&base)))
    });
    match parsed {
        Ok(url) => Some(SinkKind::Alertmanager { url }),
        Err(wanted) => {
            reader.error(&field.place, format!("`url` does not fit: {wanted}"), None);
            None
        }
    }
}

/// Two lines for each rate, one for openings.
fn thresholds(mut table: Table<'_>, reader: &mut Reader<'_>) -> Thresholds {
    let mut lines = Thresholds::default();
    for (key, line) in [
        ("fallback_rate", &mut lines.fallback_rate),
        ("provider_error_rate", &mut lines.provider_error_rate),
        ("degraded", &mut lines.degraded),
        ("unavailable", &mut lines.unavailable),
        ("soft_failure_rate", &mut lines.soft_failure_rate),
    ] {
        if let Some(field) = table.take(key) {
            *line = rate(&field, *line, reader).unwrap_or(*line);
        }
    }
    let openings = table.take("breaker_openings").and_then(|field| field.count(reader));
    lines.breaker_openings = openings.unwrap_or(lines.breaker_openings);
    table.finish(&[], reader);
    lines
}

fn rate(field: &Field<'_>, usual: Rate, reader: &mut Reader<'_>) -> Option<Rate> {
    let mut table = field.table(reader)?;
    let mut share = |key| {
        let field: Option<Field<'_>> = table.take(key);
        field.map(|field| field.share(reader))
    };
    let (warn, critical) = (share("warn"), share("critical"));
    let samples = table.take("min_samples").map(|field| match field.count(reader)? {
        0 => field.wrong(reader, "at least 1"),
        count => Some(count),
    });
    table.finish(&[], reader);
    let warn = warn.unwrap_or(Some(usual.warn()))?;
    let critical = critical.unwrap_or(Some(usual.critical()))?;
    let samples = samples.unwrap_or(Some(usual.min_samples()))?;
    match Rate::try_new(warn, critical, samples) {
        Ok(rate) => Some(rate),
        Err(error) => {
            let help = "set both `warn` and `critical`";
            reader.error(&field.place, error.to_string(), Some(help.into()));
            None
        }
    }
}

/// LiteLLM's `alerting`: of its sinks, Slack is one here, by the variable that LiteLLM reads.
pub(super) fn alerting(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<SinkKind>> {
    const VARIABLE: &str = "SLACK_WEBHOOK_URL";
    let mut sinks = Vec::new();
    for item in field.list(reader)? {
        match item.text(reader)?.as_str() {
            "slack" => {
                let url = reader.variable(VARIABLE).map(|url| reader.keep_out_of_messages(url));
                match url.as_deref().map(SinkUrl::parse) {
                    Some(Ok(url)) => sinks.push(SinkKind::Slack { url }),
                    Some(Err(wanted)) => {
                        let message = format!("the variable `{VARIABLE}` must be {wanted}");
                        reader.error(&item.place, message, None);
                    }
                    None => unset(&item.place, VARIABLE, reader),
                }
            }
            other => {
                let message = format!("the alerting `{other}` is not built yet and does nothing");
                let help = "`sanso.alerts.sinks` has log, webhook, slack and alertmanager";
                reader.not_done(&item.place, message, Some(help.into()));
            }
        }
    }
    (!sinks.is_empty()).then_some(sinks)
}

/// LiteLLM starts without it, and so do we; its alerts go to the log then.
fn unset(place: &Place, variable: &str, reader: &mut Reader<'_>) {
    let message = format!("the variable `{variable}` is not set: no alert goes to Slack");
    reader.warning(place, message, Some("set it to the address of an incoming webhook".into()));
}

/// It is about slow and hanging requests.
pub(super) fn alerting_threshold(field: &Field<'_>, reader: &mut Reader<'_>) {
    let message =
        "`alerting_threshold` does nothing: it is for slow requests, of which no alert is made";
    let help =
        "limit them by `sanso.timeouts.first_token`; `sanso.alerts.thresholds` are for quality";
    reader.not_done(&field.place, message, Some(help.into()));
}

/// Two lines for `sanso check`.
pub(super) fn describe(alerts: &Alerts) -> [String; 2] {
    let sinks = alerts.sinks.iter().map(|sink| match &sink.kind {
        SinkKind::Log => sink.name.clone(),
        SinkKind::Slack { url } | SinkKind::Alertmanager { url } => {
            format!("{} at {url}", sink.name)
        }
        SinkKind::Webhook { url, secret } => {
            let signed = if secret.is_some() { "signed" } else { "not signed" };
            format!("{} at {url} ({signed})", sink.name)
        }
    });
    let sinks: Vec<String> = sinks.collect();
    let sinks = if sinks.is_empty() { "no one".to_owned() } else { sinks.join(", ") };
    let lines = &alerts.thresholds;
    let rates = [
        ("fallback_rate", lines.fallback_rate),
        ("provider_error_rate", lines.provider_error_rate),
        ("degraded", lines.degraded),
        ("unavailable", lines.unavailable),
        ("soft_failure_rate", lines.soft_failure_rate),
    ];
    let percent = |share: f64| (share * 10_000.0).round() / 100.0;
    let rates = rates.map(|(name, rate)| {
        let (warn, critical) = (percent(rate.warn()), percent(rate.critical()));
        format!("{name} {warn}%/{critical}% of {}", rate.min_samples())
    });
    [
        format!("alerts     to {sinks}"),
        format!("over       {}, breaker_openings {}", rates.join(", "), lines.breaker_openings),
    ]
}
