//! The configured names, which a reload replaces.

use std::sync::{Arc, Mutex, PoisonError};

use sanso_watch::Plan;

/// The plan as it is now.
#[derive(Debug)]
pub(crate) struct CurrentPlan(Mutex<Arc<Plan>>);

impl CurrentPlan {
    pub(crate) fn new(plan: Plan) -> Self {
        Self(Mutex::new(Arc::new(plan)))
    }

    pub(crate) fn get(&self) -> Arc<Plan> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, plan: Plan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
    }
}
