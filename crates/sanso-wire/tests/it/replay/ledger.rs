//! What the requests of one provider came to, held against what is known.

use std::collections::BTreeSet;

use sanso_wire::Dialect;

use super::difference::Difference;
use super::known::{Exclusion, Known, known};

pub(super) struct Ledger {
    known: Known,
    written: usize,
    excluded: BTreeSet<String>,
    /// For each difference that is meant, the exchanges that have it.
    differing: Vec<BTreeSet<String>>,
    problems: Vec<String>,
}

impl Ledger {
    pub(super) fn new(dialect: Dialect) -> Self {
        let known = known(dialect);
        let differing = vec![BTreeSet::new(); known.meant.len()];
        Self { known, written: 0, excluded: BTreeSet::new(), differing, problems: Vec::new() }
    }

    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// The request was written, with these differences.
    pub(super) fn write(&mut self, id: &str, differences: &[Difference]) {
        self.written += 1;
        if let Some(row) = self.exclusion(id) {
            self.problems.push(format!("{id} is excluded ({}), but can be asked for", row.why));
        }
        for found in differences {
            let is_meant = self
                .known
                .meant
                .iter()
                .position(|row| row.change == found.change && row.path == found.path);
            match is_meant {
                Some(row) => drop(self.differing[row].insert(id.to_owned())),
                None => self.problems.push(format!("{id}: {found}")),
            }
        }
    }

    /// The request cannot be written, because of what is `said`.
    pub(super) fn exclude(&mut self, id: &str, said: &str) {
        match self.exclusion(id) {
            Some(row) if said.contains(row.said) => drop(self.excluded.insert(id.to_owned())),
            Some(row) => self.problems.push(format!("{id}: not {:?}, but {said:?}", row.said)),
            None => self.problems.push(format!("{id} cannot be asked for: {said}")),
        }
    }

    fn exclusion(&self, id: &str) -> Option<&'static Exclusion> {
        self.known.exclusions.iter().find(|row| row.ids.iter().any(|end| id.ends_with(end)))
    }

    /// What is excluded and what differs, with the reasons.
    pub(super) fn print(&self) {
        for row in self.known.exclusions {
            println!("  excluded {}: {}", row.ids.len(), row.why);
        }
        for row in self.known.meant {
            println!("  {:?} `{}` in {}: {}", row.change, row.path, row.exchanges, row.why);
        }
    }

    /// # Panics
    /// On whatever the lists do not say, or say without need.
    pub(super) fn settle(mut self) {
        for row in self.known.exclusions {
            for end in row.ids {
                if !self.excluded.iter().any(|id| id.ends_with(end)) {
                    self.problems.push(format!("no request {end} to exclude: {}", row.why));
                }
            }
        }
        for (row, found) in self.known.meant.iter().zip(&self.differing) {
            if found.len() != row.exchanges {
                let (change, path, count) = (row.change, row.path, found.len());
                self.problems.push(format!("{change:?} `{path}` {count} times: {found:?}"));
            }
        }
        assert!(self.problems.is_empty(), "{:#?}", self.problems);
    }
}
