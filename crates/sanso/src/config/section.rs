//! `sanso:`, the section for what LiteLLM has no word for.

use super::Field;
use super::admin::{Admin, History};
use super::alerts::AlertsEntry;
use super::checks::ChecksLayer;
use super::defaults;
use super::degradation::DegradeLayer;
use super::keys;
use super::layer::Layer;
use super::reader::{Place, Reader, Table};
use super::settings::retry_policy;
use super::suggest;
use super::tasks::{self, TaskEntry};
use super::types::{FallbackOn, Level, Limits, Log, LogFormat, Preflight};

/// What the section says.
pub(super) struct Section {
    /// For all groups.
    pub(super) layer: Layer,
    /// For single groups, by name.
    pub(super) groups: Vec<(String, Place, Layer)>,
    pub(super) tasks: Vec<TaskEntry>,
    pub(super) limits: Limits,
    /// Whether the section sets `limits.body` itself.
    pub(super) body_is_set: bool,
    pub(super) max_fallbacks: Option<u32>,
    pub(super) log: Log,
    pub(super) admin: Admin,
    pub(super) history: Option<History>,
    pub(super) alerts: AlertsEntry,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            layer: Layer::default(),
            groups: Vec::new(),
            tasks: Vec::new(),
            limits: Limits {
                head: defaults::HEAD,
                event: defaults::EVENT,
                answer: defaults::ANSWER,
                stored: defaults::STORED,
                body: defaults::BODY,
                max_fallbacks: defaults::MAX_FALLBACKS,
            },
            body_is_set: false,
            max_fallbacks: None,
            log: Log { level: Level::Info, format: LogFormat::Text },
            admin: Admin::default(),
            history: Some(History::default()),
            alerts: AlertsEntry::default(),
        }
    }
}

impl Section {
    pub(super) fn read(top: &mut Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut section = Self::default();
        let Some(mut table) = top.take("sanso").and_then(|field| field.table(reader)) else {
            return section;
        };
        section.layer = layer(&mut table, Scope::All, reader);
        if let Some(limits) = table.take("limits").and_then(|field| field.table(reader)) {
            section.read_limits(limits, reader);
        }
        if let Some(log) = table.take("log").and_then(|field| field.table(reader)) {
            section.read_log(log, reader);
        }
        if let Some(admin) = table.take("admin").and_then(|field| field.table(reader)) {
            section.admin = Admin::read(admin, reader);
        }
        if let Some(history) = table.take("history") {
            section.history = History::read(&history, reader);
        }
        if let Some(alerts) = table.take("alerts").and_then(|field| field.table(reader)) {
            section.alerts = AlertsEntry::read(alerts, reader);
        }
        if let Some(mut groups) = table.take("groups").and_then(|field| field.table(reader)) {
            for (key, field) in groups.rest() {
                let Some(mut group) = field.table(reader) else { continue };
                let layer = layer(&mut group, Scope::Group, reader);
                group.finish(keys::SANSO, reader);
                section.groups.push((key.name.clone(), groups.key_place(key), layer));
            }
        }
        section.tasks = tasks::read(&mut table, reader);
        table.finish(keys::SANSO, reader);
        section
    }

    fn read_limits(&mut self, mut table: Table<'_>, reader: &mut Reader<'_>) {
        let mut size = |name, default| {
            let field: Option<Field<'_>> = table.take(name);
            field.and_then(|field| field.size(reader)).unwrap_or(default)
        };
        let body = size("body", 0);
        self.body_is_set = body > 0;
        self.limits = Limits {
            head: size("head", defaults::HEAD),
            event: size("event", defaults::EVENT),
            answer: size("answer", defaults::ANSWER),
            stored: size("stored", defaults::STORED),
            body: if self.body_is_set { body } else { defaults::BODY },
            max_fallbacks: defaults::MAX_FALLBACKS,
        };
        self.max_fallbacks = table.take("max_fallbacks").and_then(|field| field.count(reader));
        table.finish(&[], reader);
    }

    fn read_log(&mut self, mut table: Table<'_>, reader: &mut Reader<'_>) {
        const LEVELS: [(&str, Level); 5] = [
            ("error", Level::Error),
            ("warn", Level::Warn),
            ("info", Level::Info),
            ("debug", Level::Debug),
            ("trace", Level::Trace),
        ];
        const FORMATS: [(&str, LogFormat); 2] =
            [("text", LogFormat::Text), ("json", LogFormat::Json)];
        if let Some(level) = table.take("level").and_then(|field| choice(&field, &LEVELS, reader)) {
            self.log.level = level;
        }
        if let Some(format) =
            table.take("format").and_then(|field| choice(&field, &FORMATS, reader))
        {
            self.log.format = format;
        }
        table.finish(&[], reader);
    }
}

/// For whom a part of the section holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Group,
}

impl Scope {
    /// Takes a key that holds for all groups alike; in a single one it is not built yet.
    fn general<'n>(
        self,
        table: &mut Table<'n>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Option<Field<'n>> {
        let field = table.take(key)?;
        match self {
            Self::All => Some(field),
            Self::Group => {
                let message = format!(
                    "`{key}` for a single group is not built yet; the one for all groups holds"
                );
                reader.not_done(&field.place, message, None);
                None
            }
        }
    }
}

/// What stands at the top and in each group.
fn layer(table: &mut Table<'_>, scope: Scope, reader: &mut Reader<'_>) -> Layer {
    let mut layer = Layer::default();
    if let Some(retry) = table.take("retry").and_then(|field| field.table(reader)) {
        read_retry(&mut layer, retry, reader);
    }
    layer.fallback_on = table.take("fallback_on").and_then(|field| fallback_on(&field, reader));
    if let Some(checks) = table.take("checks").and_then(|field| field.table(reader)) {
        layer.checks = ChecksLayer::read(checks, reader);
    }
    if let Some(breaker) = table.take("breaker").and_then(|field| field.table(reader)) {
        read_breaker(&mut layer, breaker, reader);
    }
    if let Some(timeouts) = table.take("timeouts").and_then(|field| field.table(reader)) {
        read_timeouts(&mut layer, timeouts, scope, reader);
    }
    if let Some(streams) = table.take("streams").and_then(|field| field.table(reader)) {
        read_streams(&mut layer, streams, reader);
    }
    layer.inflow_cap = table.take("inflow_cap").and_then(|field| at_least_one(&field, reader));
    if let Some(degradation) = table.take("degradation").and_then(|field| field.table(reader)) {
        layer.degrade = DegradeLayer::read(degradation, reader);
    }
    layer.preflight = table.take("preflight").and_then(|field| preflight(&field, reader));
    layer.shed_below = table.take("shed_below").and_then(|field| field.share(reader));
    layer
}

/// YAML 1.1 reads `off` as `false`.
pub(super) fn preflight(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Preflight> {
    const WORDS: [(&str, Preflight); 3] =
        [("skip", Preflight::Skip), ("warn", Preflight::Warn), ("off", Preflight::Off)];
    match field.is_false() {
        true => Some(Preflight::Off),
        false => choice(field, &WORDS, reader),
    }
}

fn read_retry(layer: &mut Layer, mut table: Table<'_>, reader: &mut Reader<'_>) {
    layer.num_retries = table.take("num_retries").and_then(|field| field.count(reader));
    layer.max_attempts = table.take("max_attempts").and_then(|field| at_least_one(&field, reader));
    layer.budget = table.take("budget").and_then(|field| budget(&field, reader));
    let mut wait = |key| {
        let field: Option<Field<'_>> = table.take(key);
        field.and_then(|field| field.duration(reader))
    };
    layer.retry_after = wait("retry_after");
    layer.patience = wait("patience");
    layer.patience_hinted = wait("patience_hinted");
    if let Some(policy) = table.take("policy").and_then(|field| retry_policy(&field, reader)) {
        layer.by_kind = policy;
    }
    table.finish(&[], reader);
}

/// A list of the kinds that lead on; an empty one takes back what holds for all groups.
pub(super) fn fallback_on(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<FallbackOn> {
    #[derive(Clone, Copy)]
    enum Kind {
        BadRequest,
        ContentPolicy,
    }
    const KINDS: [(&str, Kind); 2] =
        [("bad_request", Kind::BadRequest), ("content_policy", Kind::ContentPolicy)];
    let mut on = FallbackOn::default();
    for item in field.list(reader)? {
        match choice(&item, &KINDS, reader) {
            Some(Kind::BadRequest) => on.bad_request = true,
            Some(Kind::ContentPolicy) => on.content_policy = true,
            None => {}
        }
    }
    Some(on)
}

fn read_breaker(layer: &mut Layer, mut table: Table<'_>, reader: &mut Reader<'_>) {
    let enabled = table.take("enabled").and_then(|field| field.boolean(reader));
    layer.metrics_only = enabled.map(|enabled| !enabled);
    layer.cooldown = table.take("cooldown_time").and_then(|field| field.duration(reader));
    layer.allowed_fails = table.take("allowed_fails").and_then(|field| field.count(reader));
    layer.min_rate = table.take("min_rate").and_then(|field| field.share(reader));
    layer.window = table.take("window").and_then(|field| field.limit(reader));
    layer.min_calls = table.take("min_calls").and_then(|field| at_least_one(&field, reader));
    layer.fault_rate = table.take("fault_rate").and_then(|field| field.share(reader));
    layer.probes = table.take("probes").and_then(|field| at_least_one(&field, reader));
    layer.success_threshold =
        table.take("success_threshold").and_then(|field| at_least_one(&field, reader));
    layer.slow = table.take("slow").and_then(|field| field.boolean(reader));
    table.finish(&[], reader);
}

fn read_timeouts(layer: &mut Layer, mut table: Table<'_>, scope: Scope, reader: &mut Reader<'_>) {
    layer.connect =
        scope.general(&mut table, "connect", reader).and_then(|field| field.limit(reader));
    let mut limit = |name| {
        let field: Option<Field<'_>> = table.take(name);
        field.and_then(|field| field.limit(reader))
    };
    layer.timeout = limit("timeout");
    layer.stream_timeout = limit("stream_timeout");
    layer.deadline = limit("deadline");
    layer.first_token = limit("first_token");
    layer.first_token_patient = limit("first_token_patient");
    layer.gap = limit("gap");
    layer.first_token_per_10k =
        table.take("first_token_per_10k").and_then(|field| field.duration(reader));
    table.finish(&[], reader);
}

pub(super) fn read_streams(layer: &mut Layer, mut table: Table<'_>, reader: &mut Reader<'_>) {
    layer.commit_by = table.take("commit_by").and_then(|field| field.limit(reader));
    layer.upstream_stream = table.take("upstream_stream").and_then(|field| field.boolean(reader));
    layer.buffer_full = table
        .take("buffer")
        .and_then(|field| choice(&field, &[("none", false), ("full", true)], reader));
    layer.continues = table
        .take("on_break")
        .and_then(|field| choice(&field, &[("error", false), ("continue", true)], reader));
    table.finish(&[], reader);
}

/// Tokens, or `false` for none at all.
fn budget(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Option<u32>> {
    match field.is_false() {
        true => Some(None),
        false => at_least_one(field, reader).map(Some),
    }
}

fn at_least_one(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<u32> {
    match field.count(reader)? {
        0 => field.wrong(reader, "at least 1"),
        count => Some(count),
    }
}

pub(super) fn choice<T: Copy>(
    field: &Field<'_>,
    names: &[(&str, T)],
    reader: &mut Reader<'_>,
) -> Option<T> {
    let text = field.text(reader)?;
    if let Some((_, value)) = names.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let help = suggest::did_you_mean(&text, all.iter().copied());
    reader.error(&field.place, format!("expected one of: {}", all.join(", ")), help);
    None
}
