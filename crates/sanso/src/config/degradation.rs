//! `sanso.degradation`: what a caller gets where no deployment answers.

use std::sync::Arc;
use std::time::Duration;

use super::field::Field;
use super::reader::{Reader, Table};
use super::units::show;

/// What stands in for an answer that no one gave. Off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Degrade {
    /// Stored answers to the same request of the same caller, not older than this.
    pub stale_for: Option<Duration>,
    /// A text, where there is no stored answer.
    pub says: Option<Arc<str>>,
    /// A call whose prompt leaves less room than its `max_tokens` is made again with what fits.
    pub relax: bool,
}

/// What one place of the file says. `Some(None)`: switched off.
#[derive(Clone, Debug, Default)]
pub(super) struct DegradeLayer {
    stale_for: Option<Option<Duration>>,
    says: Option<Option<Arc<str>>>,
    relax: Option<bool>,
}

impl DegradeLayer {
    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader<'_>) -> Self {
        let stored = table.take("stored").and_then(|field| unless_off(&field, reader, stale_for));
        let says = table.take("static").and_then(|field| unless_off(&field, reader, text));
        let relax = table.take("relax").and_then(|field| field.boolean(reader));
        table.finish(&[], reader);
        Self { stale_for: stored, says, relax }
    }

    /// This layer, and below it what it does not say.
    pub(super) fn over(&self, lower: &Self) -> Self {
        Self {
            stale_for: self.stale_for.or(lower.stale_for),
            says: self.says.clone().or_else(|| lower.says.clone()),
            relax: self.relax.or(lower.relax),
        }
    }

    pub(super) fn degrade(&self) -> Degrade {
        Degrade {
            stale_for: self.stale_for.flatten(),
            says: self.says.clone().flatten(),
            relax: self.relax.unwrap_or(false),
        }
    }
}

/// `false` takes back what holds for all groups.
fn unless_off<T>(
    field: &Field<'_>,
    reader: &mut Reader<'_>,
    read: impl FnOnce(&Field<'_>, &mut Reader<'_>) -> Option<T>,
) -> Option<Option<T>> {
    if field.is_false() { Some(None) } else { read(field, reader).map(Some) }
}

fn stale_for(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
    let mut table = field.table(reader)?;
    let stale_for = table.take("stale_for");
    table.finish(&[], reader);
    match stale_for {
        Some(stale_for) => stale_for.limit(reader),
        None => {
            let help = "say how old a stored answer may be, such as `stale_for: 1h`";
            reader.error(&field.place, "`stale_for` is missing", Some(help.into()));
            None
        }
    }
}

fn text(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Arc<str>> {
    let text = field.text(reader)?;
    if text.trim().is_empty() {
        return field.wrong(reader, "a text that says something");
    }
    Some(text.into())
}

/// One line for `sanso check`.
pub(super) fn describe(degrade: &Degrade) -> String {
    let stored = degrade.stale_for.map_or("off".to_owned(), |age| format!("up to {}", show(age)));
    let on = |is_on| if is_on { "on" } else { "off" };
    let (says, relax) = (on(degrade.says.is_some()), on(degrade.relax));
    format!("degrade    relax {relax}, stored answers {stored}, static answer {says}")
}
