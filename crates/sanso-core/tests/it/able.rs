//! Preflight: who is passed over for what it cannot do, and where the request goes instead.

use sanso_core::*;

use crate::provider::Behaviour;
use crate::scene::chain_of;
use crate::world::{Told, World};

/// `a` falls back to `b`, `b` to `c`.
fn world(edit: impl FnOnce(&mut Vec<Group>, &mut Vec<Deployment>)) -> World {
    let chain = chain_of(&[(1, &[1]), (1, &[2]), (1, &[])], Rules::default());
    let (mut groups, mut deployments) = (chain.groups().to_vec(), chain.deployments().to_vec());
    edit(&mut groups, &mut deployments);
    let topology = Topology::new(groups, deployments, None, Rules::default());
    World::new(topology, vec![Behaviour::Healthy; 3], 7)
}

fn lacks(needs: Needs) -> Capabilities {
    Capabilities { lacks: needs, ..Capabilities::default() }
}

fn takes(window: u64) -> Capabilities {
    Capabilities { window: Some(window), ..Capabilities::default() }
}

fn ask(mut world: World, needs: Needs, prompt_tokens: u32) -> Told {
    let class = Class { stream: false, thinks: false };
    let deadline = Instant::ORIGIN + Duration::from_secs(60);
    let mut request = Request::new(GroupId::new(0), class, deadline);
    (request.needs, request.prompt_tokens) = (needs, prompt_tokens);
    world.send(Instant::ORIGIN, request, None);
    world.run();
    world.history.requests.remove(0)
}

fn served_by(told: &Told) -> Option<usize> {
    told.served_by().map(|call| call.call.deployment.index())
}

#[test]
fn a_leg_that_lacks_what_is_needed_is_not_called() {
    let told = ask(world(|_, all| all[0].capabilities = lacks(Needs::TOOLS)), Needs::TOOLS, 0);
    assert_eq!((served_by(&told), told.calls.len()), (Some(1), 1));
    let told = ask(world(|_, all| all[0].capabilities = lacks(Needs::TOOLS)), Needs::IMAGES, 0);
    assert_eq!(served_by(&told), Some(0), "it lacks what nobody asks for");
}

#[test]
fn warn_calls_it_all_the_same_and_says_so() {
    let told = ask(
        world(|groups, all| {
            groups[0].preflight = Preflight::Warn;
            all[0].capabilities = lacks(Needs::TOOLS);
        }),
        Needs::TOOLS,
        0,
    );
    assert_eq!(served_by(&told), Some(0));
    let lack = Lack { needs: Needs::TOOLS, window: None };
    let said = |event: &Event| matches!(event, Event::Unable { called: true, lack: it, .. } if *it == lack);
    assert_eq!(told.events.iter().filter(|(_, event)| said(event)).count(), 1);
}

#[test]
fn under_warn_a_sibling_that_lacks_nothing_is_called_first() {
    for seed in 0..16 {
        let chain = chain_of(&[(2, &[])], Rules::default());
        let (mut groups, mut all) = (chain.groups().to_vec(), chain.deployments().to_vec());
        groups[0].preflight = Preflight::Warn;
        all[0].capabilities = lacks(Needs::TOOLS);
        let topology = Topology::new(groups, all, None, Rules::default());
        let told = ask(World::new(topology, vec![Behaviour::Healthy; 2], seed), Needs::TOOLS, 0);
        assert_eq!(served_by(&told), Some(1), "seed {seed}");
    }
}

#[test]
fn a_chain_says_what_a_deployment_lacks_and_whether_it_is_passed_over_for_that() {
    for (preflight, skips) in [(Preflight::Skip, true), (Preflight::Warn, false)] {
        let world = world(|groups, all| {
            groups[0].preflight = preflight;
            all[0].capabilities = lacks(Needs::TOOLS);
        });
        let class = Class { stream: false, thinks: false };
        let mut request = Request::new(GroupId::new(0), class, Instant::ORIGIN);
        request.needs = Needs::TOOLS;
        let chain = Chain::new(world.topology.clone(), request, &mut Rng::from_seed(1));
        let lack = Lack { needs: Needs::TOOLS, window: None };
        assert_eq!(chain.lack(DeploymentId::new(0)), Some((lack, skips)));
        assert_eq!(chain.lack(DeploymentId::new(1)), None);
    }
}

#[test]
fn a_leg_that_lacks_what_is_needed_keeps_no_attempt_in_reserve() {
    for (needs, calls) in [(Needs::TOOLS, vec![0, 0]), (Needs::NONE, vec![0, 1])] {
        let dead = Behaviour::Dead(Fault::new(FaultKind::ServerError).with_status(500));
        let mut world = world(|groups, all| {
            groups[0].max_attempts = Some(2);
            groups[1].fallbacks = Some(vec![]);
            all[1].capabilities = lacks(Needs::TOOLS);
        });
        world = World::new((*world.topology).clone(), vec![dead; 3], 7);
        let told = ask(world, needs, 0);
        let called = told.calls.values().map(|call| call.call.deployment.index());
        assert_eq!(called.collect::<Vec<_>>(), calls);
    }
}

#[test]
fn who_lacks_tools_is_left_by_the_plain_way_though_there_is_one_for_long_prompts() {
    let told = ask(
        world(|groups, all| {
            all[0].capabilities = lacks(Needs::TOOLS);
            groups[0].context_window_fallbacks = Some(vec![GroupId::new(2)]);
        }),
        Needs::TOOLS,
        0,
    );
    assert_eq!(served_by(&told), Some(1));
}

#[test]
fn off_does_not_look() {
    let told = ask(
        world(|groups, all| {
            groups[0].preflight = Preflight::Off;
            all[0].capabilities = lacks(Needs::TOOLS);
        }),
        Needs::TOOLS,
        0,
    );
    assert_eq!(served_by(&told), Some(0));
    assert!(!told.events.iter().any(|(_, event)| matches!(event, Event::Unable { .. })));
}

#[test]
fn a_prompt_is_too_long_only_beyond_what_the_estimate_may_err_by() {
    let told =
        |tokens| ask(world(|_, all| all[0].capabilities = takes(1_000)), Needs::NONE, tokens);
    assert_eq!(served_by(&told(2_001)), Some(0));
    assert_eq!(served_by(&told(2_002)), Some(1));
}

#[test]
fn a_prompt_known_to_be_too_long_goes_the_way_of_one_that_was_refused() {
    let told = ask(
        world(|groups, all| {
            all[0].capabilities = takes(1_000);
            groups[0].context_window_fallbacks = Some(vec![GroupId::new(2)]);
        }),
        Needs::NONE,
        9_000,
    );
    assert_eq!(served_by(&told), Some(2));
    let told = ask(
        world(|groups, all| {
            all[0].capabilities = takes(1_000);
            groups[0].context_window_fallbacks = Some(vec![]);
        }),
        Needs::NONE,
        9_000,
    );
    assert_eq!(told.calls.len(), 0);
    let Verdict::Failed(failure) = told.verdict() else { panic!("{told:?}") };
    assert!(matches!(failure.cause, FailureCause::Unable(_)), "{failure:?}");
}

#[test]
fn a_refused_prompt_goes_to_plain_fallbacks_with_a_larger_or_unknown_window() {
    let refused = |b: Capabilities| {
        let mut world = world(|groups, all| {
            groups[0].fallbacks = Some(vec![GroupId::new(1), GroupId::new(2)]);
            all[0].capabilities = takes(1_000);
            all[1].capabilities = b;
            all[2].capabilities = takes(2_000);
        });
        let dead = Behaviour::Dead(Fault::new(FaultKind::ContextWindow).with_status(400));
        world = World::new(
            (*world.topology).clone(),
            vec![dead, Behaviour::Healthy, Behaviour::Healthy],
            7,
        );
        served_by(&ask(world, Needs::NONE, 10))
    };
    assert_eq!(refused(takes(1_000)), Some(2), "no larger");
    assert_eq!(refused(takes(1_001)), Some(1));
    assert_eq!(refused(Capabilities::default()), Some(1), "unknown");
}

#[test]
fn a_request_that_nobody_can_serve_is_refused_without_a_call() {
    let told = ask(
        world(|_, all| all.iter_mut().for_each(|one| one.capabilities = lacks(Needs::AUDIO))),
        Needs::AUDIO,
        0,
    );
    assert!(told.calls.is_empty());
    let Verdict::Failed(failure) = told.verdict() else { panic!("{told:?}") };
    let FailureCause::Unable(unable) = &failure.cause else { panic!("{failure:?}") };
    assert_eq!((failure.status, unable.len()), (400, 3));
}
