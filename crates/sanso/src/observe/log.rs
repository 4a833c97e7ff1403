//! Writing the request log, off the request path.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// A thread that writes lines, behind a bounded queue: a slow or full disk costs no request, it
/// costs lines, and those are counted.
#[derive(Debug)]
pub(crate) struct LogWriter {
    lines: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    dropped: AtomicU64,
}

/// Lines that may wait. At 500 bytes a line this is 4 MiB, and a minute of a busy gateway.
const QUEUE: usize = 8 * 1024;
/// How long lines are gathered: too short for a reader to notice, long enough for a batch.
const GATHER: Duration = Duration::from_millis(50);

impl LogWriter {
    pub(crate) fn new(out: Box<dyn Write + Send>) -> std::io::Result<Self> {
        let (lines, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("request-log".to_owned())
            .spawn(move || write_all(&queue, out))?;
        Ok(Self { lines: Some(lines), thread: Some(thread), dropped: AtomicU64::new(0) })
    }

    /// Hands a line over, or counts it as dropped.
    pub(crate) fn write(&self, line: Vec<u8>) {
        let taken = self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Writes lines in batches. While the writer gathers it is not waiting on the queue, so handing a
/// line over wakes nobody: a thread switch per request would cost more than the request's decisions.
fn write_all(queue: &Receiver<Vec<u8>>, mut out: Box<dyn Write + Send>) {
    let mut batch = Vec::new();
    while let Ok(line) = queue.recv() {
        batch.extend_from_slice(&line);
        std::thread::park_timeout(GATHER);
        queue.try_iter().for_each(|line| batch.extend_from_slice(&line));
        // Lines that cannot be written are lost: there is nowhere better to put them.
        let _ = out.write_all(&batch).and_then(|()| out.flush());
        batch.clear();
    }
}

impl Drop for LogWriter {
    /// What is queued is written before the process ends.
    fn drop(&mut self) {
        drop(self.lines.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
