//! What is counted of each group that can be asked for, looked up once.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sanso_core::GroupId;

use super::{add, histograms, labels};
use crate::observe::record::Record;
use crate::served::Degradation;
use crate::snapshot::Snapshot;

#[derive(Debug)]
pub(super) struct Groups(Vec<Own>);

#[derive(Debug)]
struct Own {
    full: Counter,
    partial: Counter,
    degraded: Counter,
    unavailable: Counter,
    cancelled: Counter,
    rejected: Counter,
    duration: Histogram,
    ttft: Histogram,
}

impl Groups {
    pub(super) fn new(r: &mut Registry, snapshot: &Snapshot) -> Self {
        let requests: Family<labels::Requests, Counter> = add(r, "requests", "Finished requests");
        let (durations, ttfts) = (histograms::<labels::Group>(), histograms::<labels::Group>());
        r.register("ttft_seconds", "Until the first content of a request", ttfts.clone());
        r.register("request_duration_seconds", "Until a request's end", durations.clone());
        let own = snapshot.topology.groups().iter().enumerate().map(|(index, group)| {
            let task = snapshot.config.task_of(index).map(|task| task.name.clone());
            let labels = labels::Group { model_group: group.name.to_string() };
            let counter = |degradation: Degradation| {
                requests.get_or_create_owned(&labels::Requests {
                    model_group: group.name.to_string(),
                    task: task.clone().unwrap_or_default(),
                    degradation: degradation.as_str(),
                })
            };
            Own {
                full: counter(Degradation::Full),
                partial: counter(Degradation::Partial),
                degraded: counter(Degradation::Degraded),
                unavailable: counter(Degradation::Unavailable),
                cancelled: counter(Degradation::Cancelled),
                rejected: counter(Degradation::Rejected),
                duration: durations.get_or_create_owned(&labels),
                ttft: ttfts.get_or_create_owned(&labels),
            }
        });
        Self(own.collect())
    }

    /// A request for `group` ended.
    pub(super) fn finished(&self, group: GroupId, record: &Record<'_>) {
        let group = &self.0[group.index()];
        match record.served.degradation {
            Degradation::Full => group.full.inc(),
            Degradation::Partial => group.partial.inc(),
            Degradation::Degraded => group.degraded.inc(),
            Degradation::Unavailable => group.unavailable.inc(),
            Degradation::Cancelled => group.cancelled.inc(),
            Degradation::Rejected => group.rejected.inc(),
        };
        group.duration.observe(record.duration.as_secs_f64());
        if let Some(ttft) = record.ttft {
            group.ttft.observe(ttft.as_secs_f64());
        }
    }
}
