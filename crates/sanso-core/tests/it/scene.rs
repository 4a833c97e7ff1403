//! Random scenes: a topology, its providers and its requests, drawn by proptest so that they shrink.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sanso_core::*;

use crate::provider::{Behaviour, KINDS};
use crate::world::World;

/// A scene before it is built. Groups are named by number, modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) seed: u64,
    /// Some deployments share a key, some a host, some both.
    pub(crate) shares: bool,
    /// Some deployments cannot do what some requests ask.
    pub(crate) picky: bool,
    pub(crate) groups: Vec<GroupScene>,
    pub(crate) defaults: Option<Vec<u32>>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) max_fallbacks: u32,
    pub(crate) requests: Vec<RequestScene>,
}

#[derive(Clone, Debug)]
pub(crate) struct GroupScene {
    pub(crate) siblings: Vec<Behaviour>,
    num_retries: Option<u32>,
    fallbacks: Option<Vec<u32>>,
    context: Option<Vec<u32>>,
    policy: Vec<u32>,
    pub(crate) on: FallbackOn,
}

#[derive(Clone, Debug)]
pub(crate) struct RequestScene {
    pub(crate) gap_ms: u64,
    group: u32,
    stream: bool,
    held: bool,
    num_retries: Option<u32>,
    deadline: Duration,
    continues: bool,
    timeout_ms: Option<u64>,
    deny: bool,
    leaves_ms: Option<u64>,
}

pub(crate) fn scenes() -> impl Strategy<Value = Scene> {
    scenes_of(behaviours(), 1..30)
}

/// Scenes whose faults stop after a minute.
pub(crate) fn scenes_that_heal() -> impl Strategy<Value = Scene> {
    let heals = behaviours().prop_map(|ill| {
        Behaviour::Until(Duration::from_secs(60), Box::new(ill), Box::new(Behaviour::Healthy))
    });
    scenes_of(heals.boxed(), 30..60)
}

fn scenes_of(
    behaviours: BoxedStrategy<Behaviour>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Scene> {
    let group = (
        vec(behaviours, 1..4),
        option::of(0..5_u32),
        option::weighted(0.8, vec(0..4_u32, 1..4)),
        option::of(vec(0..4_u32, 0..3)),
        (vec(0..4_u32, 0..3), any::<bool>(), any::<bool>()),
    );
    let group = group.prop_map(|(siblings, num_retries, fallbacks, context, rest)| {
        let (policy, bad_request, content_policy) = rest;
        let on = FallbackOn { bad_request, content_policy };
        GroupScene { siblings, num_retries, fallbacks, context, policy, on }
    });
    let defaults = option::of(vec(0..4_u32, 0..3));
    let rules = (prop_oneof![Just(None), Just(Some(0)), Just(Some(3)), Just(Some(6))], 0..6_u32);
    (any::<u64>(), vec(group, 1..=4), defaults, rules, vec(requests(), count)).prop_map(
        |(seed, groups, defaults, (max_attempts, max_fallbacks), requests)| Scene {
            seed,
            shares: true,
            picky: false,
            groups,
            defaults,
            max_attempts,
            max_fallbacks,
            requests,
        },
    )
}

fn requests() -> impl Strategy<Value = RequestScene> {
    let times = (0..1_500_u64, prop_oneof![Just(0_u64), Just(5), Just(30), Just(600)]);
    let own = (option::weighted(0.2, 0..5_u32), option::weighted(0.1, 1..3_000_u64));
    let rest = (0..4_u32, any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    (times, own, rest, option::weighted(0.15, 0..20_000_u64)).prop_map(
        |(
            (gap_ms, deadline_s),
            (num_retries, timeout_ms),
            (group, stream, deny, held),
            leaves_ms,
        )| {
            RequestScene {
                gap_ms,
                group,
                stream,
                held: stream && held,
                num_retries,
                deadline: Duration::from_secs(deadline_s),
                continues: stream && gap_ms % 4 < 2,
                timeout_ms,
                deny,
                leaves_ms,
            }
        },
    )
}

fn behaviours() -> BoxedStrategy<Behaviour> {
    let hints = prop_oneof![Just(None), (0..8_000_u64).prop_map(Some), Just(Some(u64::MAX))];
    let dead = (prop::sample::select(KINDS.to_vec()), hints).prop_map(|(kind, hint)| {
        let room = (kind == FaultKind::ContextWindow).then_some(100);
        Behaviour::Dead(Fault {
            room,
            ..Fault::new(kind).with_hint(hint.map(Duration::from_millis))
        })
    });
    let limited = (1..10_u32, any::<bool>())
        .prop_map(|(per_second, hint)| Behaviour::Limited { per_second, hint });
    prop_oneof![
        2 => Just(Behaviour::Healthy),
        2 => (1..90_u32).prop_map(Behaviour::Flaky),
        4 => dead,
        1 => Just(Behaviour::Silent),
        1 => limited,
        1 => Just(Behaviour::Breaks),
    ]
    .boxed()
}

impl Scene {
    /// The same, but that each group is one deployment whose streams break, and are to be carried on by
    /// the last group, which would need longer than anyone waits for it.
    pub(crate) fn carried_on_in_haste(mut self) -> Self {
        let last = self.groups.len() - 1;
        for (number, group) in self.groups.iter_mut().enumerate() {
            let slow = number == last;
            group.siblings = vec![if slow { Behaviour::Silent } else { Behaviour::Breaks }];
            group.fallbacks = Some(vec![last as u32]);
        }
        (self.max_attempts, self.max_fallbacks) = (None, 5);
        for request in &mut self.requests {
            (request.stream, request.held, request.deny) = (true, false, false);
            request.continues = true;
            request.deadline = Duration::from_millis(300 + request.gap_ms / 5);
        }
        self
    }

    pub(crate) fn topology(&self) -> Topology {
        let count = self.groups.len() as u32;
        let ids = |list: &Vec<u32>| list.iter().map(|id| GroupId::new(id % count)).collect();
        let mut groups = Vec::new();
        let mut deployments = Vec::new();
        for (number, scene) in self.groups.iter().enumerate() {
            let mut own = Vec::new();
            for sibling in 0..scene.siblings.len() {
                let id = deployments.len() as u64;
                own.push(DeploymentId::new(id as u32));
                let shared =
                    |of: u64| self.shares.then(|| format!("{}", (self.seed >> id) % of).into());
                deployments.push(Deployment {
                    credential: shared(3),
                    host: shared(5),
                    capabilities: self.capabilities(id),
                    ..Deployment::new(format!("{number}#{sibling}"))
                });
            }
            groups.push(Group {
                name: number.to_string().into(),
                deployments: own,
                num_retries: scene.num_retries,
                fallbacks: scene.fallbacks.as_ref().map(ids),
                context_window_fallbacks: scene.context.as_ref().map(ids),
                content_policy_fallbacks: ids(&scene.policy),
                fallback_on: scene.on,
                ..Group::default()
            });
        }
        let (max_attempts, max_fallbacks) = (self.max_attempts, self.max_fallbacks);
        let rules = Rules { max_attempts, max_fallbacks, ..Rules::default() };
        Topology::new(groups, deployments, self.defaults.as_ref().map(ids), rules)
    }

    /// Drawn from the seed, so that it stays as it is while a scene shrinks.
    fn capabilities(&self, id: u64) -> Capabilities {
        let drawn = |bit: u64| self.picky && (self.seed >> ((id + bit) % 60)) & 1 == 1;
        let stops = (self.seed >> ((id + 43) % 60)) & 1 == 1;
        let lacks = Needs::TOOLS.when(drawn(0)).and(Needs::IMAGES.when(drawn(17)));
        let lacks = lacks.and(Needs::CONTINUATION.when(stops));
        Capabilities { lacks, window: drawn(31).then_some(1_000) }
    }

    pub(crate) fn world(&self) -> World {
        let behaviours = self.groups.iter().flat_map(|group| group.siblings.clone()).collect();
        World::new(self.topology(), behaviours, self.seed)
    }

    /// Builds the scene and plays it to its end.
    pub(crate) fn play(&self) -> World {
        let mut world = self.world();
        let mut at = Instant::ORIGIN;
        for scene in &self.requests {
            at = at + Duration::from_millis(scene.gap_ms);
            let mut request = scene.request(at, self.groups.len() as u32);
            if self.picky {
                request.needs = Needs::TOOLS.when(scene.gap_ms % 2 == 0);
                request.needs = request.needs.and(Needs::IMAGES.when(scene.gap_ms % 5 == 0));
                request.prompt_tokens = if scene.gap_ms % 3 == 0 { 5_000 } else { 1_500 };
            }
            let leaves = scene.leaves_ms.map(|ms| at + Duration::from_millis(ms));
            world.send(at, request, leaves);
        }
        world.run();
        world
    }
}

impl RequestScene {
    fn request(&self, at: Instant, groups: u32) -> Request {
        let class = Class { stream: self.stream, thinks: false };
        let group = GroupId::new(self.group % groups);
        let mut request = Request::new(group, class, at + self.deadline);
        request.num_retries = self.num_retries;
        request.held = self.held;
        request.continues = self.continues;
        request.relax = self.gap_ms % 8 < 3;
        request.max_tokens = Some(1_000);
        request.deny_fallback = self.deny;
        request.timeout = self.timeout_ms.map(Duration::from_millis);
        request
    }
}

/// A topology of groups named `a`, `b`, ... each with so many siblings, each falling back to the
/// next ones in its list.
pub(crate) fn chain_of(groups: &[(u32, &[u32])], rules: Rules) -> Topology {
    let mut deployments = Vec::new();
    let build = |(number, (siblings, fallbacks)): (usize, &(u32, &[u32]))| {
        let name = char::from(b'a' + number as u8).to_string();
        let mut own = Vec::new();
        for sibling in 1..=*siblings {
            own.push(DeploymentId::new(deployments.len() as u32));
            deployments.push(Deployment::new(Arc::from(format!("{name}#{sibling}"))));
        }
        Group {
            name: name.into(),
            deployments: own,
            fallbacks: Some(fallbacks.iter().map(|id| GroupId::new(*id)).collect()),
            ..Group::default()
        }
    };
    let groups: Vec<Group> = groups.iter().enumerate().map(build).collect();
    Topology::new(groups, deployments, None, rules)
}
