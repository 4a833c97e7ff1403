//! Whoever watches is told what happens, all of it and in order, and holds up no request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sanso::watch::{
    BreakerState, Degradation, Dimension, Event, Finished, GateName, Kind, Outcome, Passed, Reason,
};
use sanso::{Gateway, Queue, View};
use sanso_sim::provider::{Problem, Provider, Vendor};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::{KEY, Setup, ask, metric, soon, until};
use crate::upstream::{Act, Upstream, response};

/// A view that passes everything on.
fn told(gateway: &Gateway) -> UnboundedReceiver<Event> {
    let (sender, told) = unbounded_channel();
    let pass_on = move |events: Vec<Event>| {
        events.into_iter().for_each(|event| sender.send(event).unwrap_or_default());
        0
    };
    let view: Arc<dyn View> = Arc::new(Queue::spawn("test", pass_on).unwrap());
    gateway.tell(&view);
    told
}

async fn finished(told: &mut UnboundedReceiver<Event>) -> Arc<Finished> {
    loop {
        if let Event::Request(finished) = soon(told.recv()).await.unwrap() {
            return finished;
        }
    }
}

#[tokio::test]
async fn a_request_is_told_with_its_whole_trail() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let settings = "litellm_settings: { num_retries: 0, allowed_fails: 0, cooldown_time: 60, \
                    fallbacks: [{ main: [spare] }] }";
    let gateway = setup.set(settings).gateway();
    let mut told = told(&gateway);
    primary.set(Problem::Status(500));
    let answer = soon(gateway.chat(ask())).await.unwrap();

    // The breaker opens within the request, so it is told first.
    let Event::Breaker(moved) = soon(told.recv()).await.unwrap() else { panic!("a breaker") };
    assert_eq!((moved.from, moved.to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!((moved.kind, moved.is_opening()), (Some(Kind::ServerError), true));
    // A cooldown varies by a fifth.
    assert!(moved.next_probe.is_some_and(|probe| probe.since(moved.at) > 45_000), "{moved:?}");

    let request = finished(&mut told).await;
    assert_eq!(*request.request_id, *answer.served().request_id);
    assert_eq!((&*request.model_group, request.leg), ("main", Some(1)));
    assert_eq!(request.answered_by_group.as_deref(), Some("spare"));
    assert_eq!(request.fallback_from.as_deref(), Some("main"));
    assert_eq!(request.degradation, Degradation::Partial);
    assert_eq!(request.fallback, Some(Reason::Fault(Kind::ServerError)));
    assert!(request.cost_usd.is_some_and(|cost| cost > 0.0), "{request:?}");
    let [failed, answered] = &request.attempts[..] else { panic!("two attempts: {request:?}") };
    assert_eq!((failed.outcome, failed.status), (Outcome::Fault(Kind::ServerError), Some(500)));
    assert!(failed.note.is_some(), "{failed:?}");
    assert_eq!((answered.outcome, &*answered.provider), (Outcome::Success, "anthropic"));
    assert_eq!(Some(&answered.deployment), request.deployment.as_ref());

    // The next one finds the breaker open: nobody is called in vain, and that is told.
    soon(gateway.chat(ask())).await.unwrap();
    let request = finished(&mut told).await;
    assert_eq!(request.attempts.len(), 1, "{request:?}");
    assert_eq!(request.fallback, Some(Reason::Passed(Passed::Breaker)));
    let [skipped] = &request.skipped[..] else { panic!("one skipped: {request:?}") };
    assert_eq!((&skipped.deployment, skipped.gate), (&moved.deployment, Passed::Breaker));
    assert_eq!(
        skipped.since.map(|since| moved.at.since(since).max(since.since(moved.at)) < 50),
        Some(true)
    );

    let live = gateway.live();
    let live = live.iter().find(|live| live.deployment == moved.deployment).unwrap();
    assert_eq!((live.breaker.state, live.in_flight), (BreakerState::Open, 0));
}

#[tokio::test]
async fn a_wait_is_told_as_long_as_it_was() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default()
        .provider("main", &primary)
        .set("litellm_settings: { num_retries: 1 }")
        .gateway();
    let mut told = told(&gateway);
    primary.fail_next(1, Problem::Status(503));
    soon(gateway.chat(ask())).await.unwrap();
    let request = finished(&mut told).await;
    let [first, second] = &request.attempts[..] else { panic!("two attempts: {request:?}") };
    assert_eq!(first.wait_before_ms, 0);
    assert!(second.wait_before_ms > 0, "{second:?}");
    assert!(second.start_ms >= first.start_ms + first.duration_ms + second.wait_before_ms);
    assert_eq!((request.leg, request.fallback), (Some(0), None));
}

#[tokio::test]
async fn what_a_provider_said_is_told_without_the_key_and_not_all_of_it() {
    let long = format!("the key {KEY} is wrong: {}", "why ".repeat(200));
    let body = serde_json::json!({"error": {"message": long}}).to_string();
    let refuses = response("400 No", "application/json", &body);
    let upstream = Upstream::start(vec![vec![Act::Read, Act::Send(refuses)]]).await;
    let gateway = Setup::default().upstream("main", &upstream).gateway();
    let mut told = told(&gateway);
    soon(gateway.chat(ask())).await.unwrap_err();
    let request = finished(&mut told).await;
    let note = request.attempts[0].note.as_deref().unwrap();
    assert!(
        note.starts_with("the key ") && note.contains("is wrong") && !note.contains(KEY),
        "{note}"
    );
    assert!(note.chars().count() == 201 && note.ends_with('…'), "{note}");
}

#[tokio::test]
async fn a_fallback_is_blamed_on_the_first_leg_alone() {
    let [main, second, third] = [
        Provider::start(Vendor::OpenAi).await,
        Provider::start(Vendor::OpenAi).await,
        Provider::start(Vendor::OpenAi).await,
    ]
    .map(Result::unwrap);
    let setup =
        Setup::default().provider("main", &main).provider("b", &second).provider("c", &third);
    let settings = "litellm_settings: { num_retries: 0, fallbacks: [{ main: [b, c] }] }";
    let gateway = setup.set(settings).gateway();
    let mut told = told(&gateway);
    main.set(Problem::BadKey);
    soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(finished(&mut told).await.fallback, Some(Reason::Fault(Kind::Authentication)));
    // Its credential gate is shut now; that the next one fails has nothing to do with it.
    second.set(Problem::Status(500));
    soon(gateway.chat(ask())).await.unwrap();
    assert_eq!(finished(&mut told).await.fallback, Some(Reason::Passed(Passed::Credential)));
    let to = ["from=\"main\"", "to=\"c\"", "reason=\"gate_shut\""];
    assert_eq!(metric(&gateway, "sanso_fallbacks_total", &to), 1.0);
}

#[tokio::test]
async fn a_clients_own_name_of_a_task_fills_no_log() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let (gateway, mut log) = Setup::default().provider("main", &primary).logged();
    let named = "ä".repeat(100_000);
    let body = serde_json::json!({"model": "main", "metadata": {"task": named},
        "messages": [{"role": "user", "content": "Why?"}]});
    soon(gateway.relay(body.to_string().into(), gateway.arrive())).await.unwrap();
    let line = log.line().await;
    assert_eq!(line["task"].as_str().map(|task| task.chars().count()), Some(64));
    assert!(line.to_string().len() < 4_000, "{line}");
}

#[tokio::test]
async fn a_quota_gate_that_shuts_is_told_once_with_what_it_counts() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let spare = Provider::start(Vendor::Anthropic).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &spare);
    let gateway = setup.with_spare().gateway();
    let mut told = told(&gateway);
    primary.set(Problem::RateLimited { retry_after: Some(Duration::from_secs(20)) });
    for _ in 0..3 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    let mut moves = Vec::new();
    let mut requests = 0;
    while requests < 3 {
        match soon(told.recv()).await.unwrap() {
            Event::Gate(moved) => moves.push(moved),
            Event::Request(_) => requests += 1,
            Event::Breaker(_) | Event::Mark(_) => {}
        }
    }
    let [moved] = &moves[..] else { panic!("one shutting: {moves:?}") };
    assert_eq!((moved.gate, moved.shut), (GateName::Quota, true));
    assert_eq!(moved.dimension, Some(Dimension::Requests));
    assert!(moved.not_before.is_some_and(|until| until.since(moved.at) >= 20_000), "{moved:?}");
}

#[tokio::test]
async fn what_a_view_drops_is_counted_by_its_name() {
    #[derive(Debug, Default)]
    struct Full(AtomicU64);
    impl View for Full {
        fn name(&self) -> &'static str {
            "full"
        }
        fn offer(&self, _: &Event) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn dropped(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &primary).gateway();
    let view: Arc<dyn View> = Arc::new(Full::default());
    gateway.tell(&view);
    let mut told = told(&gateway);
    for _ in 0..3 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    assert_eq!(metric(&gateway, "sanso_events_dropped_total", &["view=\"full\""]), 3.0);
    assert_eq!(metric(&gateway, "sanso_events_dropped_total", &["view=\"test\""]), 0.0);
    for _ in 0..3 {
        finished(&mut told).await;
    }
}

#[tokio::test]
async fn the_plan_has_what_can_be_asked_for_and_knows_a_spare() {
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &primary).provider("spare", &primary);
    let tasks = "sanso: { tasks: { sum: { models: [spare, main], fallback: deny } } }";
    let plan = setup.with_spare().set(tasks).gateway().plan();
    let said = plan.chains.iter().map(|chain| {
        let legs: Vec<&str> = chain.legs.iter().map(|leg| &*leg.model_group).collect();
        (&*chain.model_group, chain.task.as_deref(), legs, chain.spare, chain.denied)
    });
    let said: Vec<_> = said.collect();
    assert_eq!(said[0], ("main", None, vec!["main", "spare"], false, false));
    assert_eq!(said[1], ("spare", None, vec!["spare"], true, false));
    assert_eq!(said[2], ("task/sum", Some("sum"), vec!["spare", "main"], false, true));
    assert_eq!(said.len(), 3);
}

#[tokio::test]
async fn the_models_of_a_task_are_spares_the_first_as_well() {
    let provider = Provider::start(Vendor::OpenAi).await.unwrap();
    let setup = Setup::default().provider("main", &provider).provider("spare", &provider);
    let tasks = "sanso: { tasks: { sum: { models: [main, spare] }, one: { models: [main] } } }";
    let plan = setup.set(tasks).gateway().plan();
    let said = plan.chains.iter().map(|chain| (&*chain.model_group, chain.spare));
    let said: Vec<_> = said.collect();
    assert_eq!(said, [("main", true), ("spare", true), ("task/sum", false), ("task/one", false)]);
}

#[tokio::test]
async fn lines_that_cannot_be_written_are_counted() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let primary = Provider::start(Vendor::OpenAi).await.unwrap();
    let gateway = Setup::default().provider("main", &primary).logged_to(Box::new(Full));
    for _ in 0..3 {
        soon(gateway.chat(ask())).await.unwrap();
    }
    let lost = || metric(&gateway, "sanso_events_dropped_total", &["view=\"log\""]);
    until(|| lost() >= 3.0).await;
    assert_eq!(lost(), 3.0);
}
