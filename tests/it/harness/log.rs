//! What the service tells its log while a test runs, on the test's own thread.
//!
//! One subscriber serves all threads: several that come and go on threads of their own would hide lines
//! from one another.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};

/// See the module.
#[derive(Debug)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

static SUBSCRIBED: Once = Once::new();

thread_local! {
    /// Where this thread's lines go, if anywhere.
    static PAGE: RefCell<Option<Arc<Mutex<Vec<u8>>>>> = const { RefCell::new(None) };
}

impl Log {
    /// Listens from now on, as long as this value lives.
    pub(crate) fn listen() -> Self {
        SUBSCRIBED.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_ansi(false)
                .with_writer(|| Pen)
                .init();
        });
        let page = Arc::<Mutex<Vec<u8>>>::default();
        PAGE.replace(Some(Arc::clone(&page)));
        Self(page)
    }

    /// Everything that was told.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// How often this was told.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        PAGE.replace(None);
    }
}

/// Writes to the page of the thread that it is used on.
struct Pen;

impl io::Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        PAGE.with_borrow(|page| {
            if let Some(page) = page {
                page.lock().unwrap().extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
