//! Real HTTP servers on loopback that answer, and fail, as LLM providers do.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use sanso_sim::provider::{Problem, Provider, Vendor};
//! let provider = Provider::start(Vendor::OpenAi).await?;
//! assert!(provider.base_url().starts_with("http://127.0.0.1:"));
//! provider.fail_next(2, Problem::Overloaded); // two calls get a 503, then all is well
//! # Ok(()) }
//! ```

mod answer;
mod anthropic;
mod ask;
mod behaviour;
mod call;
mod errors;
mod flow;
mod gemini;
mod openai;
mod route;
mod script;
mod server;
mod stats;
mod vendor;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::task::Task;
use script::Script;
use server::Shared;

pub use behaviour::{Behaviour, Pace, Problem};
pub use stats::Stats;
pub use vendor::Vendor;

/// How a provider starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Whose API it speaks.
    pub vendor: Vendor,
    /// The port on 127.0.0.1; 0 leaves the choice to the system.
    pub port: u16,
    /// Decides texts, ids and jitter: the same seed gives the same n-th answer.
    pub seed: u64,
    /// How fast it speaks.
    pub pace: Pace,
}

impl Setup {
    /// Any port, seed 0, no waiting.
    #[must_use]
    pub const fn new(vendor: Vendor) -> Self {
        Self { vendor, port: 0, seed: 0, pace: Pace::INSTANT }
    }
}

/// A running provider. It stops, and its port refuses connections, when this is dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: Task,
}

impl Provider {
    /// Starts a healthy provider on a port that the system chooses.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(vendor: Vendor) -> io::Result<Self> {
        Self::start_with(Setup::new(vendor)).await
    }

    /// Starts a healthy provider.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start_with(setup: Setup) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, setup.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            vendor: setup.vendor,
            seed: setup.seed,
            script: Mutex::new(Script::new(setup.pace)),
            stats: watch::Sender::new(Stats::default()),
        });
        let task = Task::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Whose API it speaks.
    #[must_use]
    pub fn vendor(&self) -> Vendor {
        self.shared.vendor
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes into `api_base` for this vendor: with `/v1` for OpenAI, `/v1beta` for Gemini,
    /// nothing for Anthropic.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.vendor().base_path())
    }

    /// From now on calls meet `behaviour`. What [`Self::fail_next`] had in store is forgotten;
    /// calls under way go on as they began.
    pub fn set(&self, behaviour: impl Into<Behaviour>) {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner).set(behaviour.into());
    }

    /// The next `calls` calls meet `behaviour`, then it is as before. Adds to what is in store.
    pub fn fail_next(&self, calls: u32, behaviour: impl Into<Behaviour>) {
        let mut script = self.shared.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.next(calls, behaviour.into());
    }

    /// From now on it speaks at this pace.
    pub fn set_pace(&self, pace: Pace) {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner).set_pace(pace);
    }

    /// What became of the calls so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        *self.shared.stats.borrow()
    }

    /// Waits until the counts are as `wanted`, and returns them: that a client went away, for one,
    /// is known only a moment later. Never returns if they never are.
    pub async fn stats_when(&self, wanted: impl FnMut(&Stats) -> bool) -> Stats {
        let mut changes = self.shared.stats.subscribe();
        // It fails only when the sender is gone, and `self` holds it.
        changes.wait_for(wanted).await.map_or_else(|_| self.stats(), |stats| *stats)
    }

    /// Stops, and returns once the port refuses connections.
    pub async fn stop(self) {
        self.task.stop().await;
    }
}
