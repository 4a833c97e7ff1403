//! The cheapest first, exactly, for what an answer is expected to be.

use proptest::prelude::*;
use sanso_core::Rng;
use sanso_core::*;

use super::{fixed, settled};
use crate::laws::cases;

/// Numbers as a configuration, a catalogue or a client may bring them.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1e-4,
        2 => Just(0.0),
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(f64::MAX)],
    ]
}

fn prices() -> impl Strategy<Value = Price> {
    let long = proptest::option::of((any::<u64>(), any_number(), any_number()));
    (any_number(), any_number(), proptest::option::of(any_number()), long).prop_map(
        |(input, output, cache_read, long)| {
            let long = long.map(|(from, input, output)| LongPrompt { from, input, output });
            Price { input, output, cache_read, cache_write: None, long }
        },
    )
}

fn tokens() -> impl Strategy<Value = Tokens> {
    let count = || prop_oneof![3 => 0.0..1e6, 1 => any_number()];
    (count(), count(), count()).prop_map(|(input, cached, output)| Tokens {
        input,
        cached,
        cache_write: 0.0,
        output,
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn known_prices_ascend_and_unknown_ones_keep_their_places(
        prices in proptest::collection::vec(proptest::option::of(prices()), 0..12),
        tokens in tokens(),
    ) {
        let costs: Vec<Option<f64>> =
            prices.iter().map(|price| price.as_ref()?.of(tokens)).collect();
        let mut memory = TaskMemory::new(costs.len());
        let order = settled(&mut memory, Figures::Cost(&costs));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..costs.len()).collect::<Vec<_>>());
        for (place, group) in order.iter().enumerate() {
            prop_assert!(costs[*group].is_some() || *group == place);
        }
        let known: Vec<usize> = order.iter().copied().filter(|it| costs[*it].is_some()).collect();
        for pair in known.windows(2) {
            let (first, second) = (costs[pair[0]].unwrap(), costs[pair[1]].unwrap());
            prop_assert!(first < second || (first == second && pair[0] < pair[1]));
        }
        // What was asked before has no say in a price.
        prop_assert_eq!(settled(&mut memory, Figures::Cost(&costs)), order);
    }

    #[test]
    fn a_cost_is_a_sum_of_money_or_unknown(price in prices(), tokens in tokens()) {
        if let Some(cost) = price.of(tokens) {
            prop_assert!(cost.is_finite() && cost >= 0.0);
        }
    }
}

#[test]
fn a_cost_has_its_parts() {
    let price = Price { input: 2.0, output: 8.0, cache_read: Some(0.5), ..Price::default() };
    let tokens = Tokens { input: 100.0, cached: 40.0, output: 10.0, ..Tokens::default() };
    assert_eq!(price.of(tokens), Some(2.0 * 60.0 + 0.5 * 40.0 + 8.0 * 10.0));
    let writes = Price { cache_write: Some(3.0), ..price };
    assert_eq!(writes.of(Tokens { cache_write: 60.0, ..tokens }), Some(180.0 + 20.0 + 80.0));
    let long = Some(LongPrompt { from: 99, input: 4.0, output: 9.0 });
    assert_eq!(Price { long, ..price }.of(tokens), Some(4.0 * 60.0 + 40.0 + 90.0));
    let at_the_line = Some(LongPrompt { from: 100, input: 4.0, output: 9.0 });
    assert_eq!(Price { long: at_the_line, ..price }.of(tokens), price.of(tokens));
    assert_eq!(price.of(Tokens { cached: 101.0, ..tokens }), None);
}

#[test]
fn the_cheaper_one_depends_on_the_answers_length() {
    let talker = Price { input: 1.0, output: 9.0, ..Price::default() };
    let reader = Price { input: 3.0, output: 1.0, ..Price::default() };
    let first = |input: f64, output: f64| {
        let tokens = Tokens { input, output, ..Tokens::default() };
        let costs = [talker.of(tokens), reader.of(tokens)];
        settled(&mut TaskMemory::new(2), Figures::Cost(&costs))[0]
    };
    assert_eq!((first(1000.0, 10.0), first(10.0, 1000.0)), (0, 1));
}

#[test]
fn the_expected_output_is_a_slow_average_of_those_before() {
    let mut memory = TaskMemory::new(1);
    assert_eq!(memory.output(), None);
    memory.note_output(100);
    assert_eq!(memory.output(), Some(100.0));
    memory.note_output(200);
    assert_eq!(memory.output(), Some(150.0));
    memory.note_output(210);
    assert_eq!(memory.output(), Some(150.0), "170 is no other length");
    (0..200).for_each(|_| memory.note_output(500));
    assert!((400.0..=500.0).contains(&memory.output().unwrap()));
    memory.note_output(u64::MAX);
    assert!(memory.output().unwrap().is_finite());
}

proptest! {
    #![proptest_config(fixed(64))]

    #[test]
    fn answers_of_many_lengths_move_no_order(
        mean in 20.0..2000.0_f64,
        seed in any::<u64>(),
    ) {
        // As cheap as each other at the mean length: the worst case.
        let [talker, reader] = [(1.0, 3.0), (3.0, 1.0)]
            .map(|(input, output)| Price { input, output, ..Price::default() });
        let (mut memory, mut rng) = (TaskMemory::new(2), Rng::from_seed(seed));
        let mut firsts = Vec::new();
        for _ in 0..2000 {
            // Some are ten times as long as most.
            memory.note_output((-mean * rng.unit().max(1e-9).ln()) as u64 + 1);
            let output = memory.output().unwrap();
            let tokens = Tokens { input: mean, output, ..Tokens::default() };
            let costs = [talker.of(tokens), reader.of(tokens)];
            firsts.push(settled(&mut memory, Figures::Cost(&costs))[0]);
        }
        let moves = firsts[100..].windows(2).filter(|pair| pair[0] != pair[1]).count();
        prop_assert!(moves <= 25, "{moves} moves in 1900 requests");
    }
}
