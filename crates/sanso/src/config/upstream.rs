//! Whom a deployment calls: provider, model, address and key.

use sanso_wire::Dialect;
use sanso_wire::providers::{self, Auth, Prefill, Provider};
use secrecy::SecretString;

use super::reader::{Place, Reader, Table};
use super::yaml::Value;
use super::{Field, base_url, suggest};

/// Stands for a provider that nobody knows, so that the rest of its entry is still read. The file is
/// refused anyway.
pub(super) const NOBODY: &Provider = &Provider {
    name: "unknown",
    dialect: Dialect::OpenAiChat,
    base_url: Some("http://unknown.invalid"),
    key_vars: &[],
    base_vars: &[],
    auth: Auth::BearerIfSet,
    local: false,
    version: None,
    prefill: Prefill::Itself,
};

/// Provider and the provider's name of the model, from `provider/model`, or a bare model name, or
/// `custom_llm_provider`. `None` leaves the deployment out: its provider is not built. After an error
/// it is nobody, so that the rest of the entry is still read.
pub(super) fn resolve_model(
    model: &Field<'_>,
    custom: Option<String>,
    reader: &mut Reader<'_>,
) -> Option<(&'static Provider, String)> {
    let nobody = Some((NOBODY, String::new()));
    let Some(text) = model.text(reader) else { return nobody };
    let (name, upstream) = match (custom, text.split_once('/')) {
        (Some(name), Some((prefix, rest))) if prefix == name => (name, rest.to_owned()),
        (Some(name), _) => (name, text),
        (None, Some((prefix, rest))) => (prefix.to_owned(), rest.to_owned()),
        (None, None) if text == "*" => {
            let message = "a provider that the request names is not built yet; this deployment is \
                           left out";
            let help = "list one wildcard for each provider, such as `openai/*`";
            reader.not_done(&model.place, message, Some(help.into()));
            return None;
        }
        (None, None) => match of_bare_model(&text) {
            Some(name) => (name.to_owned(), text),
            None => {
                let message = format!("`{text}` names no provider");
                let help = format!("write `provider/{text}`, or set `custom_llm_provider`");
                reader.error(&model.place, message, Some(help));
                return nobody;
            }
        },
    };
    match providers::provider(&name) {
        Some(_) if upstream.is_empty() => {
            reader.error(&model.place, format!("no model after `{name}/`"), None);
            nobody
        }
        Some(provider) => Some((provider, upstream)),
        None if providers::unbuilt(&name) => {
            let message =
                format!("the provider `{name}` is not built yet; this deployment is left out");
            reader.not_done(&model.place, message, None);
            None
        }
        None => {
            let help = suggest::did_you_mean(&name, providers::names()).unwrap_or_else(|| {
                "for a server that speaks OpenAI's API, write `openai/MODEL` and set `api_base`"
                    .into()
            });
            reader.error(&model.place, format!("unknown provider `{name}`"), Some(help));
            nobody
        }
    }
}

/// The provider of a bare model name: LiteLLM allows those of OpenAI and of a few others.
fn of_bare_model(model: &str) -> Option<&'static str> {
    const FAMILIES: [(&str, &[&str]); 3] = [
        ("openai", &["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"]),
        ("anthropic", &["claude-"]),
        ("gemini", &["gemini-"]),
    ];
    let of = |(_, prefixes): &&(&str, &[&str])| prefixes.iter().any(|p| model.starts_with(p));
    FAMILIES.iter().find(of).map(|(provider, _)| *provider)
}

/// Where the provider is called.
pub(super) struct Base {
    /// `None`: there is none, which is noted.
    pub(super) url: Option<String>,
    /// The file or a variable says where, so that it may be a server that needs no key.
    pub(super) own: bool,
}

/// From the file, else from the provider's variables, else the provider's own.
pub(super) fn api_base(
    table: &mut Table<'_>,
    provider: &Provider,
    may_lack: bool,
    place: &Place,
    reader: &mut Reader<'_>,
) -> Base {
    let (first, second) = (table.take("api_base"), table.take("base_url"));
    if let (Some(_), Some(second)) = (&first, &second) {
        reader.not_done(&second.place, "`base_url` is the same as `api_base`, which holds", None);
    }
    if let Some(field) = first.or(second) {
        let url = field.text(reader).and_then(|url| check_base(&field.place, &url, reader));
        if url.is_none() {
            reader.source.hide(field.node);
        }
        return Base { url, own: true };
    }
    let variable = provider.base_vars.iter().find_map(|name| Some((name, reader.variable(name)?)));
    if let Some((name, url)) = variable {
        let place = Place { path: format!("the variable {name}"), ..place.clone() };
        return Base { url: check_base(&place, &url, reader), own: true };
    }
    // Who answers from the configuration is never called, and may stand anywhere.
    let base_url = provider.base_url.or(may_lack.then_some("http://mock.invalid"));
    if base_url.is_none() {
        let message =
            format!("`{}` has no address of its own: `api_base` is missing", provider.name);
        reader.error(place, message, None);
    }
    Base { url: base_url.map(ToOwned::to_owned), own: false }
}

fn check_base(place: &Place, url: &str, reader: &mut Reader<'_>) -> Option<String> {
    match base_url::check(url) {
        Ok(url) => Some(url),
        Err(must) => {
            reader.error(place, must, None);
            None
        }
    }
}

const OIDC: &str = "a key by way of `oidc/` is not built yet; this deployment is left out";

/// A key, and the variable or file that it came from, if it is not in the configuration itself.
#[derive(Default)]
pub(super) struct Key {
    pub(super) secret: Option<SecretString>,
    pub(super) name: Option<String>,
}

/// The key from the file, else from the provider's own variables, as LiteLLM finds it.
pub(super) fn api_key(
    table: &mut Table<'_>,
    provider: &Provider,
    may_lack: bool,
    place: &Place,
    reader: &mut Reader<'_>,
) -> Key {
    let may_lack = may_lack || provider.auth == Auth::BearerIfSet;
    if let Some(field) = table.take("api_key") {
        if matches!(&field.node.value, Value::Text(text) if text.starts_with("oidc/")) {
            // Sent as it stands, it would be a wrong key.
            reader.not_done(&field.place, OIDC, None);
            reader.leave_out();
            return Key::default();
        }
        return Key { name: field.follows(), secret: field.secret(reader) };
    }
    let key = provider.key_vars.iter().find_map(|name| Some((name, reader.variable(name)?)));
    match (key, provider.key_vars.first()) {
        (Some((name, key)), _) => {
            return Key { secret: Some(key.into()), name: Some((*name).to_owned()) };
        }
        (None, Some(name)) if !may_lack => {
            let message = format!(
                "no key for `{}`: `api_key` is missing, and the variable `{name}` is not set",
                provider.name
            );
            reader.unset(place, message);
        }
        (None, _) => {}
    }
    Key::default()
}
