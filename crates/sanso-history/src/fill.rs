//! Sums of traffic that never was, to measure how fast questions are answered.

use sanso_watch::{Finished, Plan};

use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::{Store, Swept};
use crate::tally::Tally;

/// Writes sums as the history does, many at a time and without rows of requests.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fill {
    settings: Settings,
    plan: Plan,
    store: Store,
}

impl Fill {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// Those of a history that is opened.
    pub fn open(settings: Settings, plan: Plan) -> Result<Self, StoreError> {
        let store = Store::open(&settings)?;
        Ok(Self { settings, plan, store })
    }

    /// Adds requests, each so many times, in one transaction.
    ///
    /// # Errors
    ///
    /// Whatever the database says.
    pub fn add<'a>(
        &mut self,
        requests: impl IntoIterator<Item = (&'a Finished, u64)>,
    ) -> Result<(), StoreError> {
        let mut tally = Tally::default();
        for (request, times) in requests {
            tally.add(request, times, &self.plan);
        }
        self.store.write_sums(&tally)
    }

    /// Gives up what a history would have given up by now.
    ///
    /// # Errors
    ///
    /// Whatever the database says.
    pub fn sweep(&mut self) -> Result<(), StoreError> {
        while self.store.sweep(&self.settings, (self.settings.clock)())? == Swept::More {}
        Ok(())
    }
}
