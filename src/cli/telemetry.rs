//! What is told on stderr while the service runs: text for a person, JSON for a machine.

use std::io::{IsTerminal as _, stderr};
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFilter;

/// Begins to tell, once for the process.
pub(super) fn start(filter: &LogFilter) {
    // Every filter that the configuration accepts is one; its own tests say so.
    let targets: Targets = filter.directives().parse().unwrap_or_default();
    let registry = tracing_subscriber::registry().with(targets);
    // A reader of stderr that has left must not bring the service down: internal errors are not told.
    let started = if stderr().is_terminal() {
        let text = layer().with_writer(stderr).log_internal_errors(false);
        registry.with(text).try_init()
    } else {
        let json = layer().json().flatten_event(true).with_writer(stderr);
        registry.with(json.log_internal_errors(false)).try_init()
    };
    if started.is_ok() {
        panic::set_hook(Box::new(tell_panic));
    }
}

/// A panic ends one actor or one request, whose owner tells what that meant; this tells where it was.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(
        panic.message = panic.payload_as_str().unwrap_or("not a text"),
        panic.location = location.as_deref().unwrap_or("unknown"),
        panic.thread = thread.name().unwrap_or("unnamed"),
        "something panicked"
    );
}
