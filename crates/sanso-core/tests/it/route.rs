//! The order of legs and of siblings.

use std::sync::Arc;

use sanso_core::Rng;
use sanso_core::*;

use crate::provider::{Behaviour, Reply};
use crate::world::World;

/// A way through groups that all fail; told as the order in which they were called.
#[derive(Clone, Debug)]
struct Way {
    /// Each group's own list; `None` where it has none.
    lists: Vec<Option<Vec<u32>>>,
    /// Each group's fault; the key is not accepted where none is named.
    kinds: Vec<FaultKind>,
    defaults: Option<Vec<u32>>,
    own: Option<Vec<u32>>,
    /// A task's groups and the request's order of them; the task is asked for where there are any.
    task: Vec<u32>,
    task_order: Vec<u32>,
    max_fallbacks: u32,
    context: Vec<(usize, Vec<u32>)>,
    policy: Vec<(usize, Vec<u32>)>,
    /// `fallback_on` of every group.
    on: FallbackOn,
    /// What the request says of its own: context list, policy list, `fallback_on`.
    own_context: Option<OwnLists>,
    own_policy: Option<OwnLists>,
    own_on: Option<FallbackOn>,
}

const BAD_REQUEST: FallbackOn = FallbackOn { bad_request: true, content_policy: false };
const CONTENT_POLICY: FallbackOn = FallbackOn { bad_request: false, content_policy: true };

fn own_lists(of_groups: &[(u32, &[u32])], of_others: Option<&[u32]>) -> OwnLists {
    let ids = |list: &[u32]| list.iter().map(|id| GroupId::new(*id)).collect::<Arc<[_]>>();
    let of_groups = of_groups.iter().map(|(group, list)| (GroupId::new(*group), ids(list)));
    OwnLists { of_groups: of_groups.collect(), of_others: of_others.map(ids) }
}

impl Way {
    fn of(lists: &[&[u32]]) -> Self {
        let lists: Vec<_> = lists.iter().map(|it| (!it.is_empty()).then(|| it.to_vec())).collect();
        let kinds = vec![FaultKind::Authentication; lists.len()];
        Self {
            lists,
            kinds,
            defaults: None,
            own: None,
            task: vec![],
            task_order: vec![],
            max_fallbacks: 5,
            context: vec![],
            policy: vec![],
            on: FallbackOn::default(),
            own_context: None,
            own_policy: None,
            own_on: None,
        }
    }

    fn go(&self) -> String {
        let ids = |list: &[u32]| list.iter().map(|id| GroupId::new(*id)).collect::<Vec<_>>();
        let mut groups: Vec<Group> = Vec::new();
        for (number, list) in self.lists.iter().enumerate() {
            groups.push(Group {
                deployments: vec![DeploymentId::new(number as u32)],
                fallbacks: list.as_deref().map(ids),
                context_window_fallbacks: (!self.context.is_empty()).then(Vec::new),
                fallback_on: self.on,
                ..Group::default()
            });
        }
        for (group, list) in &self.context {
            groups[*group].context_window_fallbacks = Some(ids(list));
        }
        for (group, list) in &self.policy {
            groups[*group].content_policy_fallbacks = ids(list);
        }
        let names = (b'a'..).map(|name| char::from(name).to_string());
        let models = groups.len();
        let asked_for = if self.task.is_empty() { 0 } else { models as u32 };
        groups.push(Group { legs: ids(&self.task).into(), ..Group::default() });
        let deployments = names.take(models).map(Deployment::new).collect();
        let rules =
            Rules { max_attempts: Some(20), max_fallbacks: self.max_fallbacks, ..Rules::default() };
        let topology = Topology::new(groups, deployments, self.defaults.as_deref().map(ids), rules);
        let dead = |kind: &FaultKind| Reply::fault(Duration::ZERO, Fault::new(*kind));
        let behaviours =
            self.kinds.iter().map(|kind| Behaviour::Script(vec![dead(kind)])).collect();
        let mut world = World::new(topology, behaviours, 1);
        let class = Class { stream: false, thinks: false };
        let deadline = Instant::ORIGIN + Duration::from_secs(600);
        let mut request = Request::new(GroupId::new(asked_for), class, deadline);
        request.legs = ids(&self.task_order).into();
        request.fallbacks = self.own.as_deref().map(|list| Arc::from(ids(list)));
        request.context_window_fallbacks = self.own_context.clone();
        request.content_policy_fallbacks = self.own_policy.clone();
        request.fallback_on = self.own_on;
        world.send(Instant::ORIGIN, request, None);
        world.run();
        let calls = world.history.requests[0].calls.values();
        let keys = calls.map(|call| &*world.topology.deployment(call.call.deployment).key);
        keys.collect()
    }
}

#[test]
fn a_flat_list_is_walked_to_its_end() {
    assert_eq!(
        Way::of(&[&[1, 2, 3, 4, 5, 6, 7], &[], &[], &[], &[], &[], &[], &[]]).go(),
        "abcdefgh"
    );
}

#[test]
fn a_tasks_legs_are_its_groups_in_the_order_of_the_request_and_open_no_plain_list() {
    let lists = || Way { defaults: Some(vec![4]), ..Way::of(&[&[3], &[3], &[3], &[], &[]]) };
    assert_eq!(Way { task: vec![1, 0, 2], ..lists() }.go(), "bac");
    assert_eq!(Way { task: vec![1, 0, 2], task_order: vec![2, 1, 0], ..lists() }.go(), "cba");
    assert_eq!(Way { task: vec![1], ..lists() }.go(), "b");
    // What a request brings along stands in for the legs after its first.
    let own = Some(vec![3]);
    assert_eq!(Way { task: vec![1, 0], own, ..lists() }.go(), "bd");
}

#[test]
fn a_task_takes_of_its_groups_special_lists_what_belongs_to_it() {
    let failing = |kind| {
        let mut way = Way { task: vec![0, 1, 2], ..Way::of(&[&[], &[], &[], &[]]) };
        way.kinds[0] = kind;
        way
    };
    let long = || failing(FaultKind::ContextWindow);
    assert_eq!(long().go(), "abc");
    assert_eq!(Way { context: vec![(0, vec![3, 2])], ..long() }.go(), "ac");
    // A setting that names none of the task's groups does not end its chain.
    assert_eq!(Way { context: vec![(0, vec![3])], ..long() }.go(), "abc");
    let refused = || failing(FaultKind::ContentPolicy);
    assert_eq!(refused().go(), "a");
    assert_eq!(Way { policy: vec![(0, vec![3, 2])], ..refused() }.go(), "ac");
    assert_eq!(Way { policy: vec![(0, vec![3])], ..refused() }.go(), "a");
}

#[test]
fn a_leg_that_ends_opens_its_own_list_and_then_the_walk_goes_on() {
    assert_eq!(Way::of(&[&[1, 2], &[3, 4], &[5], &[], &[], &[]]).go(), "abdecf");
}

#[test]
fn no_group_comes_twice() {
    assert_eq!(Way::of(&[&[1, 1, 0, 2], &[0, 2], &[1, 0]]).go(), "abc");
}

#[test]
fn lists_are_nested_no_deeper_than_max_fallbacks() {
    let chain: &[&[u32]] = &[&[1], &[2], &[3], &[4], &[5], &[6], &[]];
    for (max_fallbacks, expected) in
        [(0, "a"), (1, "ab"), (3, "abcd"), (5, "abcdef"), (9, "abcdefg")]
    {
        assert_eq!(Way { max_fallbacks, ..Way::of(chain) }.go(), expected);
    }
}

#[test]
fn defaults_stand_in_where_the_asked_for_group_has_no_list() {
    let defaults = Some(vec![2]);
    assert_eq!(Way { defaults: defaults.clone(), ..Way::of(&[&[], &[], &[]]) }.go(), "ac");
    assert_eq!(Way { defaults: defaults.clone(), ..Way::of(&[&[1], &[], &[]]) }.go(), "ab");
    assert_eq!(
        Way { defaults, lists: vec![Some(vec![]), None, None], ..Way::of(&[&[], &[], &[]]) }.go(),
        "a"
    );
}

#[test]
fn a_requests_own_fallbacks_stand_in_for_the_plain_list() {
    let own = Some(vec![2]);
    assert_eq!(Way { own: own.clone(), ..Way::of(&[&[1], &[], &[1]]) }.go(), "acb");
    let context = vec![(0, vec![1])];
    let mut way = Way { own, context, ..Way::of(&[&[], &[], &[]]) };
    way.kinds[0] = FaultKind::ContextWindow;
    assert_eq!(way.go(), "ab");
}

#[test]
fn a_later_leg_opens_its_own_list_for_the_kind_of_its_last_fault_or_the_walk_goes_on() {
    let plain: &[&[u32]] = &[&[1, 2], &[3], &[], &[], &[]];
    for kind in [FaultKind::ContextWindow, FaultKind::ContentPolicy] {
        let mut way = Way::of(plain);
        way.kinds[1] = kind;
        assert_eq!(way.go(), "abc", "its plain list is for other faults");
        let list = vec![(1, vec![4])];
        if kind == FaultKind::ContextWindow {
            way.context = list;
        } else {
            way.policy = list;
        }
        assert_eq!(way.go(), "abec");
    }
    let mut way = Way::of(plain);
    way.kinds[1] = FaultKind::BadRequest;
    assert_eq!(way.go(), "abdc");
}

#[test]
fn a_requests_own_lists_stand_in_for_the_groups_lists_of_that_kind() {
    let mut way = Way::of(&[&[1], &[], &[], &[], &[]]);
    way.kinds[0] = FaultKind::ContextWindow;
    way.context = vec![(0, vec![2])];
    assert_eq!(way.go(), "ac");
    let own = |lists| Way { own_context: Some(lists), ..way.clone() };
    assert_eq!(own(own_lists(&[(0, &[3, 4])], None)).go(), "ade");
    assert_eq!(own(own_lists(&[], Some(&[4]))).go(), "ae");
    assert_eq!(own(own_lists(&[(0, &[3])], Some(&[4]))).go(), "ad", "its own before `*`");
    assert_eq!(own(own_lists(&[(1, &[3])], None)).go(), "a", "set, but for others: to the client");
    way.kinds = vec![FaultKind::ContentPolicy, FaultKind::ContentPolicy];
    way.kinds.resize(5, FaultKind::Authentication);
    way.policy = vec![(0, vec![1]), (1, vec![2])];
    assert_eq!(way.go(), "abc");
    let own = |lists| Way { own_policy: Some(lists), ..way.clone() };
    assert_eq!(own(own_lists(&[(0, &[1]), (1, &[4])], None)).go(), "abe", "of later legs, too");
    assert_eq!(own(own_lists(&[(3, &[2])], None)).go(), "a");
    assert_eq!(Way { own_context: Some(own_lists(&[(0, &[3])], None)), ..way }.go(), "abc");
}

#[test]
fn a_bad_request_of_the_first_leg_goes_on_only_where_fallback_on_says_so() {
    let mut way = Way::of(&[&[1], &[], &[]]);
    way.kinds[0] = FaultKind::BadRequest;
    let on = |on, own_on| Way { on, own_on, ..way.clone() }.go();
    let nothing = FallbackOn::default();
    assert_eq!(on(nothing, None), "a");
    assert_eq!(on(CONTENT_POLICY, None), "a");
    assert_eq!(on(BAD_REQUEST, None), "ab");
    assert_eq!(on(BAD_REQUEST, Some(nothing)), "a", "the request's own stands in");
    assert_eq!(on(nothing, Some(BAD_REQUEST)), "ab");
}

#[test]
fn a_filters_refusal_goes_to_the_plain_fallbacks_only_where_fallback_on_says_so() {
    let mut way = Way::of(&[&[1], &[], &[]]);
    way.kinds[0] = FaultKind::ContentPolicy;
    assert_eq!(way.go(), "a");
    assert_eq!(Way { on: BAD_REQUEST, ..way.clone() }.go(), "a");
    assert_eq!(Way { on: CONTENT_POLICY, ..way.clone() }.go(), "ab");
    assert_eq!(Way { own_on: Some(CONTENT_POLICY), ..way.clone() }.go(), "ab");
    let listed = Way { on: CONTENT_POLICY, policy: vec![(0, vec![2])], ..way.clone() };
    assert_eq!(listed.go(), "ac", "a list of its own comes before the plain one");
    way.own_policy = Some(own_lists(&[(0, &[2])], None));
    assert_eq!(Way { on: CONTENT_POLICY, ..way }.go(), "ac");
}

#[test]
fn fallback_on_does_not_open_a_later_legs_plain_list_to_a_refusal() {
    let mut way = Way::of(&[&[1, 2], &[3], &[], &[]]);
    way.kinds[1] = FaultKind::ContentPolicy;
    assert_eq!(Way { on: CONTENT_POLICY, ..way }.go(), "abc");
}

#[test]
fn lower_orders_come_first_and_weights_decide_within_one() {
    let sibling = |order: u32, weight: f64| Deployment { order, weight, ..Deployment::new("x") };
    // Keys do not matter here: a deployment is its number.
    let deployments = vec![sibling(2, 9.0), sibling(1, 3.0), sibling(1, 1.0), sibling(1, f64::NAN)];
    let ids = (0..4).map(DeploymentId::new).collect();
    let group = Group { deployments: ids, ..Group::default() };
    let topology = Arc::new(Topology::new(vec![group], deployments, None, Rules::default()));
    let mut rng = Rng::from_seed(1);
    let mut firsts = [0_u32; 4];
    for _ in 0..4_000 {
        let gates = Gates::new(&topology);
        let class = Class { stream: false, thinks: false };
        let request =
            Request::new(GroupId::new(0), class, Instant::ORIGIN + Duration::from_secs(9));
        let mut chain = Chain::new(topology.clone(), request, &mut rng);
        let Step::Start(call) = chain.poll(Instant::ORIGIN, &gates, &mut rng) else { panic!() };
        firsts[call.deployment.index()] += 1;
    }
    assert_eq!((firsts[0], firsts[3]), (0, 0));
    assert!((2_850..3_150).contains(&firsts[1]), "three to one: {firsts:?}");
}

#[test]
fn backoff_is_full_jitter_under_a_doubling_bound_and_over_hint_and_floor() {
    let ms = Duration::from_millis;
    let (overload, other) = (FaultKind::Overloaded, FaultKind::ServerError);
    let cases =
        [(overload, 0, 250), (overload, 3, 2_000), (overload, 9, 8_000), (overload, 99, 8_000)];
    let others = [(other, 0, 100), (other, 2, 400), (other, 5, 2_000), (other, u32::MAX, 2_000)];
    let mut rng = Rng::from_seed(1);
    for (kind, n, bound) in cases.into_iter().chain(others) {
        let draws: Vec<_> =
            (0..200).map(|_| Backoff::default().draw(kind, n, None, &mut rng)).collect();
        let (least, most) = (draws.iter().min().expect("some"), draws.iter().max().expect("some"));
        assert!(*most <= ms(bound) && *most > ms(bound) * 9 / 10 && *least < ms(bound) / 10);
    }
    let floor = Backoff { floor: ms(700), ..Backoff::default() };
    assert!(floor.draw(other, 0, None, &mut rng) >= ms(700));
    assert_eq!(Backoff::default().draw(other, 0, Some(ms(9_000)), &mut rng), ms(9_000));
}

#[test]
fn limits_of_a_call_follow_its_class_its_prompt_and_its_caller() {
    let s = Duration::from_secs;
    let limits = DeploymentLimits { stream_timeout: s(90), ..DeploymentLimits::default() };
    let class = |stream, thinks| Class { stream, thinks };
    let plain = limits.of_call(class(false, false), 99_999, None);
    assert_eq!((plain.first_token, plain.gap, plain.total), (None, None, s(600)));
    let stream = limits.of_call(class(true, false), 19_999, None);
    assert_eq!((stream.first_token, stream.gap, stream.total), (Some(s(11)), Some(s(60)), s(90)));
    let thinking = limits.of_call(class(true, true), 0, Some(s(5)));
    assert_eq!((thinking.first_token, thinking.total), (Some(s(60)), s(5)));
}
