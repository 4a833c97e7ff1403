//! What the `*` of wildcard groups stands for in one request.

use sanso_core::GroupId;

/// By the groups that the request itself names: the asked-for one first, then its own fallbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches(Vec<(GroupId, String)>);

/// A group whose `*` stands for another model already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken;

impl Matches {
    /// Takes note of what a name of the request matched.
    ///
    /// # Errors
    /// The same group stands for another model: a request calls no group twice, so that it cannot have
    /// two of its models.
    pub(crate) fn note(&mut self, group: GroupId, matched: Option<&str>) -> Result<(), Taken> {
        let Some(matched) = matched else { return Ok(()) };
        match self.0.iter().find(|(known, _)| *known == group) {
            Some((_, known)) if known != matched => Err(Taken),
            Some(_) => Ok(()),
            None => {
                self.0.push((group, matched.to_owned()));
                Ok(())
            }
        }
    }

    /// What the `*` of `group` stands for. A wildcard that the configuration falls back to has what
    /// the wildcard before it matched.
    pub(crate) fn of(&self, group: GroupId) -> Option<&str> {
        let own = self.0.iter().find(|(known, _)| *known == group);
        own.or(self.0.first()).map(|(_, matched)| matched.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_own_match_or_the_first() {
        let [one, two, three] = [0, 1, 2].map(GroupId::new);
        let mut matches = Matches::default();
        assert_eq!(matches.of(one), None);
        assert_eq!(matches.note(one, Some("a")), Ok(()));
        assert_eq!(matches.note(two, None), Ok(()));
        assert_eq!(matches.note(three, Some("c")), Ok(()));
        assert_eq!(matches.note(one, Some("a")), Ok(()));
        assert_eq!(matches.note(one, Some("b")), Err(Taken));
        assert_eq!([one, two, three].map(|group| matches.of(group)), ["a", "a", "c"].map(Some));
    }
}
