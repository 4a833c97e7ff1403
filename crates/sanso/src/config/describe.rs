//! What `sanso check` prints: the chains, and everything that holds.

use super::types::{Config, Deployment, Group, GroupIndex, Listing, Origin, Policy, Preflight};
use super::units::{show, show_size};
use super::{alerts, base_url, checks, defaults, degradation, tasks};

/// Draws the chains of a configuration, leg by leg, then its settings. Its warnings and notes are left
/// to the caller. Holds no secret.
#[must_use]
pub fn describe(config: &Config) -> String {
    let mut out = String::new();
    for (index, group) in config.groups.iter().enumerate() {
        match group.origin {
            Origin::Listed | Origin::Wildcard => describe_chain(&mut out, config, index, group),
            Origin::Task => tasks::describe(&mut out, config, index),
            Origin::Target => {}
        }
    }
    for (alias, to) in &config.aliases {
        let hidden = if to.hidden { " (hidden)" } else { "" };
        line(&mut out, &format!("{alias} is an alias of {}{hidden}", name_of(config, to.group)));
    }
    if !config.default_fallbacks.is_empty() {
        let to = names(config, &config.default_fallbacks);
        line(&mut out, &format!("models without fallbacks of their own -> {to}"));
        let first = config.default_fallbacks.first().map(|first| name_of(config, *first));
        line(&mut out, &format!("unknown models -> {}", first.unwrap_or_default()));
    }
    if !(config.aliases.is_empty() && config.default_fallbacks.is_empty()) {
        out.push('\n');
    }
    describe_settings(&mut out, config);
    out
}

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn describe_chain(out: &mut String, config: &Config, index: GroupIndex, group: &Group) {
    let legs = config.chain(index);
    let legs_attempts: u32 = legs
        .iter()
        .filter(|leg| config.groups.get(**leg).is_some_and(|leg| !leg.deployments.is_empty()))
        .map(|leg| config.leg_attempts(*leg))
        .fold(0, u32::saturating_add);
    match legs_attempts.min(config.max_attempts(index)) {
        0 => line(out, &format!("{}: cannot be served", group.name)),
        most => {
            let (most, deadline) = (count(most, "attempt"), group.policy.timeouts.deadline);
            line(out, &format!("{}: at most {most} in {}", group.name, show(deadline)));
        }
    }
    for (position, index) in legs.iter().enumerate() {
        let Some(leg) = config.groups.get(*index) else { continue };
        let tier = if position == 0 { "" } else { tier(config, group, leg) };
        let attempts = match leg.deployments.len() {
            0 => String::new(),
            _ => count(config.leg_attempts(*index), "attempt"),
        };
        line(out, &format!("  {}. {:<24} {attempts:<11} {tier}", position + 1, leg.name));
        let lone = legs.len() == 1 && leg.deployments.len() == 1;
        for deployment in leg.deployments.iter().filter_map(|index| config.deployments.get(*index))
        {
            line(out, &format!("     - {}", describe_deployment(deployment, leg, lone)));
        }
        if leg.deployments.is_empty() {
            line(out, "     - no deployment left: this leg is skipped");
        }
    }
    for (what, listing) in [
        ("prompt too long", &group.fallbacks.context_window),
        ("refused by a filter", &group.fallbacks.content_policy),
    ] {
        match listing {
            Listing::Absent => {}
            Listing::Elsewhere => line(out, &format!("  {what} -> the client")),
            Listing::To(groups) => line(out, &format!("  {what} -> {}", names(config, groups))),
        }
    }
    describe_policy(out, config, &group.policy);
    out.push('\n');
}

/// Tiers 3 to 5 of the chain: another model of the same provider, another provider, a local model.
fn tier(config: &Config, first: &Group, leg: &Group) -> &'static str {
    let of = |group: &Group| -> Vec<Deployment> {
        group
            .deployments
            .iter()
            .filter_map(|index| config.deployments.get(*index).cloned())
            .collect()
    };
    let (firsts, legs) = (of(first), of(leg));
    if legs.is_empty() {
        ""
    } else if legs.iter().all(|one| one.mock_response.is_some()) {
        "canned answer"
    } else if legs.iter().all(|one| one.local) {
        "local model (tier 5)"
    } else if legs.iter().all(|one| firsts.iter().any(|first| first.provider == one.provider)) {
        "downgrade (tier 3)"
    } else {
        "failover (tier 4)"
    }
}

fn describe_deployment(deployment: &Deployment, leg: &Group, lone: bool) -> String {
    let place = match &deployment.mock_response {
        Some(_) => "answers with its `mock_response`".to_owned(),
        None => format!("at {}", base_url::authority(&deployment.api_base)),
    };
    let mut text = format!("{}/{} {place}", deployment.provider, deployment.model);
    let mut also = |what: String| {
        text.push_str(", ");
        text.push_str(&what);
    };
    if deployment.api_key.is_none() && deployment.mock_response.is_none() {
        also("no key".into());
    }
    if lone {
        also("alone: no sibling, no fallback".into());
    }
    if let Some(order) = deployment.order {
        also(format!("order {order}"));
    }
    if let Some(weight) = deployment.weights.weight {
        also(format!("weight {weight}"));
    }
    if deployment.timeouts.timeout != leg.policy.timeouts.timeout {
        also(format!("timeout {}", show(deployment.timeouts.timeout)));
    }
    if deployment.breaker.cooldown != leg.policy.breaker.cooldown {
        also(format!("cooldown {}", show(deployment.breaker.cooldown)));
    }
    text
}

/// The lines of a group say only what differs from what holds for all.
pub(super) fn describe_policy(out: &mut String, config: &Config, policy: &Policy) {
    let general = policy_lines(&config.policy);
    for (own, general) in policy_lines(policy).iter().zip(&general) {
        if own != general {
            line(out, &format!("  {own}"));
        }
    }
}

fn policy_lines(policy: &Policy) -> Vec<String> {
    let (retry, breaker, timeouts) = (&policy.retry, &policy.breaker, &policy.timeouts);
    let opens = match breaker.allowed_fails {
        Some(fails) => {
            format!(
                "more than {fails} faults that are {}% of calls or more",
                percent(breaker.min_rate)
            )
        }
        None => format!(
            "{}% faults among {} calls or more",
            percent(breaker.fault_rate),
            breaker.min_calls
        ),
    };
    let breaker_line = if breaker.enabled {
        format!(
            "breaker    opens on {opens} in {}, cooldown {}, probes {}, success_threshold {}",
            show(breaker.window),
            show(breaker.cooldown),
            breaker.probes,
            breaker.success_threshold,
        )
    } else {
        "breaker    metrics only".to_owned()
    };
    vec![
        format!(
            "retry      num_retries {}, max_attempts {}, retry_after {}, patience {} ({} hinted), budget {}",
            retry.num_retries.unwrap_or(defaults::NUM_RETRIES),
            retry.max_attempts.unwrap_or(defaults::MAX_ATTEMPTS),
            show(retry.retry_after),
            show(retry.patience),
            show(retry.patience_hinted),
            retry.budget.map_or("off".to_owned(), |tokens| tokens.to_string()),
        ),
        format!(
            "timeouts   timeout {}, stream {}, deadline {}, connect {}",
            show(timeouts.timeout),
            show(timeouts.stream_timeout),
            show(timeouts.deadline),
            show(timeouts.connect),
        ),
        format!(
            "streams    first_token {} + {} per 10k tokens ({} patient), gap {}, commit_by {}",
            show(timeouts.first_token),
            show(timeouts.first_token_per_10k),
            show(timeouts.first_token_patient),
            show(timeouts.gap),
            show(policy.streams.commit_by),
        ),
        breaker_line,
        fallback_line(policy),
        format!("optional   {}", optional(policy)),
        checks::describe(&policy.checks),
        degradation::describe(&policy.degrade),
    ]
}

/// Refusals that lead to the plain fallbacks beside the faults that always do, and who is passed over.
fn fallback_line(policy: &Policy) -> String {
    let on = policy.fallback_on;
    let said = [("bad_request", on.bad_request), ("content_policy", on.content_policy)];
    let said: Vec<&str> = said.into_iter().filter(|(_, said)| *said).map(|it| it.0).collect();
    let said = if said.is_empty() { "nothing".to_owned() } else { said.join(", ") };
    let preflight = match policy.preflight {
        Preflight::Skip => "skip",
        Preflight::Warn => "warn",
        Preflight::Off => "off",
    };
    format!("fallback   also on {said}, preflight {preflight}")
}

/// What is off unless it is asked for.
fn optional(policy: &Policy) -> String {
    let share = |share: Option<f64>| match share {
        Some(share) => format!("{}%", percent(share)),
        None => "off".to_owned(),
    };
    let cap = policy.inflow_cap.map_or("off".to_owned(), |cap| cap.to_string());
    let on = |on: bool| if on { "on" } else { "off" };
    let (buffer, upstream) = (on(policy.streams.buffer_full), on(policy.streams.upstream_stream));
    let (slow, continues) = (on(policy.breaker.slow), on(policy.streams.continues));
    format!(
        "shed_below {}, inflow_cap {cap}, slow rule {slow}, buffer {buffer}, upstream_stream {upstream}, continue on break {continues}",
        share(policy.shed_below)
    )
}

/// `1 attempt`, `2 attempts`.
fn count(number: u32, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

fn describe_settings(out: &mut String, config: &Config) {
    line(out, "settings of every chain that says nothing else");
    for text in policy_lines(&config.policy) {
        line(out, &format!("  {text}"));
    }
    let limits = &config.limits;
    line(
        out,
        &format!(
            "  limits     body {}, head {}, event {}, answer {}, stored {}, max_fallbacks {}",
            show_size(limits.body),
            show_size(limits.head),
            show_size(limits.event),
            show_size(limits.answer),
            show_size(limits.stored),
            limits.max_fallbacks,
        ),
    );
    line(out, &format!("  TLS        certificates {}", config.trust));
    let admin = config.admin.listen.map_or_else(|| "with the API".to_owned(), |at| at.to_string());
    line(out, &format!("  admin      {admin}"));
    let history = config.history.as_ref();
    let kept = history.map_or_else(|| "none".to_owned(), |it| it.path.display().to_string());
    line(out, &format!("  history    {kept}"));
    for text in alerts::describe(&config.alerts) {
        line(out, &format!("  {text}"));
    }
    let key = if config.master_key.is_some() { "set" } else { "none: open to everyone" };
    line(out, &format!("  master key {key}"));
}

fn names(config: &Config, groups: &[GroupIndex]) -> String {
    let names: Vec<&str> = groups.iter().map(|group| name_of(config, *group)).collect();
    names.join(", ")
}

fn name_of(config: &Config, group: GroupIndex) -> &str {
    config.groups.get(group).map_or("", |group| &group.name)
}
