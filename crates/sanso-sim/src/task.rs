//! The only file of this crate that starts background tasks.

use tokio::task::JoinHandle;

/// A background task that ends with its handle.
#[derive(Debug)]
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    #[expect(
        clippy::disallowed_methods,
        reason = "the handle owns the task and aborts it when dropped"
    )]
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Ends the task and waits until all that it held is dropped.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        // The task ends as cancelled, or had ended before: either way nothing of it is left.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
