//! Who watches a long job: a person with a terminal, who sees how far it is, and may tell it to stop.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Error;

const TEMPLATE: &str = "{prefix}  {bytes}  {bytes_per_sec}  {elapsed}";

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Watch {
    bar: ProgressBar,
    stopped: Arc<AtomicBool>,
}

impl Watch {
    /// Shows on stderr what passes, if that is a terminal.
    pub fn on_stderr() -> Self {
        // A stderr that is no terminal is drawn nothing on.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self::showing(bar)
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self::showing(ProgressBar::hidden())
    }

    fn showing(bar: ProgressBar) -> Self {
        Self {
            bar,
            stopped: Arc::default(),
        }
    }

    /// Lets the job end at its next byte, as if it had failed.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// A new part of the job begins.
    pub(super) fn begin(&self, what: &'static str) {
        self.bar.reset();
        self.bar.set_prefix(what);
    }

    /// So much has passed; fails where the job was told to stop.
    pub(super) fn passed(&self, bytes: u64) -> Result<(), Error> {
        self.bar.inc(bytes);
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    /// Nothing more is shown.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
