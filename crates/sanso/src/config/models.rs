//! `model_list`: entries to deployments.

use std::collections::{BTreeMap, HashMap};

use sanso_core::Needs;
use sanso_wire::providers::Provider;
use secrecy::SecretString;

use super::domain;
use super::layer::Layer;
use super::reader::{Place, Reader, Table};
use super::types::{Deployment, Weights};
use super::{Field, base_url, facts, identity, keys, preflight, suggest, upstream};
use crate::catalogue;

/// One entry of the list.
pub(super) struct Entry {
    pub(super) group: String,
    /// Where the group is named.
    pub(super) place: Place,
    /// Empty where the entry is left out; the group exists all the same.
    pub(super) deployments: Vec<Deployment>,
}

/// Layers that lie under a deployment's own.
pub(super) struct Layers {
    pub(super) all: Layer,
    pub(super) groups: HashMap<String, Layer>,
}

impl Layers {
    pub(super) fn of(&self, group: &str) -> Layer {
        self.groups.get(group).map_or_else(|| self.all.clone(), |own| own.over(&self.all))
    }
}

pub(super) fn read(top: &mut Table<'_>, layers: &Layers, reader: &mut Reader<'_>) -> Vec<Entry> {
    let Some(list) = top.take("model_list") else {
        let help = "list at least one model under `model_list`";
        reader.error(&Place::default(), "the file lists no models", Some(help.into()));
        return Vec::new();
    };
    let items = list.list(reader).unwrap_or_default();
    let mut entries: Vec<Entry> =
        items.iter().filter_map(|item| entry(item, layers, reader)).collect();
    number_twins(&mut entries, reader);
    entries
}

fn entry(item: &Field<'_>, layers: &Layers, reader: &mut Reader<'_>) -> Option<Entry> {
    let mut table = item.table(reader)?;
    let name = required(&mut table, "model_name", reader);
    let params = required(&mut table, "litellm_params", reader);
    let info = table.take("model_info").and_then(|field| field.table(reader));
    // Old files have these beside the parameters.
    let beside = Weights {
        weight: None,
        rpm: number(&mut table, "rpm", reader),
        tpm: number(&mut table, "tpm", reader),
    };
    table.finish(&[], reader);

    let name = name?;
    let group = name.text(reader)?;
    if group.is_empty() {
        reader.error(&name.place, "`model_name` is empty", None);
        return None;
    }
    let below = layers.of(&group);
    let deployments = reader.deployment(|reader| {
        let params = params?;
        let info = Info::read(info, reader);
        let entry = Params { node: &params, group: &group, info, beside, below };
        entry.read(reader)
    });
    Some(Entry { group, place: name.place, deployments: deployments.unwrap_or_default() })
}

fn required<'n>(
    table: &mut Table<'n>,
    key: &'static str,
    reader: &mut Reader<'_>,
) -> Option<Field<'n>> {
    let field = table.take(key);
    if field.is_none() {
        reader.error(&table.place, format!("`{key}` is missing"), None);
    }
    field
}

fn number(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<f64> {
    table.take(key).and_then(|field| field.number(reader))
}

/// `model_info`. What is not read here describes the model to people, and asks for nothing.
#[derive(Default)]
struct Info {
    id: Option<String>,
    layer: Layer,
    order: Option<u32>,
    max_input_tokens: Option<u64>,
    lacks: Needs,
    thinks: Option<bool>,
    continues: bool,
    weights: Weights,
    blocked: bool,
    domain: domain::Said,
    facts: facts::Said,
}

impl Info {
    fn read(table: Option<Table<'_>>, reader: &mut Reader<'_>) -> Self {
        let Some(mut table) = table else { return Self::default() };
        let mut info = Self {
            id: table.take("id").and_then(|field| field.text(reader)),
            order: table.take("order").and_then(|field| field.count(reader)),
            max_input_tokens: table.take("max_input_tokens").and_then(|field| field.tokens(reader)),
            lacks: preflight::said(&mut table, reader),
            thinks: table.take("supports_reasoning").and_then(|field| field.boolean(reader)),
            continues: table
                .take("supports_assistant_prefill")
                .and_then(|field| field.boolean(reader))
                .unwrap_or(false),
            weights: Weights {
                weight: None,
                rpm: number(&mut table, "rpm", reader),
                tpm: number(&mut table, "tpm", reader),
            },
            blocked: false,
            domain: domain::Said::read(&mut table, reader),
            facts: facts::Said::read_info(&mut table, reader),
            layer: Layer {
                cooldown: table.take("cooldown_time").and_then(|field| field.duration(reader)),
                allowed_fails: table.take("allowed_fails").and_then(|field| field.count(reader)),
                ..Layer::default()
            },
        };
        if let Some(field) = table.take("blocked") {
            info.blocked = field.boolean(reader).unwrap_or(false);
            if info.blocked {
                reader.warning(&field.place, "this deployment is blocked, and left out", None);
            }
        }
        for (key, place) in table.take_known(keys::MODEL_INFO) {
            reader.not_done(
                &place,
                format!("`{}` is not built yet and does nothing", key.name),
                None,
            );
        }
        info
    }
}

/// The parameters of one entry, and what it inherits.
struct Params<'p, 'n> {
    node: &'p Field<'n>,
    group: &'p str,
    info: Info,
    beside: Weights,
    below: Layer,
}

impl Params<'_, '_> {
    /// The deployments of the entry: one, or one for each `organization`. `None` if it is left out.
    fn read(self, reader: &mut Reader<'_>) -> Option<Vec<Deployment>> {
        let mut table = self.node.table(reader)?;
        let model = required(&mut table, "model", reader);
        let custom = table.take("custom_llm_provider").and_then(|field| field.text(reader));
        let (provider, name) = match &model {
            Some(model) => upstream::resolve_model(model, custom, reader)?,
            None => (upstream::NOBODY, String::new()),
        };
        let place = model.map_or_else(|| self.node.place.clone(), |model| model.place);
        if self.info.blocked {
            return None;
        }
        if name.contains('*') && !self.group.contains('*') {
            let message = "the model holds a `*`, and nothing says what it stands for";
            let help = "write a `*` into `model_name` too, or name one model";
            reader.warning(&place, message, Some(help.into()));
        }

        let mock_response = table.take("mock_response").and_then(|field| field.text(reader));
        let mocked = mock_response.is_some();
        let api_base = upstream::api_base(&mut table, provider, mocked, &place, reader);
        let may_lack_key = api_base.own || mocked;
        let key = upstream::api_key(&mut table, provider, may_lack_key, &place, reader);
        let layer = self.info.layer.over(&own_layer(&mut table, reader)).over(&self.below);
        let own = Weights {
            weight: number(&mut table, "weight", reader),
            rpm: number(&mut table, "rpm", reader),
            tpm: number(&mut table, "tpm", reader),
        };
        let order = table.take("order").and_then(|field| field.count(reader));
        let own_retries = own_retries(&mut table, reader);
        let facts = facts::Said::read(&mut table, reader).over(self.info.facts);
        let headers = headers(&mut table, reader);
        let organizations = organizations(&mut table, provider, reader);
        let params = forwarded(table, reader);

        let api_base = api_base.url?;
        let mut deployment = Deployment {
            id: self.info.id.unwrap_or_else(|| identity::of(self.group, self.node.node)),
            group: self.group.to_owned(),
            provider: provider.name.to_owned(),
            dialect: provider.dialect,
            thinks: catalogue::thinks(&name, self.info.thinks),
            model: name,
            domain: self.info.domain.of(provider, &api_base),
            local: provider.local || base_url::is_local(&api_base),
            api_base,
            api_key: key.secret,
            key_name: key.name,
            headers,
            params,
            weights: Weights {
                weight: own.weight,
                rpm: own.rpm.or(self.beside.rpm).or(self.info.weights.rpm),
                tpm: own.tpm.or(self.beside.tpm).or(self.info.weights.tpm),
            },
            order: order.or(self.info.order),
            num_retries: own_retries,
            breaker: layer.breaker(),
            timeouts: layer.timeouts(),
            max_input_tokens: self.info.max_input_tokens,
            price: None,
            quality: None,
            lacks: self
                .info
                .lacks
                .and(preflight::of_dialect(provider.dialect))
                .and(Needs::CONTINUATION.when(!self.info.continues)),
            mock_response,
        };
        facts.tell(&mut deployment, provider.local);
        Some(per_organization(deployment, organizations))
    }
}

fn own_layer(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Layer {
    Layer {
        timeout: table.take("timeout").and_then(|field| field.limit(reader)),
        stream_timeout: table.take("stream_timeout").and_then(|field| field.limit(reader)),
        cooldown: table.take("cooldown_time").and_then(|field| field.duration(reader)),
        ..Layer::default()
    }
}

/// `max_retries` are the retries of the client library beneath LiteLLM. Here one place retries, so
/// the two are one.
fn own_retries(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<u32> {
    let library = table.take("max_retries").and_then(|field| field.count(reader));
    table.take("num_retries").and_then(|field| field.count(reader)).or(library)
}

fn headers(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Vec<(String, SecretString)> {
    let mut headers = Vec::new();
    for name in ["headers", "extra_headers"] {
        let Some(mut entries) = table.take(name).and_then(|field| field.table(reader)) else {
            continue;
        };
        for (key, field) in entries.rest() {
            reader.source.hide(field.node);
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if key.name.is_empty() || !key.name.chars().all(token) {
                reader.error(&entries.key_place(key), "this is no name of a header", None);
                continue;
            }
            let Some(value) = field.text(reader) else { continue };
            if value.contains(|c: char| c.is_control() && c != '\t') {
                reader.error(&field.place, "a header is one line of text", None);
                continue;
            }
            headers.push((key.name.clone(), value.into()));
        }
    }
    headers
}

/// One name, or a list of them. Only OpenAI knows organizations.
fn organizations(
    table: &mut Table<'_>,
    provider: &Provider,
    reader: &mut Reader<'_>,
) -> Vec<String> {
    let Some(field) = table.take("organization") else { return Vec::new() };
    if provider.name != "openai" {
        reader.not_done(
            &field.place,
            format!("`organization` means nothing to `{}`", provider.name),
            None,
        );
        return Vec::new();
    }
    match &field.node.value {
        super::yaml::Value::List(_) => {
            let items = field.list(reader).unwrap_or_default();
            items.iter().filter_map(|item| item.text(reader)).collect()
        }
        _ => field.text(reader).into_iter().collect(),
    }
}

fn per_organization(deployment: Deployment, organizations: Vec<String>) -> Vec<Deployment> {
    const HEADER: &str = "OpenAI-Organization";
    let several = organizations.len() > 1;
    let of = |organization: String| {
        let mut one = deployment.clone();
        if several {
            one.id = identity::derived(&deployment.id, &organization);
        }
        one.headers.push((HEADER.to_owned(), organization.into()));
        one
    };
    if organizations.is_empty() {
        return vec![deployment];
    }
    organizations.into_iter().map(of).collect()
}

/// What is left goes to the provider, `extra_body` unpacked, except what LiteLLM keeps for itself.
fn forwarded(mut table: Table<'_>, reader: &mut Reader<'_>) -> BTreeMap<String, serde_json::Value> {
    let mut params = BTreeMap::new();
    if let Some(mut body) = table.take("extra_body").and_then(|field| field.table(reader)) {
        for (key, field) in body.rest() {
            params.extend(field.json(reader).map(|value| (key.name.clone(), value)));
        }
    }
    for (key, place) in table.take_known(keys::PARAMS) {
        reader.not_done(&place, format!("`{}` is not built yet and does nothing", key.name), None);
    }
    let ours = table.asked().to_vec();
    for (key, field) in table.rest() {
        if keys::not_forwarded(&key.name) {
            let place = table.key_place(key);
            reader.not_done(
                &place,
                format!("`{}` is not built yet and does nothing", key.name),
                None,
            );
            continue;
        }
        let similar = suggest::did_you_mean(&key.name, ours.iter().copied());
        if let (Some(help), false) = (similar, keys::FORWARDED.contains(&key.name.as_str())) {
            reader.source.conceal(field.node);
            let place = table.key_place(key);
            reader.not_done(
                &place,
                format!("unknown key `{}`, which goes to the provider as it is", key.name),
                Some(help),
            );
        }
        params.extend(field.json(reader).map(|value| (key.name.clone(), value)));
    }
    params
}

/// Ids must differ. Those from a hash get a number; those from the file are the operator's to fix.
fn number_twins(entries: &mut [Entry], reader: &mut Reader<'_>) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for entry in entries {
        for deployment in &mut entry.deployments {
            let count = seen.entry(deployment.id.clone()).or_insert(0);
            *count += 1;
            if *count > 1 {
                let hashed = deployment.id.len() == 32
                    && deployment.id.bytes().all(|b| b.is_ascii_hexdigit());
                if !hashed {
                    let message = format!("two deployments have the id `{}`", deployment.id);
                    reader.error(
                        &entry.place,
                        message,
                        Some("give each `model_info.id` once".into()),
                    );
                }
                deployment.id = format!("{}-{count}", deployment.id);
            }
        }
    }
}
