//! Failure domains: what deployments share that can fail for all of them at once.

use sanso_wire::providers::Provider;

use super::base_url;
use super::reader::{Reader, Table};

/// A deployment's failure domains. Its key is one too, which the credential gate knows of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// Who runs the model: the provider's name, unless `model_info.vendor` says otherwise.
    pub vendor: String,
    /// Where it runs, where that is known: `aws`, `azure`, `gcp`, or what `model_info.cloud` says.
    pub cloud: Option<String>,
    /// The region, where it is known.
    pub region: Option<String>,
}

/// What `model_info` says of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    vendor: Option<String>,
    cloud: Option<String>,
    region: Option<String>,
}

impl Said {
    pub(super) fn read(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Self {
        let mut text = |key| table.take(key).and_then(|field| field.text(reader));
        Self { vendor: text("vendor"), cloud: text("cloud"), region: text("region") }
    }

    /// The domains of a deployment of `provider` at `api_base`. At an address of its own, whoever
    /// speaks a provider's API is someone else.
    pub(super) fn of(self, provider: &Provider, api_base: &str) -> Domain {
        let host = base_url::host(api_base).to_ascii_lowercase();
        let usual = provider.base_url.map(base_url::host);
        let is_own = usual.is_none_or(|usual| usual.eq_ignore_ascii_case(&host));
        let vendor = if is_own { provider.name } else { &host };
        let (cloud, region) = derived(&host);
        Domain {
            vendor: self.vendor.unwrap_or_else(|| vendor.to_owned()),
            cloud: self.cloud.or(cloud.map(str::to_owned)),
            region: self.region.or(region.map(str::to_owned)),
        }
    }
}

impl Domain {
    /// The domains by name, as deployments share them; `host` is `host:port`.
    pub(crate) fn names(&self, host: Option<&str>) -> Vec<String> {
        let vendor = format!("vendor:{}", self.vendor);
        let host = host.map(|host| format!("host:{host}"));
        let cloud = self.cloud.as_ref().zip(self.region.as_ref());
        let cloud = cloud.map(|(cloud, region)| format!("cloud:{cloud}/{region}"));
        [Some(vendor), host, cloud].into_iter().flatten().collect()
    }
}

/// Cloud and region, as the hosts of the three large ones name them.
fn derived(host: &str) -> (Option<&str>, Option<&str>) {
    if let Some(rest) = host.strip_suffix(".amazonaws.com") {
        (Some("aws"), rest.rsplit('.').next().filter(|_| rest.contains('.')))
    } else if host.ends_with(".azure.com") {
        (Some("azure"), None)
    } else if let Some(rest) = host.strip_suffix(".googleapis.com") {
        (Some("gcp"), rest.strip_suffix("-aiplatform"))
    } else {
        (None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_and_region_come_from_the_host_and_may_be_said() {
        let openai = sanso_wire::providers::provider("openai").unwrap();
        let of = |url| Said::default().of(openai, url);
        let domain = of("https://bedrock-runtime.eu-west-1.amazonaws.com");
        assert_eq!(
            domain.names(None),
            ["vendor:bedrock-runtime.eu-west-1.amazonaws.com", "cloud:aws/eu-west-1"]
        );
        assert_eq!(of("https://x.openai.azure.com").cloud.as_deref(), Some("azure"));
        let vertex = of("https://europe-west4-aiplatform.googleapis.com");
        assert_eq!(vertex.region.as_deref(), Some("europe-west4"));
        assert_eq!(of("https://generativelanguage.googleapis.com").region, None);
        assert_eq!(of("https://api.openai.com").names(Some("h:1")), ["vendor:openai", "host:h:1"]);
        let said = Said { vendor: Some("v".into()), ..Said::default() };
        assert_eq!(said.of(openai, "http://x").vendor, "v");
    }
}
