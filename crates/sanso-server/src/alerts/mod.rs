//! Telling the people on call: each notice to every sink, in the background, until it has arrived.
//!
//! `docs/alerts.md` says what is told and how a receiver checks who told it.

mod alertmanager;
pub(crate) mod command;
mod kept;
mod lane;
mod log;
mod metrics;
mod outlet;
mod slack;
#[cfg(test)]
mod tests;
mod time;
mod webhook;
mod words;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sanso::config::{Config, Report, Sink};
use sanso::watch::{Alert, Notice};
use sanso::{Courier, watch};
use tokio::sync::watch::Sender;
use tokio::task::JoinSet;

pub(crate) use kept::Kept;
use kept::KeptNotice;
use lane::Lane;
pub(crate) use lane::SinkHealth;
pub(crate) use metrics::metrics;
use outlet::{LIMIT, Outlet};
use time::Time;
use worker::Worker;

/// What is told.
#[derive(Clone, Debug)]
struct Message {
    notice: Arc<Notice>,
    /// Nothing is wrong: an operator wants to see it arrive.
    is_test: bool,
}

impl Message {
    fn of(notice: Notice) -> Self {
        Self { notice: Arc::new(notice), is_test: false }
    }
}

/// Delivers notices. A sink that is slow or gone delays no other, and no request.
#[derive(Debug)]
pub(crate) struct Delivery {
    sinks: Vec<(Arc<Lane>, Arc<Outlet>)>,
    time: Arc<Time>,
    closing: Sender<bool>,
    workers: Mutex<JoinSet<()>>,
}

/// How delivery fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    /// Of each sink, in the order of the configuration.
    pub(crate) sinks: Vec<SinkHealth>,
}

/// How long the last try may take when the process ends.
const LAST_TRY: Duration = Duration::from_secs(2);

/// What alerts are posted by.
fn courier(config: &Config) -> Result<Courier, Report> {
    Courier::new(&config.trust, LIMIT)
}

impl Delivery {
    /// Starts a task for each sink of the configuration, in the runtime that this is called in.
    /// `instance` is this gateway's name among others.
    ///
    /// # Errors
    /// The cryptography that is compiled in cannot do TLS.
    pub(crate) fn new(config: &Config, instance: &Arc<str>) -> Result<Self, Report> {
        let courier = courier(config)?;
        Ok(Self::start(&config.alerts.sinks, &courier, instance, Time::system(), LIMIT))
    }

    fn start(
        sinks: &[Sink],
        courier: &Courier,
        instance: &Arc<str>,
        time: Time,
        limit: Duration,
    ) -> Self {
        let (closing, closes) = tokio::sync::watch::channel(false);
        let time = Arc::new(time);
        let mut workers = JoinSet::new();
        let sinks = sinks.iter().map(|sink| {
            let lane = Arc::new(Lane::new(sink.name.clone()));
            let outlet = Outlet::new(sink, courier.clone(), Arc::clone(instance), limit);
            let outlet = Arc::new(outlet);
            let (own_lane, own_outlet) = (Arc::clone(&lane), Arc::clone(&outlet));
            let worker = Worker::new(own_lane, own_outlet, Arc::clone(&time), closes.clone());
            workers.spawn(worker.run());
            (lane, outlet)
        });
        let sinks = sinks.collect();
        Self { sinks, time, closing, workers: Mutex::new(workers) }
    }

    /// Queues a notice for every sink. Never waits.
    pub(crate) fn deliver(&self, notice: &Notice) {
        let message = Message::of(notice.clone());
        let now = self.time.now();
        self.sinks.iter().for_each(|(lane, _)| lane.offer(message.clone(), now));
    }

    /// Queues what waited before a restart, for those sinks that there still are.
    fn take_up(&self, waiting: kept::Waiting) {
        for (sink, notices) in waiting {
            let Some((lane, _)) = self.sinks.iter().find(|(lane, _)| lane.name == sink) else {
                let lost = notices.len();
                tracing::warn!(
                    sink,
                    lost,
                    "alerts waited for a sink that is not configured any more"
                );
                continue;
            };
            for KeptNotice { since, notice } in notices {
                lane.offer(Message { notice, is_test: false }, since);
            }
        }
    }

    /// What has not arrived.
    fn waiting(&self) -> kept::Waiting {
        let of_sink = |(lane, _): &(Arc<Lane>, Arc<Outlet>)| {
            let kept = lane
                .waiting()
                .into_iter()
                .map(|it| KeptNotice { since: it.since, notice: it.message.notice });
            (lane.name.clone(), kept.collect::<Vec<_>>())
        };
        self.sinks.iter().map(of_sink).filter(|(_, waiting)| !waiting.is_empty()).collect()
    }

    /// Changes when a notice comes or goes.
    fn revision(&self) -> u64 {
        self.sinks.iter().map(|(lane, _)| lane.revision()).sum()
    }

    /// Takes note of what fires and is not silenced, for sinks that must hear it again and again:
    /// after a restart no notice tells of it, nor when it ends in silence. To be called at the start
    /// and about once a minute, after the notices of the same tick.
    pub(crate) fn stand(&self, firing: &[Alert]) {
        let now = self.time.now();
        self.sinks.iter().for_each(|(_, outlet)| outlet.stand(firing, now));
    }

    /// How it fares.
    pub(crate) fn health(&self) -> Health {
        Health { sinks: self.sinks.iter().map(|(lane, _)| lane.health()).collect() }
    }

    /// The process ends: tries once more, for [`LAST_TRY`] at most, what has not arrived.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        let mut workers = {
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *workers)
        };
        let all = async { while workers.join_next().await.is_some() {} };
        // What is still on its way then is cut when the set is dropped.
        let _ = tokio::time::timeout(LAST_TRY, all).await;
        for sink in self.health().sinks.iter().filter(|sink| sink.queued > 0) {
            let SinkHealth { sink, queued, .. } = sink;
            tracing::error!(sink, queued, "alerts have not arrived at the end");
        }
    }
}

impl Health {
    /// As the page shows it.
    pub(crate) fn shown(&self) -> watch::Delivery {
        let wrong = |sink: &SinkHealth| match (&sink.last_error, sink.dropped) {
            (Some(error), _) => Some(format!("{}: {error}", sink.sink)),
            (None, 0) => None,
            (None, lost) => Some(format!("{}: {lost} of its notices never arrived", sink.sink)),
        };
        let failing: Option<Arc<str>> = self.sinks.iter().find_map(wrong).map(Into::into);
        watch::Delivery { ok: failing.is_none(), last_error: failing }
    }
}
