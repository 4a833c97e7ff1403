//! Which tool call a fragment of a stream belongs to.

/// The tool calls of one candidate that have begun, by their position.
#[derive(Debug, Default)]
pub(super) struct Begun(Vec<Slot>);

/// A tool call that has begun.
#[derive(Debug)]
struct Slot {
    /// The server's index, where it gives one.
    index: Option<u32>,
    /// The server's id; empty where it gives none.
    id: String,
}

impl Begun {
    /// The position of the call that a fragment belongs to; none where it begins another.
    ///
    /// The index tells, unless a server gives all its calls the same one: then a new id with a name
    /// begins a new call. Without an index a known id tells; a new id or a name begins a call; what
    /// has neither continues the last one.
    pub(super) fn position(
        &self,
        index: Option<u32>,
        id: Option<&str>,
        is_named: bool,
    ) -> Option<usize> {
        let by_id = || id.and_then(|id| self.0.iter().rposition(|slot| slot.id == id));
        if index.is_some() {
            let position = self.0.iter().rposition(|slot| slot.index == index)?;
            let is_other = id.is_some_and(|id| self.0.get(position).is_some_and(|s| s.id != id));
            return if is_named && is_other { by_id() } else { Some(position) };
        }
        if id.is_some() {
            return by_id();
        }
        if is_named { None } else { self.0.len().checked_sub(1) }
    }

    /// A call begins; returns its position.
    pub(super) fn begin(&mut self, index: Option<u32>, id: &str) -> usize {
        self.0.push(Slot { index, id: id.to_owned() });
        self.0.len() - 1
    }
}
