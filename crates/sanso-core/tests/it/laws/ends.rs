//! How a request ends.

use proptest::prelude::*;
use sanso_core::*;

use super::cases;
use crate::scene::scenes;
use crate::world::{CallTold, Over, Told, World};

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn law_1_one_terminal_answer_per_request(scene in scenes()) {
        for told in scene.play().history.requests {
            prop_assert_eq!(told.verdicts.len(), 1);
            prop_assert!(told.committed.len() <= 1 + usize::from(told.request.continues));
        }
    }

    #[test]
    fn law_15_commit_finish_or_fail_by_the_deadline(scene in scenes()) {
        for told in scene.play().history.requests {
            let committed = told.committed.first().map(|(at, _)| *at);
            let decided = committed.unwrap_or(told.verdicts[0].0);
            prop_assert!(decided <= told.request.deadline.max(told.arrived));
        }
    }

    #[test]
    fn law_16_success_is_a_complete_answer_of_one_attempt(scene in scenes()) {
        for told in scene.play().history.requests {
            // A probe may end after its request, which someone else has served.
            let ended = told.verdicts[0].0;
            let whole = told.calls.values().filter(|call| {
                matches!(call.over, Some((at, Over::Ended(Outcome::Finished))) if at <= ended)
            });
            let whole: Vec<CallId> = whole.map(|call| call.call.id).collect();
            match told.verdict() {
                Verdict::Answered { call, soft: None } => prop_assert_eq!(whole, vec![*call]),
                Verdict::Answered { call, soft: Some(reason) } => {
                    prop_assert!(whole.is_empty());
                    let fault = fault_of(&told, *call);
                    prop_assert_eq!(fault.map(|it| it.kind), Some(FaultKind::Soft(*reason)));
                }
                Verdict::Broken(_) | Verdict::Failed(_) | Verdict::Cancelled => {
                    prop_assert!(whole.is_empty());
                }
            }
        }
    }

    #[test]
    fn law_16_what_is_held_is_committed_by_no_part_of_it(scene in scenes()) {
        for told in scene.play().history.requests.iter().filter(|told| told.request.held) {
            prop_assert!(told.committed.is_empty());
            prop_assert!(!matches!(told.verdict(), Verdict::Broken(_)));
        }
    }

    #[test]
    fn law_17_what_breaks_after_commit_is_never_answered(scene in scenes()) {
        for told in scene.play().history.requests {
            let Some((at, committed)) = told.committed.last() else { continue };
            let call = &told.calls[committed];
            match told.verdict() {
                Verdict::Answered { call: answered, .. } => {
                    prop_assert_eq!(answered, committed);
                    prop_assert_eq!(call.over.map(|it| it.1), Some(Over::Ended(Outcome::Finished)));
                }
                Verdict::Broken(broken) => {
                    prop_assert_eq!(broken, committed);
                    prop_assert_ne!(call.over.map(|it| it.1), Some(Over::Ended(Outcome::Finished)));
                }
                Verdict::Cancelled => prop_assert!(told.left.is_some()),
                Verdict::Failed(failure) => prop_assert!(false, "failed after commit: {failure:?}"),
            }
            // After it only calls that carry the stream on, and only once.
            let carried_on = |call: &CallTold| matches!(call.call.ask, Ask::Continue { .. });
            let later = told.calls.values().filter(|it| it.started > *at || it.call.id > *committed);
            let may = told.request.continues && told.committed.len() == 1;
            for call in later {
                prop_assert!(may && carried_on(call), "{:?} after commit", call);
            }
        }
    }

    #[test]
    fn law_16_a_continuation_goes_on_from_what_broke_and_by_who_is_able(scene in scenes()) {
        let topology = scene.topology();
        for told in scene.play().history.requests {
            for call in told.calls.values() {
                let Ask::Continue { after } = call.call.ask else { continue };
                prop_assert!(told.request.continues);
                prop_assert_eq!(Some(after), told.committed.first().map(|it| it.1));
                let broke = told.calls[&after].over.expect("it broke").0;
                prop_assert!(told.calls[&after].content.is_some() && call.started >= broke);
                let able = topology.deployment(call.call.deployment).capabilities.lacks;
                prop_assert!(able.common(Needs::CONTINUATION).is_empty());
                prop_assert_ne!(call.call.deployment, told.calls[&after].call.deployment);
            }
            if let [(_, first), (_, second)] = told.committed[..] {
                prop_assert_eq!(told.calls[&second].call.ask, Ask::Continue { after: first });
            }
        }
    }

    #[test]
    fn law_20_all_failed_with_the_most_telling_error(scene in scenes()) {
        for told in scene.play().history.requests {
            let Verdict::Failed(failure) = told.verdict() else { continue };
            if let FailureCause::Fault { call, kind } = &failure.cause {
                let worst = lost(&told).into_iter().min_by_key(|(_, rank)| *rank).map(|it| it.1);
                let chosen = lost(&told).into_iter().find(|(id, _)| id == call);
                prop_assert_eq!(chosen.map(|it| it.1), worst);
                if *kind == FaultKind::RateLimited {
                    prop_assert_eq!(wait_of(&told, *call), shortest_wait(&told));
                }
                let waits = matches!(kind, FaultKind::RateLimited | FaultKind::Overloaded);
                prop_assert!(waits || failure.retry_after.is_none());
            } else {
                prop_assert!(told.calls.is_empty());
            }
            if matches!(failure.cause, FailureCause::Shut(_)) {
                prop_assert!([429, 502, 503].contains(&failure.status));
                let named = failure.retry_after.is_none_or(|wait| wait.as_secs() >= 1);
                prop_assert!(named);
            }
        }
    }

    #[test]
    fn law_21_client_gone_everything_stops(scene in scenes()) {
        for told in scene.play().history.requests {
            let Some(left) = told.left else { continue };
            prop_assert_eq!(told.verdict(), &Verdict::Cancelled);
            for call in told.calls.values() {
                prop_assert!(call.started <= left, "a call after the client left");
                prop_assert!(call.over.is_some_and(|(at, _)| at <= left), "upstream runs on");
            }
        }
    }

    #[test]
    fn law_22_after_quiescence_nothing_is_in_flight(scene in scenes()) {
        let world = scene.play();
        prop_assert_eq!(in_flight(&world), 0);
        for told in &world.history.requests {
            prop_assert!(told.calls.values().all(|call| call.over.is_some()));
        }
    }
}

fn in_flight(world: &World) -> u32 {
    let count = world.topology.deployments().len() as u32;
    let views = (0..count).map(|id| world.gates.view(DeploymentId::new(id), world.now));
    views.map(|view| view.in_flight).sum()
}

fn fault_of(told: &Told, call: CallId) -> Option<Fault> {
    told.events.iter().find_map(|(_, event)| match event {
        Event::CallEnded { call: ended, end: CallEnd::Fault(fault), .. } if *ended == call => {
            Some(*fault)
        }
        _ => None,
    })
}

/// Until when the provider of a rate limited call asks to wait; the far future where it does not say.
fn wait_of(told: &Told, call: CallId) -> Option<Duration> {
    told.events.iter().find_map(|(at, event)| match event {
        Event::CallEnded { call: ended, end: CallEnd::Fault(fault), .. }
            if *ended == call && fault.kind == FaultKind::RateLimited =>
        {
            let until = |hint| at.since_origin().saturating_add(hint);
            Some(fault.hint.map_or(Duration::MAX, until))
        }
        _ => None,
    })
}

fn shortest_wait(told: &Told) -> Option<Duration> {
    told.calls.keys().filter_map(|call| wait_of(told, *call)).min()
}

/// The calls that were lost, with the place of their errors in the order of the specification.
fn lost(told: &Told) -> Vec<(CallId, u32)> {
    let rank = |call: CallId, kind: FaultKind| {
        let first = told.calls[&call].call.leg == LegIndex::FIRST;
        match kind {
            FaultKind::BadRequest | FaultKind::ContextWindow | FaultKind::ContentPolicy => {
                if first { 0 } else { 9 }
            }
            FaultKind::RateLimited => 1,
            FaultKind::QuotaExhausted | FaultKind::Overloaded => 2,
            FaultKind::ServerError => 3,
            FaultKind::Timeout(_) => 4,
            _ => 5,
        }
    };
    let lost = told.events.iter().filter_map(|(_, event)| match event {
        Event::CallEnded { call, end: CallEnd::Fault(fault), .. } => {
            Some((*call, rank(*call, fault.kind)))
        }
        _ => None,
    });
    lost.collect()
}
