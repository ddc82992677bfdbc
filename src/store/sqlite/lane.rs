//! Connections, and the only way to use one: with a permit, off the runtime's threads, by a deadline.
//!
//! Whoever waits holds no thread, and a call that was given up before its turn never starts. A write that
//! has begun is waited for: a caller must never hear of a failure and be overtaken by the commit. Each
//! call is a job on the runtime's blocking pool rather than on a thread of ours, because paused time in
//! tests stands still while such a job runs.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::directory::DataDirectory;
use super::error::Failure;

/// A set of like connections.
#[derive(Debug)]
pub(super) struct Lane {
    shared: Arc<Shared>,
    permits: Arc<Semaphore>,
    when_late: WhenLate,
}

/// Fields drop in their order: the directory is free only after the connections are closed.
#[derive(Debug)]
struct Shared {
    idle: Mutex<Vec<Connection>>,
    _directory: Option<Arc<DataDirectory>>,
}

/// What becomes of a running job at its caller's deadline.
#[derive(Debug, Clone, Copy)]
enum WhenLate {
    /// A read that nobody hears of is stopped.
    Interrupt,
    /// A write says itself what became of it, and is waited for. It has no lock to wait for longer than
    /// the connection's busy timeout, which is shorter than a call's deadline.
    Finish,
}

impl Lane {
    pub(super) fn of_writer(writer: Connection, directory: Arc<DataDirectory>) -> Self {
        Self::new(vec![writer], Some(directory), WhenLate::Finish)
    }

    /// Of one who writes to what another process may have.
    pub(super) fn of_guest(guest: Connection) -> Self {
        Self::new(vec![guest], None, WhenLate::Finish)
    }

    pub(super) fn of_readers(readers: Vec<Connection>, directory: Arc<DataDirectory>) -> Self {
        Self::new(readers, Some(directory), WhenLate::Interrupt)
    }

    fn new(
        idle: Vec<Connection>,
        directory: Option<Arc<DataDirectory>>,
        when_late: WhenLate,
    ) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(idle.len())),
            shared: Arc::new(Shared {
                idle: Mutex::new(idle),
                _directory: directory,
            }),
            when_late,
        }
    }

    /// Runs `job` with a connection of this lane. The deadline covers the wait for one, and a read.
    /// [`Failure::TimedOut`] says of a write that it has not begun and never will.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + deadline;
        let borrowed = timeout_at(deadline, self.borrow()).await;
        let mut borrowed = borrowed.unwrap_or(Err(Failure::TimedOut))?;
        let caller = Caller {
            turn: Arc::clone(&borrowed.turn),
            when_late: self.when_late,
        };
        let mut running = spawn_blocking(move || borrowed.run(job));
        let outcome = match timeout_at(deadline, &mut running).await {
            Ok(outcome) => outcome,
            Err(_elapsed) if caller.gives_up() => return Err(Failure::TimedOut),
            Err(_elapsed) => running.await,
        };
        outcome.unwrap_or_else(|error| Err(Failure::Ended(error)))
    }

    async fn borrow(&self) -> Result<Borrowed, Failure> {
        // There are as many permits as connections, and the semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let connection = lock(&self.shared.idle).pop();
        let (Ok(permit), Some(connection)) = (permit, connection) else {
            return Err(Failure::TimedOut);
        };
        Ok(Borrowed {
            turn: Arc::new(Turn::new(connection.get_interrupt_handle())),
            connection: Some(connection),
            shared: Arc::clone(&self.shared),
            _permit: permit,
        })
    }
}

/// Whether a job runs at all: decided once, by whichever of the job and its caller comes first.
struct Turn {
    state: AtomicU8,
    /// Taken out by whichever of the job and its caller ends first, so that the connection's next job is
    /// never the one that is stopped.
    running: Mutex<Option<InterruptHandle>>,
}

const QUEUED: u8 = 0;
const BEGUN: u8 = 1;
const DROPPED: u8 = 2;

impl Turn {
    fn new(running: InterruptHandle) -> Self {
        Self {
            state: AtomicU8::new(QUEUED),
            running: Mutex::new(Some(running)),
        }
    }

    fn begins(&self) -> bool {
        self.decide(BEGUN) == BEGUN
    }

    fn is_dropped(&self) -> bool {
        self.decide(DROPPED) == DROPPED
    }

    /// What it is from now on: `wanted`, unless it was decided before.
    fn decide(&self, wanted: u8) -> u8 {
        let (order, failed) = (Ordering::AcqRel, Ordering::Acquire);
        let decided = self.state.compare_exchange(QUEUED, wanted, order, failed);
        decided.map_or_else(|before| before, |_queued| wanted)
    }

    fn interrupt(&self) {
        if let Some(handle) = lock(&self.running).take() {
            handle.interrupt();
        }
    }
}

/// A connection on loan. Goes back when dropped, also by a job that panicked.
struct Borrowed {
    connection: Option<Connection>,
    turn: Arc<Turn>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Borrowed {
    fn run<T>(
        &mut self,
        job: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.connection.as_mut() {
            Some(connection) if self.turn.begins() => job(connection),
            Some(_) | None => Err(Failure::TimedOut),
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        drop(lock(&self.turn.running).take());
        lock(&self.shared.idle).extend(self.connection.take());
    }
}

/// Whoever waits for a job. Once it is dropped, the job does not begin, and a read stops.
struct Caller {
    turn: Arc<Turn>,
    when_late: WhenLate,
}

impl Caller {
    /// Whether the job may be left alone: it is no write, or one that never runs.
    fn gives_up(&self) -> bool {
        match self.when_late {
            WhenLate::Interrupt => true,
            WhenLate::Finish => self.turn.is_dropped(),
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let dropped = self.turn.is_dropped();
        match self.when_late {
            WhenLate::Interrupt if !dropped => self.turn.interrupt(),
            WhenLate::Interrupt | WhenLate::Finish => {}
        }
    }
}

/// What these mutexes guard is whole after every step, so that a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
