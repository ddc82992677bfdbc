//! Connections, and the only way to use one: with a permit, off the runtime's threads, by a deadline.
//!
//! Whoever waits holds no thread, and a call that was given up before its turn never starts. Each call
//! is a job on the runtime's blocking pool rather than on a thread of ours, because paused time in tests
//! stands still while such a job runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

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
    _directory: Arc<DataDirectory>,
}

/// What becomes of a running job whose caller gave up.
#[derive(Debug, Clone, Copy)]
enum WhenLate {
    /// A read that nobody hears of is stopped.
    Interrupt,
    /// A write goes on to its commit: stopped ones would be repeated, late again, and never end.
    Finish,
}

impl Lane {
    pub(super) fn of_writer(writer: Connection, directory: Arc<DataDirectory>) -> Self {
        Self::new(vec![writer], directory, WhenLate::Finish)
    }

    pub(super) fn of_readers(readers: Vec<Connection>, directory: Arc<DataDirectory>) -> Self {
        Self::new(readers, directory, WhenLate::Interrupt)
    }

    fn new(idle: Vec<Connection>, directory: Arc<DataDirectory>, when_late: WhenLate) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(idle.len())),
            shared: Arc::new(Shared {
                idle: Mutex::new(idle),
                _directory: directory,
            }),
            when_late,
        }
    }

    /// Runs `job` with a connection of this lane. The deadline covers the wait for one.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        match timeout(deadline, self.run(job)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Failure::TimedOut),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut borrowed = self.borrow().await?;
        let _caller = match self.when_late {
            WhenLate::Interrupt => Some(Caller(Arc::clone(&borrowed.running))),
            WhenLate::Finish => None,
        };
        let outcome = spawn_blocking(move || borrowed.run(job)).await;
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
            running: Arc::new(Mutex::new(Some(connection.get_interrupt_handle()))),
            connection: Some(connection),
            shared: Arc::clone(&self.shared),
            _permit: permit,
        })
    }
}

/// The way to stop a job; taken out by whichever of the job and its caller ends first, so that the
/// connection's next job is never the one that is stopped.
type Running = Arc<Mutex<Option<InterruptHandle>>>;

/// A connection on loan. Goes back when dropped, also by a job that panicked.
struct Borrowed {
    connection: Option<Connection>,
    running: Running,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Borrowed {
    fn run<T>(
        &mut self,
        job: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let given_up = lock(&self.running).is_none();
        match self.connection.as_mut() {
            Some(connection) if !given_up => job(connection),
            Some(_) | None => Err(Failure::TimedOut),
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        drop(lock(&self.running).take());
        lock(&self.shared.idle).extend(self.connection.take());
    }
}

/// Whoever waits for a read. Once it is dropped, the read stops.
struct Caller(Running);

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(handle) = lock(&self.0).take() {
            handle.interrupt();
        }
    }
}

/// What these mutexes guard is whole after every step, so that a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
