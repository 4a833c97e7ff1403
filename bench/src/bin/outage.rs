//! What clients meet while a provider is down and when it comes back, as a table of figures.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use sanso_bench::args::Args;
use sanso_bench::outage::Row;
use sanso_bench::outage::gateway::Gateway;
use sanso_bench::outage::provider::Providers;
use sanso_bench::outage::scenes::{CHAINS, Stage};
use sanso_bench::{Outcome, on_one_thread};

fn main() -> Outcome {
    let args = Args::read(&["sanso", "scenes"])?;
    let binary = args.need("sanso")?.to_owned();
    let scenes: String = args.get("scenes", "storm,dead,herd,both,gone,return".to_owned())?;
    on_one_thread(async move { play(Path::new(&binary), &scenes).await })
}

async fn play(binary: &Path, scenes: &str) -> Outcome {
    let providers = Providers::default();
    let base = providers.start().await?;
    let gateway = Arc::new(Gateway::start(binary, &base, &CHAINS)?);
    let stage = Stage { gateway, providers };
    let mut out = std::io::stdout();
    writeln!(out, "| scene | found | goal | reached |\n| --- | --- | --- | --- |")?;
    for scene in scenes.split(',') {
        for row in rows(&stage, scene).await? {
            writeln!(out, "{row}")?;
        }
        out.flush()?;
    }
    Ok(())
}

async fn rows(stage: &Stage, scene: &str) -> Outcome<Vec<Row>> {
    match scene {
        "storm" => stage.storm().await,
        "dead" => stage.dead().await,
        "herd" => stage.herd().await,
        "both" => stage.both().await,
        "gone" => stage.gone().await,
        "return" => stage.comes_back().await,
        unknown => Err(format!("no scene is called {unknown}").into()),
    }
}
