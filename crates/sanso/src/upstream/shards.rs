//! Spreading calls over several pools of connections.
//!
//! A pool keeps one HTTP/2 connection per host, and calls beyond that connection's stream limit
//! (commonly 100) would wait for a free stream, unseen by any limit of ours. So a pool is given
//! fewer calls than that at once; the next pool opens a connection of its own. Over HTTP/1.1, where
//! each call has its connection anyway, it only spreads the idle ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls that one pool is given at once: under the limit of 100 streams that RFC 9113 recommends as
/// the least and that most servers take as the most.
const CALLS_PER_POOL: usize = 90;

/// Pools, each with the number of calls in flight on it.
#[derive(Clone, Debug)]
pub(super) struct Shards<P> {
    pools: Arc<[(P, Arc<AtomicUsize>)]>,
}

/// A place in a pool; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<P> Shards<P> {
    pub(super) fn new(pools: impl IntoIterator<Item = P>) -> Self {
        Self { pools: pools.into_iter().map(|pool| (pool, Arc::default())).collect() }
    }

    /// The first pool with room, so that connections are used again; the emptiest where all are
    /// full. `None` only where there is no pool at all.
    pub(super) fn take(&self) -> Option<(&P, Place)> {
        let load = |(_, calls): &&(P, Arc<AtomicUsize>)| calls.load(Ordering::Relaxed);
        let with_room = self.pools.iter().find(|pool| load(pool) < CALLS_PER_POOL);
        let (pool, calls) = with_room.or_else(|| self.pools.iter().min_by_key(load))?;
        calls.fetch_add(1, Ordering::Relaxed);
        Some((pool, Place(Arc::clone(calls))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_filled_before_the_next_and_used_again_when_it_has_room() {
        let shards = Shards::new(["a", "b"]);
        let mut first: Vec<Place> = Vec::new();
        for _ in 0..CALLS_PER_POOL {
            let (pool, place) = shards.take().unwrap();
            assert_eq!(*pool, "a");
            first.push(place);
        }
        let (pool, second) = shards.take().unwrap();
        assert_eq!(*pool, "b");
        first.pop();
        assert_eq!(*shards.take().unwrap().0, "a");
        drop(second);
    }

    #[test]
    fn the_emptiest_pool_takes_what_is_too_much_for_all() {
        let shards = Shards::new(["a", "b"]);
        let mut places: Vec<Place> = Vec::new();
        for _ in 0..2 * CALLS_PER_POOL {
            places.push(shards.take().unwrap().1);
        }
        places.push(shards.take().unwrap().1);
        assert_eq!(*shards.take().unwrap().0, "b");
    }
}
