//! How many calls a leg takes that come to it by fallback, so that a dead primary cannot drown a small
//! secondary.

use std::sync::{Arc, PoisonError};

use crate::sync::Mutex;

/// Calls of one group in flight that came by fallback.
#[derive(Debug, Default)]
pub(super) struct Inflow(Mutex<u32>);

/// One of them. Dropped, it makes room.
#[derive(Debug)]
pub(crate) struct InflowPlace(Arc<Inflow>);

impl Inflow {
    pub(super) fn enter(self: &Arc<Self>, at_most: u32) -> Option<InflowPlace> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *count >= at_most {
            return None;
        }
        *count += 1;
        Some(InflowPlace(Arc::clone(self)))
    }
}

impl Drop for InflowPlace {
    fn drop(&mut self) {
        let mut count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use crate::gates::Gates;
    use crate::route::{Group, GroupId, Rules, Topology};

    fn topology(names: [&str; 2]) -> Topology {
        let named = |name: &str| Group { name: name.into(), ..Group::default() };
        Topology::new(names.map(named).to_vec(), Vec::new(), None, Rules::default())
    }

    #[test]
    fn a_reload_keeps_each_groups_calls_by_fallback() {
        let (first, second) = (GroupId::new(0), GroupId::new(1));
        let gates = Gates::new(&topology(["a", "b"]));
        let place = gates.flow_in(second, 1).expect("it is the first");
        let renewed = gates.renewed(&topology(["a", "b"]));
        assert!(renewed.flow_in(second, 1).is_none(), "its place is held");
        assert!(renewed.flow_in(first, 1).is_some());
        let swapped = gates.renewed(&topology(["b", "a"]));
        assert!(swapped.flow_in(first, 1).is_none() && swapped.flow_in(second, 1).is_some());
        drop(place);
        assert!(renewed.flow_in(second, 1).is_some());
    }
}
