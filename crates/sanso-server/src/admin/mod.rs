//! Watching: one place that is told what happens, keeps it, and says what it comes to.
//!
//! Two views of the gateway: one notes events in the [`Watch`] and passes them on to whoever looks on
//! live, the other keeps them in the history. Once a second [`Admin::tick`] asks the watch what there
//! is to tell.

mod feed;
mod look;
pub(crate) mod saved;
mod views;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sanso::watch::{MarkKind, Millis, Range, Verdict, Watch};
use sanso::{Gateway, config, wall_clock};
use sanso_history::{History, Settings};
use tokio::sync::oneshot;

pub(crate) use feed::{Feed, Told};
pub(crate) use look::Asked;

use crate::alerts::{Delivery, Kept};
use saved::Shelf;

/// Everything that watches one gateway.
#[derive(Debug)]
pub(crate) struct Admin {
    gateway: Gateway,
    seen: Arc<Seen>,
    history: Option<Arc<History>>,
    /// Whoever is told of alerts.
    delivery: Delivery,
    /// What of that outlives a restart.
    kept: Kept,
    /// Where open alerts and silences outlive a restart.
    saved: Option<PathBuf>,
    shelf: Arc<Shelf>,
    /// This machine's name.
    instance: Arc<str>,
    /// The verdict that was last told.
    told: Mutex<Option<Verdict>>,
}

/// What the view of events fills. It knows no gateway: a view that held one, if for a moment, could be
/// the last to, and its thread would end what the process waits for.
#[derive(Debug)]
pub(crate) struct Seen {
    watch: Mutex<Watch>,
    feed: Feed,
}

impl Seen {
    /// A panic while it was held leaves counts that are at worst one event short.
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often the watch is asked what there is to tell.
const TICK: Duration = Duration::from_secs(1);
/// How long what waits at the end may take to be written.
const LAST: Duration = Duration::from_secs(2);
/// Ticks after which sinks that must be told again and again hear what fires.
const TICKS_TO_STAND: u64 = 60;

impl Admin {
    /// Watches a gateway from now on. What is wrong with the history's file keeps nothing from
    /// starting.
    ///
    /// # Errors
    /// The system has no thread left, or the cryptography that is compiled in cannot do TLS.
    pub(crate) fn start(gateway: Gateway) -> std::io::Result<Arc<Self>> {
        let (plan, kept) = (gateway.plan(), gateway.config().history.clone());
        let start = |kept: &config::History| History::start(settings(kept), plan.clone());
        let history = kept.as_ref().map(start).transpose()?.map(Arc::new);
        let saved = kept.as_ref().map(|kept| saved::beside(&kept.path, "alerts"));
        let undelivered = kept.as_ref().map(|kept| saved::beside(&kept.path, "notices"));
        let before = saved.as_deref().and_then(saved::read);
        let thresholds = gateway.config().alerts.thresholds;
        let watch = Watch::new(plan, thresholds, before, wall_clock());
        let shelf = Arc::new(Shelf::start()?);
        let instance = instance().into();
        let delivery = Delivery::new(&gateway.config(), &instance);
        let admin = Arc::new(Self {
            seen: Arc::new(Seen { watch: Mutex::new(watch), feed: Feed::default() }),
            delivery: delivery.map_err(|report| std::io::Error::other(report.to_string()))?,
            kept: Kept::at(undelivered, Arc::clone(&shelf)),
            shelf,
            instance,
            told: Mutex::default(),
            history,
            saved,
            gateway,
        });
        admin.kept.restore(&admin.delivery);
        admin.gateway.tell(&views::watch(&admin.seen)?);
        if let Some(history) = &admin.history {
            admin.gateway.tell(&views::history(history));
        }
        admin.gateway.mark(MarkKind::Start, "the gateway started");
        Ok(admin)
    }

    pub(crate) const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.seen.feed
    }

    /// Since when it watches.
    pub(crate) fn started_at(&self) -> Millis {
        self.watch().started_at()
    }

    /// Ticks until it is dropped. A bug of ours costs one tick, not the gateway.
    pub(crate) async fn run(&self) {
        let mut ticks = tokio::time::interval(TICK);
        for number in 0_u64.. {
            ticks.tick().await;
            let tick = || {
                self.tick();
                if number.is_multiple_of(TICKS_TO_STAND) {
                    let firing = self.watch().firing();
                    self.delivery.stand(&firing);
                }
            };
            if catch_unwind(AssertUnwindSafe(tick)).is_err() {
                tracing::error!(
                    "sanso has a bug: a look at its figures panicked. Please report it"
                );
            }
        }
    }

    /// Takes note of the time: alerts are told, and whoever looks on is brought up to date.
    fn tick(&self) {
        let (now, live) = (wall_clock(), self.gateway.live());
        let mut watch = self.watch();
        let notices = watch.tick(now);
        let traffic = watch.traffic(now, &live);
        let verdict = self.feed().is_watched().then(|| watch.verdict(now, Range::default(), &live));
        let changed = (!notices.is_empty()).then(|| watch.saved());
        drop(watch);
        if let (Some(path), Some(changed)) = (&self.saved, changed) {
            self.shelf.put(path, &changed);
        }
        for notice in &notices {
            self.feed().tell("alert", notice);
            self.delivery.deliver(notice);
        }
        self.kept.keep(&self.delivery);
        self.feed().tell("tick", &traffic);
        if let Some(verdict) = verdict {
            self.tell_verdict(verdict);
        }
    }

    /// Tells a verdict that says something new.
    fn tell_verdict(&self, verdict: Verdict) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref().is_none_or(|told| verdict.is_news_after(told)) {
            self.feed().tell("verdict", &verdict);
            *told = Some(verdict);
        }
    }

    /// Delivers and writes what waits, in one try, before the process ends.
    pub(crate) async fn close(self: &Arc<Self>) {
        self.delivery.close().await;
        self.kept.keep(&self.delivery);
        if let Some(path) = &self.saved {
            self.shelf.put(path, &self.watch().saved());
        }
        let (admin, (done, is_done)) = (Arc::clone(self), oneshot::channel());
        // A thread that nobody waits for: where the disk hangs, the process ends all the same.
        let written = std::thread::Builder::new().name("last-words".to_owned()).spawn(move || {
            admin.write();
            drop(admin);
            // Nobody may be waiting any more.
            let _ = done.send(());
        });
        if written.is_err() || tokio::time::timeout(LAST * 2, is_done).await.is_err() {
            tracing::warn!("the end of the history was not written");
        }
    }

    /// Writes what waits. It may block.
    fn write(&self) {
        if let Some(Err(error)) = self.history.as_ref().map(|history| history.flush()) {
            tracing::warn!(%error, "the end of the history was not written");
        }
        self.shelf.settle(LAST);
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.seen.watch()
    }
}

fn settings(kept: &config::History) -> Settings {
    let mut settings = Settings::new(&kept.path, wall_clock);
    let retention = &mut settings.retention;
    retention.requests = kept.requests.unwrap_or(retention.requests);
    retention.minutes = kept.minutes.unwrap_or(retention.minutes);
    retention.hours = kept.hours.unwrap_or(retention.hours);
    retention.days = kept.days.unwrap_or(retention.days);
    settings.max_bytes = kept.max_size.map_or(settings.max_bytes, |size| size as u64);
    settings
}

/// This machine's name, as the kernel has it.
pub(crate) fn instance() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "sanso".to_owned() } else { name.trim().to_owned() }
}
