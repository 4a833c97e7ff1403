//! `litellm_settings`, `router_settings` and `general_settings`.

use secrecy::SecretString;

use super::alerts::{self, SinkKind};
use super::field::Field;
use super::keys;
use super::layer::Layer;
use super::reader::{Place, Reader, Table};
use super::suggest;
use super::trust::Trust;
use super::types::RetriesByKind;

/// What the three sections say about all groups.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) layer: Layer,
    /// `model_group_retry_policy`: a layer for single groups.
    pub(super) groups: Vec<(String, Place, Layer)>,
    pub(super) lists: Lists,
    pub(super) aliases: Vec<AliasEntry>,
    pub(super) max_fallbacks: Option<u32>,
    pub(super) master_key: Option<SecretString>,
    pub(super) body: Option<usize>,
    pub(super) trust: Trust,
    /// `alerting`, as far as it is done.
    pub(super) alerting: Option<Vec<SinkKind>>,
}

/// The fallback lists, as they are written. `None`: the setting is absent.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) plain: Option<Vec<List>>,
    pub(super) context_window: Option<Vec<List>>,
    pub(super) content_policy: Option<Vec<List>>,
    pub(super) default: Option<Vec<Target>>,
}

/// `source: [target, ...]`.
pub(super) struct List {
    pub(super) source: String,
    pub(super) place: Place,
    pub(super) targets: Vec<Target>,
}

/// A name in a fallback list.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) place: Place,
}

/// `alias: group`.
pub(super) struct AliasEntry {
    pub(super) alias: String,
    pub(super) target: Target,
    pub(super) hidden: bool,
}

impl Settings {
    /// Reads the sections, `router_settings` over `litellm_settings`.
    pub(super) fn read(top: &mut Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut lower = Self::default();
        match top.take("litellm_settings").and_then(|field| field.table(reader)) {
            Some(table) => lower.read_litellm(table, reader),
            None => lower.trust = Trust::read(None, reader),
        }
        let mut upper = Self::default();
        if let Some(table) = top.take("router_settings").and_then(|field| field.table(reader)) {
            upper.read_router(table, reader);
        }
        if let Some(table) = top.take("general_settings").and_then(|field| field.table(reader)) {
            upper.read_general(table, reader);
        }
        upper.read_master_key_variable(reader);
        upper.over(lower)
    }

    /// As LiteLLM's `x or y`: an empty list above falls through to the one below.
    fn over(self, lower: Self) -> Self {
        Self {
            layer: self.layer.over(&lower.layer),
            groups: self.groups,
            lists: Lists {
                plain: filled(self.lists.plain).or(lower.lists.plain),
                context_window: filled(self.lists.context_window).or(lower.lists.context_window),
                content_policy: filled(self.lists.content_policy).or(lower.lists.content_policy),
                default: filled(self.lists.default).or(lower.lists.default),
            },
            aliases: self.aliases,
            max_fallbacks: self.max_fallbacks.or(lower.max_fallbacks),
            master_key: self.master_key,
            body: self.body,
            trust: lower.trust,
            alerting: self.alerting,
        }
    }

    fn read_litellm(&mut self, mut table: Table<'_>, reader: &mut Reader<'_>) {
        self.read_common(&mut table, reader);
        let timeout = table.take("request_timeout");
        self.layer.timeout = timeout.and_then(|field| field.limit(reader));
        self.trust = Trust::read(table.take("ssl_verify").as_ref(), reader);
        if let Some(field) = table.take("callbacks") {
            callbacks(&field, reader);
        }
        table.finish(keys::LITELLM, reader);
    }

    fn read_router(&mut self, mut table: Table<'_>, reader: &mut Reader<'_>) {
        self.read_common(&mut table, reader);
        let layer = &mut self.layer;
        layer.timeout = table.take("timeout").and_then(|field| field.limit(reader));
        layer.stream_timeout = table.take("stream_timeout").and_then(|field| field.limit(reader));
        layer.retry_after = table.take("retry_after").and_then(|field| field.duration(reader));
        layer.metrics_only =
            table.take("disable_cooldowns").and_then(|field| field.boolean(reader));
        layer.continues = table
            .take("enable_mid_stream_fallback_continuation")
            .and_then(|field| field.boolean(reader));
        if let Some(policy) =
            table.take("retry_policy").and_then(|field| retry_policy(&field, reader))
        {
            layer.by_kind = policy;
        }
        if let Some(field) = table.take("model_group_retry_policy") {
            self.read_group_policies(&field, reader);
        }
        if let Some(field) = table.take("model_group_alias") {
            self.read_aliases(&field, reader);
        }
        if let Some(field) = table.take("routing_strategy") {
            routing_strategy(&field, reader);
        }
        table.finish(keys::ROUTER, reader);
    }

    fn read_general(&mut self, mut table: Table<'_>, reader: &mut Reader<'_>) {
        self.master_key = table.take("master_key").and_then(|field| field.secret(reader));
        self.body = table
            .take("max_request_size_mb")
            .and_then(|field| field.number(reader))
            .map(|megabytes| (megabytes * f64::from(1 << 20)) as usize)
            .filter(|bytes| *bytes > 0);
        self.alerting = table.take("alerting").and_then(|field| alerts::alerting(&field, reader));
        if let Some(field) = table.take("alerting_threshold") {
            alerts::alerting_threshold(&field, reader);
        }
        table.finish(keys::GENERAL, reader);
    }

    /// LiteLLM takes the master key from its variable where the file has none.
    fn read_master_key_variable(&mut self, reader: &Reader<'_>) {
        if self.master_key.is_none() {
            self.master_key = reader.variable("LITELLM_MASTER_KEY").map(Into::into);
        }
    }

    /// The keys that both sections have. LiteLLM itself ignores `cooldown_time` and `allowed_fails`
    /// of `litellm_settings`, although its documentation shows them there; here they do what they say.
    fn read_common(&mut self, table: &mut Table<'_>, reader: &mut Reader<'_>) {
        let layer = &mut self.layer;
        layer.num_retries = table.take("num_retries").and_then(|field| field.count(reader));
        layer.allowed_fails = table.take("allowed_fails").and_then(|field| field.count(reader));
        layer.cooldown = table.take("cooldown_time").and_then(|field| field.duration(reader));
        // It counts the retries of the whole request; we count its attempts.
        layer.max_attempts = table
            .take("num_retries_per_request")
            .and_then(|field| field.count(reader))
            .map(|retries| retries.saturating_add(1));
        self.max_fallbacks = table.take("max_fallbacks").and_then(|field| field.count(reader));
        let lists = &mut self.lists;
        lists.plain = table.take("fallbacks").and_then(|field| fallback_lists(&field, reader));
        lists.context_window =
            table.take("context_window_fallbacks").and_then(|field| fallback_lists(&field, reader));
        lists.content_policy =
            table.take("content_policy_fallbacks").and_then(|field| fallback_lists(&field, reader));
        lists.default = table.take("default_fallbacks").and_then(|field| targets(&field, reader));
    }

    fn read_group_policies(&mut self, field: &Field<'_>, reader: &mut Reader<'_>) {
        let Some(mut table) = field.table(reader) else { return };
        for (key, field) in table.rest() {
            if let Some(by_kind) = retry_policy(&field, reader) {
                let layer = Layer { by_kind, ..Layer::default() };
                self.groups.push((key.name.clone(), table.key_place(key), layer));
            }
        }
    }

    fn read_aliases(&mut self, field: &Field<'_>, reader: &mut Reader<'_>) {
        let Some(mut table) = field.table(reader) else { return };
        for (key, field) in table.rest() {
            let (target, hidden) = match field.as_mapping(reader) {
                None => (field.text(reader), false),
                Some(mut entry) => {
                    let model = entry.take("model");
                    if model.is_none() {
                        reader.error(&field.place, "an alias needs a `model`", None);
                    }
                    let hidden = entry.take("hidden").and_then(|hidden| hidden.boolean(reader));
                    let model = model.and_then(|model| model.text(reader));
                    entry.finish(&[], reader);
                    (model, hidden.unwrap_or(false))
                }
            };
            let Some(name) = target else { continue };
            let place = field.place;
            let alias = key.name.clone();
            self.aliases.push(AliasEntry { alias, target: Target { name, place }, hidden });
        }
    }
}

fn filled<T>(list: Option<Vec<T>>) -> Option<Vec<T>> {
    list.filter(|list| !list.is_empty())
}

/// A list of mappings, each from one group to its targets.
fn fallback_lists(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<List>> {
    let mut lists = Vec::new();
    for item in field.list(reader)? {
        let Some(mut table) = item.table(reader) else { continue };
        let entries = table.rest();
        if entries.len() != 1 {
            let help = "write `- group: [first, second]`, one group per dash";
            reader.error(&item.place, "each entry must name exactly one group", Some(help.into()));
        }
        for (key, value) in entries {
            let Some(targets) = targets(&value, reader) else { continue };
            let place = table.key_place(key);
            lists.push(List { source: key.name.clone(), place, targets });
        }
    }
    Some(lists)
}

/// Names, or mappings that name a `model`.
pub(super) fn targets(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Target>> {
    let mut targets = Vec::new();
    for item in field.list(reader)? {
        let (name, place) = match item.as_mapping(reader) {
            None => (item.text(reader), item.place),
            Some(mut entry) => {
                let Some(model) = entry.take("model") else {
                    reader.error(&item.place, "a fallback entry needs a `model`", None);
                    continue;
                };
                for (key, _) in entry.rest() {
                    let place = entry.key_place(key);
                    let message = format!(
                        "the override `{}` of a fallback is not built yet; the model is called without it",
                        key.name
                    );
                    reader.not_done(&place, message, None);
                }
                (model.text(reader), model.place)
            }
        };
        if let Some(name) = name {
            targets.push(Target { name, place });
        }
    }
    Some(targets)
}

/// Retries by kind of fault.
pub(super) fn retry_policy(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<RetriesByKind> {
    let mut table = field.table(reader)?;
    let mut count = |name| table.take(name).and_then(|field| field.count(reader));
    let policy = RetriesByKind {
        bad_request: count("BadRequestErrorRetries"),
        authentication: count("AuthenticationErrorRetries"),
        timeout: count("TimeoutErrorRetries"),
        rate_limit: count("RateLimitErrorRetries"),
        content_policy: count("ContentPolicyViolationErrorRetries"),
        internal_server: count("InternalServerErrorRetries"),
        service_unavailable: count("ServiceUnavailableErrorRetries"),
        not_found: count("NotFoundErrorRetries"),
        default: count("DefaultRetries"),
    };
    table.finish(&[], reader);
    Some(policy)
}

fn routing_strategy(field: &Field<'_>, reader: &mut Reader<'_>) {
    const DONE: &str = "simple-shuffle";
    const LITELLM: [&str; 7] = [
        "least-busy",
        "usage-based-routing",
        "usage-based-routing-v2",
        "latency-based-routing",
        "cost-based-routing",
        "lar1",
        "provider-budget-routing",
    ];
    let Some(strategy) = field.text(reader) else { return };
    if strategy == DONE {
        return;
    }
    if LITELLM.contains(&strategy.as_str()) {
        let message = format!("the strategy `{strategy}` is not built yet; `{DONE}` is used");
        reader.not_done(&field.place, message, None);
    } else {
        let names = LITELLM.iter().copied().chain([DONE]);
        let help = suggest::did_you_mean(&strategy, names);
        reader.error(&field.place, format!("unknown strategy `{strategy}`"), help);
    }
}

/// Metrics are always there, so that `callbacks: ["prometheus"]` is already done.
fn callbacks(field: &Field<'_>, reader: &mut Reader<'_>) {
    for item in field.list(reader).unwrap_or_default() {
        let Some(name) = item.text(reader) else { continue };
        if name != "prometheus" {
            reader.not_done(&item.place, format!("the callback `{name}` is not built yet"), None);
        }
    }
}
