//! `sanso demo`: the chain at work, without a key and without a network.
//!
//! The gateway that it shows is the one that `serve` runs; only the providers are simulated, and
//! they too are reached over HTTP.

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use sanso::config::{self, Options, ProcessEnvironment};
use sanso::{BreakerChange, BreakerState, Gateway};
use sanso_sim::demo::{self, Narrator, Stage, Story, Tempo, Transition};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use crate::cli::Demo;
use crate::output::{complain, say};
use crate::serve::{self, Listeners};

/// Tells the story to its end.
pub(crate) fn run(options: Demo) -> ExitCode {
    match serve::runtime().and_then(|runtime| runtime.block_on(tell(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let port = options.port;
            complain(format!(
                "error: the demonstration cannot run: {error}\n  = help: where port {port} is \
                 taken, choose another with --port, or --port 0 for any"
            ));
            ExitCode::FAILURE
        }
    }
}

async fn tell(options: Demo) -> io::Result<()> {
    let tempo = if options.fast { Tempo::Fast } else { Tempo::Full };
    let stage = Stage::start(tempo).await?;
    let gateway = gateway(&stage)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    let address = listener.local_addr()?;
    let base_url = format!("http://{address}/v1");
    introduce(&base_url, address);

    let (told, transitions) = mpsc::channel(64);
    let telling = forward(gateway.watch_breakers(), told);
    let playing = async {
        play(&stage, tempo, &base_url, transitions).await?;
        if options.keep { keep(&stage, &base_url, address).await } else { Ok(()) }
    };
    let listeners = Listeners { api: listener, admin: None };
    tokio::select! {
        played = playing => played,
        () = telling => Ok(()),
        served = serve::serve(gateway, listeners, std::future::pending()) => served,
    }
}

/// The story, to its end.
async fn play(
    stage: &Stage,
    tempo: Tempo,
    base_url: &str,
    transitions: mpsc::Receiver<Transition>,
) -> io::Result<()> {
    let story = Story::new(tempo);
    let narrator = Narrator::new(story.longest(), io::stdout().is_terminal());
    let replies = stage.traffic(base_url).start()?;
    demo::play(stage, &story, replies, transitions, narrator, |line| say(line)).await;
    Ok(())
}

/// What follows the story, for as long as somebody looks.
async fn keep(stage: &Stage, base_url: &str, address: SocketAddr) -> io::Result<()> {
    say(format!("\nTraffic goes on until you stop it (Ctrl-C); the page is http://{address}/"));
    let mut replies = stage.traffic(base_url).start()?;
    while replies.next().await.is_some() {}
    Ok(())
}

/// Windows that fit into the story: an alert opens in it, and is resolved while somebody looks.
const SHORT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_mins(1);

fn gateway(stage: &Stage) -> io::Result<Gateway> {
    let options = Options::default();
    config::parse(&stage.config(), "the demonstration", &ProcessEnvironment, options)
        .and_then(|mut config| {
            let thresholds = &mut config.alerts.thresholds;
            (thresholds.short, thresholds.long) = (SHORT, LONG);
            Gateway::from_config(config)
        })
        .map_err(|report| io::Error::other(report.to_string()))
}

fn introduce(base_url: &str, address: SocketAddr) {
    let short = SHORT.as_secs();
    say(format!(
        r#"sanso demo: a gateway on {base_url} before three simulated providers.

  main-model       anthropic/claude-sonnet-4-6   the model that is wanted
  fallback-gpt     openai/gpt-4.1                the first fallback
  fallback-gemini  gemini/gemini-2.5-flash       the second

Watch it in a browser: http://{address}/
Alerts go by rates over two windows: a gateway watches 5 minutes and an hour; here {short} s and a
minute, so that one opens, and is resolved a minute after the story if you --keep the traffic.

Try it meanwhile, from another terminal:

  curl -i {base_url}/chat/completions -H 'content-type: application/json' \
    -d '{{"model":"main-model","messages":[{{"role":"user","content":"Hello"}}]}}'
"#
    ));
}

/// Hands the gateway's breaker changes to the story, until the gateway is gone.
async fn forward(mut from: broadcast::Receiver<BreakerChange>, to: mpsc::Sender<Transition>) {
    loop {
        match from.recv().await {
            Ok(change) => {
                let transition = Transition {
                    deployment: change.deployment.to_string(),
                    from: state(change.from),
                    to: state(change.to),
                };
                // The story may have ended.
                let _ = to.send(transition).await;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

const fn state(state: BreakerState) -> demo::BreakerState {
    match state {
        BreakerState::Closed => demo::BreakerState::Closed,
        BreakerState::Open => demo::BreakerState::Open,
        BreakerState::HalfOpen => demo::BreakerState::HalfOpen,
        BreakerState::Recovering => demo::BreakerState::Recovering,
    }
}
