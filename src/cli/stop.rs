//! Being told to stop: the first signal drains, the second one ends the process at once.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::talk;

/// SIGTERM, as a platform sends it, and SIGINT, as Ctrl-C does.
#[derive(Debug)]
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

/// How it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Terminate,
    Interrupt,
}

impl Told {
    /// As shells report a process that a signal ended.
    const fn exit_code(self) -> i32 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}

impl Stop {
    /// Listens from now on: a signal no longer ends the process by itself.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn told(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }

    /// Does `work`, unless told to stop before it is done.
    pub(super) async fn unless_told<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            outcome = work => Some(outcome),
            _ = self.told() => None,
        }
    }

    /// Does `last`, the last thing that the process does; another signal ends it at once.
    pub(super) async fn at_last<T>(&mut self, last: impl Future<Output = T>) -> T {
        tokio::select! {
            outcome = last => outcome,
            told = self.told() => {
                talk(format_args!("evara: told to stop a second time: ending at once"));
                std::process::exit(told.exit_code())
            }
        }
    }
}
