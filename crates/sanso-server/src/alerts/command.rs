//! `sanso alerts test`.

use std::process::ExitCode;
use std::sync::Arc;

use sanso::config::{Config, Report};
use sanso::wall_clock;
use sanso::watch::{
    Alert, AlertState, Cause, Change, Millis, Notice, Severity, Signal, Subject, Thresholds,
};

use super::outlet::{LIMIT, Outlet};
use super::{Message, courier};
use crate::check::{complain_of, load};
use crate::cli::AlertsTest;
use crate::output::{complain, refuse, say};

/// Tries every sink once. Exits 1 where one did not take it.
pub(crate) fn run(options: &AlertsTest) -> ExitCode {
    let config = match load(&options.config, options.reading) {
        Ok(config) => config,
        Err(report) => return refuse(report),
    };
    complain_of(&config);
    crate::log::start(config.log);
    let runtime = match crate::serve::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format!("error: no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(tell_all(&config)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(report) => refuse(report),
    }
}

/// Whether all took it.
async fn tell_all(config: &Config) -> Result<bool, Report> {
    let courier = courier(config)?;
    let message = Message { notice: Arc::new(notice(wall_clock())), is_test: true };
    let instance: Arc<str> = crate::admin::instance().into();
    let mut all_took_it = true;
    if config.alerts.sinks.is_empty() {
        say("`sanso.alerts.sinks` is empty: nobody is told of alerts");
    }
    for sink in &config.alerts.sinks {
        let outlet = Outlet::new(sink, courier.clone(), Arc::clone(&instance), LIMIT);
        match outlet.put(&message, wall_clock()).await {
            Ok(()) => say(format!("{}: ok", sink.name)),
            Err(fault) => {
                all_took_it = false;
                say(format!("{}: failed: {}", sink.name, fault.why));
            }
        }
    }
    Ok(all_took_it)
}

/// An alert like a real one, of a chain that no configuration has.
fn notice(now: Millis) -> Notice {
    let cause = Cause {
        evidence: vec!["this was asked for by `sanso alerts test`".to_owned()],
        ..Cause::default()
    };
    let alert = Alert {
        id: "test".into(),
        signal: Signal::FallbackRate,
        severity: Severity::Warn,
        state: AlertState::Firing,
        since: now,
        subject: Subject { model_group: Some("test".into()), ..Subject::default() },
        value: 0.06,
        threshold: 0.05,
        window: Thresholds::default().window(Signal::FallbackRate).into(),
        count: 6,
        of: Some(100),
        served_instead: None,
        served_instead_model: Some("test/test".into()),
        same_model_share: None,
        cause,
        silenced_until: None,
    };
    Notice { change: Change::Fired, at: now, alert, also: Vec::new() }
}
