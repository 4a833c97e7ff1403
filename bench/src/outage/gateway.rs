//! sanso, started for the scenes and ended with them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::client;
use crate::Outcome;

/// A running sanso.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    /// `host:port`.
    pub authority: String,
}

/// One scene's chain: its group, and whether it has a fallback.
pub type Chain = (&'static str, bool);

impl Gateway {
    /// Starts `binary` in front of `providers` with a group for each chain, everything else as it
    /// comes. The deployments of a group `x` are the models `x` and `x-fallback`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(binary: &Path, providers: &str, chains: &[Chain]) -> Outcome<Self> {
        let config = std::env::temp_dir().join(format!("sanso-outage-{}.yaml", std::process::id()));
        std::fs::write(&config, yaml(providers, chains))?;
        let mut child = Command::new(std::fs::canonicalize(binary)?)
            .args(["serve", "--port", "0", "--config"])
            .arg(&config)
            // Its history is kept there.
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let authority = loop {
            let line = lines.next().ok_or("sanso ended before it listened")??;
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split('"').next().unwrap_or_default().to_owned();
            }
        };
        // Its log is read on, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        std::fs::remove_file(config)?;
        Ok(Self { child, authority })
    }

    /// Whether the breaker of a deployment is open, as `/metrics` says.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn is_open(&self, model: &str) -> Outcome<bool> {
        const OPEN: &str = "1";
        let name = format!("sanso_breaker_state{{deployment=\"{model}\"}} ");
        let text = client::get(&self.authority, "/metrics").await?;
        let state = text.lines().find_map(|line| line.strip_prefix(&name));
        Ok(state.ok_or("the metrics name no such breaker")?.trim() == OPEN)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn yaml(providers: &str, chains: &[Chain]) -> String {
    let mut models = String::from("model_list:\n");
    let mut fallbacks = String::from("litellm_settings:\n  fallbacks:\n");
    let mut add = |name: &str| {
        models += &format!(
            "  - {{ model_name: {name}, litellm_params: {{ model: openai/{name}, \
             api_base: \"{providers}\", api_key: none }}, model_info: {{ id: {name} }} }}\n"
        );
    };
    for (name, has_fallback) in chains {
        add(name);
        if *has_fallback {
            add(&format!("{name}-fallback"));
            fallbacks += &format!("    - {name}: [{name}-fallback]\n");
        }
    }
    models + &fallbacks
}
