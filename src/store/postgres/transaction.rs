//! A transaction by a deadline, and the certainty of what became of it.
//!
//! Until COMMIT is sent, giving up is safe: the connection is closed, and the server rolls back. From then
//! on the answer may be lost, so that the transaction is asked for by its number on another connection. Only
//! where the server cannot be reached at all, or has started anew, and with it the numbers, does a caller
//! hear [`Failure::OutcomeUnknown`]; what such a transaction wrote is locked until it ends, so that whoever
//! repeats it comes after it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::connect::Connections;
use super::error::Failure;
use super::statements::{self, Query};

/// After COMMIT was sent: for the answer, and where it is lost for asking what became of it.
const SETTLE: Duration = Duration::from_secs(4);

/// Of that, for the answer to come by itself: a line that takes two seconds there and back still does.
const COMMIT_ANSWER: Duration = Duration::from_secs(3);

/// For what is written at once, whatever is left of the deadline: a line that died is given up on soon enough for those
/// who wait five seconds from its return.
const ANSWER: Duration = Duration::from_secs(4);

/// Between two questions for the outcome.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// As the role that owns nothing, and in the service's own name.
const AS_SYSTEM: &str = "; SET LOCAL ROLE evara_app; SET LOCAL evara.scope = 'system'";

/// Where there is no such role: as who we logged in as.
const AS_LOGIN: &str = "; SET LOCAL evara.scope = 'system'";

const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Which index is the best depends on what is asked for, and a plan that was made for anything goes by none.
const BEGIN_SEARCHING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan";

/// Shorter than [`super::LOAD_DEADLINE`]. Hashing all twins need not go through files, and to compile what is
/// asked once takes longer than to answer it.
const BEGIN_LOADING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL statement_timeout = '55s'; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off";

/// Does not ask to write: those who run the server may have set it to take no writes, and mean it. Plans
/// are made for the arrays at hand: one that is made for arrays of ten joins thousands of rows by trying
/// each with each.
const BEGIN_WRITING: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL plan_cache_mode = force_custom_plan";

/// The same where there are so few rows that to plan for them takes longer than to write them: by plans that were made
/// once, for arrays of ten.
const BEGIN_WRITING_FEW: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL plan_cache_mode = force_generic_plan";

impl Connections {
    const fn identity(&self) -> &'static str {
        if self.is_confined() {
            AS_SYSTEM
        } else {
            AS_LOGIN
        }
    }
}

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open transaction. Dropped before its end, it takes its connection along, and the server rolls back.
#[derive(Debug)]
pub(super) struct Transaction<'c> {
    connections: &'c Connections,
    client: Option<Object>,
    deadline: Instant,
    /// For what is asked at once.
    answer: Duration,
    begin: Option<String>,
    /// A statement failed: the server answers a COMMIT with a ROLLBACK, and does not call that an error.
    is_aborted: bool,
}

impl<'c> Transaction<'c> {
    /// One state of the database, whatever is committed meanwhile.
    pub(super) async fn reading(
        connections: &'c Connections,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::begin(connections, patience, BEGIN_READING).await
    }

    /// The same for what is looked for by filters that may be there or not.
    pub(super) async fn searching(
        connections: &'c Connections,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::begin(connections, patience, BEGIN_SEARCHING).await
    }

    /// The same on a connection that the caller has.
    pub(super) fn reading_on(
        connections: &'c Connections,
        client: Object,
        patience: Duration,
    ) -> Self {
        Self::on(connections, client, patience, BEGIN_READING)
    }

    /// The same for what is read before anyone waits, and takes as long as there is much of it.
    pub(super) async fn loading(
        connections: &'c Connections,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::begin(connections, patience, BEGIN_LOADING).await
    }

    /// To write.
    pub(super) async fn writing(
        connections: &'c Connections,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::begin(connections, patience, BEGIN_WRITING).await
    }

    /// To write few rows at a time: arrays of dozens, and not of hundreds.
    pub(super) async fn writing_few(
        connections: &'c Connections,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Self::begin(connections, patience, BEGIN_WRITING_FEW).await
    }

    /// BEGIN travels with the first statement.
    async fn begin(
        connections: &'c Connections,
        patience: Duration,
        begin: &'static str,
    ) -> Result<Self, Failure> {
        let deadline = Instant::now() + patience;
        let client = timeout_at(deadline, connections.get()).await;
        let client = client.map_err(|_elapsed| Failure::TimedOut)??;
        let mut opened = Self::on(connections, client, patience, begin);
        opened.deadline = deadline;
        Ok(opened)
    }

    fn on(
        connections: &'c Connections,
        client: Object,
        patience: Duration,
        begin: &'static str,
    ) -> Self {
        Self {
            connections,
            client: Some(client),
            deadline: Instant::now() + patience,
            answer: match begin {
                BEGIN_WRITING | BEGIN_WRITING_FEW => ANSWER,
                _ => patience,
            },
            begin: Some([begin, connections.identity()].concat()),
            is_aborted: false,
        }
    }

    /// The rows that `query` gives.
    pub(super) async fn rows(
        &mut self,
        query: Query,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Failure> {
        let rows = self.all(&[(query, params)]).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// The only row that `query` gives.
    pub(super) async fn row(&mut self, query: Query, params: Params<'_>) -> Result<Row, Failure> {
        let mut rows = self.rows(query, params).await?;
        rows.pop().ok_or(Failure::Ended)
    }

    /// The rows that `query` gives where nothing else is asked: the transaction ends in the same turn.
    pub(super) async fn only(
        mut self,
        query: Query,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Failure> {
        let rows = self.turn(&[(query, params)], Some("ROLLBACK")).await?;
        // Into the pool: nothing is open on it.
        drop(self.client.take());
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// Sends all of `queries` at once, to be done in their order; nothing waits for an answer in between.
    pub(super) async fn all(
        &mut self,
        queries: &[(Query, Params<'_>)],
    ) -> Result<Vec<Vec<Row>>, Failure> {
        self.turn(queries, None).await
    }

    async fn turn(
        &mut self,
        queries: &[(Query, Params<'_>)],
        end: Option<&str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let client = self.client.as_ref().ok_or(Failure::Ended)?;
        let begin = self.begin.take();
        let profile = self.connections.profile();
        let (deadline, answer) = (self.deadline, self.answer);
        let by = || deadline.min(Instant::now() + answer);
        let work = async {
            let statements = in_time(by(), prepared(client, queries)).await?;
            let sent = Instant::now();
            let said = async |text: Option<&str>| match text {
                Some(text) => client.batch_execute(text).await,
                None => Ok(()),
            };
            let answers = statements.iter().zip(queries);
            let answers = answers.map(async |(statement, (query, params))| {
                let answer = client.query(statement, params).await;
                profile.note(*query, sent.elapsed());
                answer
            });
            let answered = async {
                let begun = said(begin.as_deref());
                let (begun, answers, ended) = tokio::join!(begun, in_order(answers), said(end));
                begun?;
                let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
                ended?;
                Ok(answers)
            };
            in_time(by(), answered).await
        };
        let done = work.await;
        self.notice(done)
    }

    /// Ends a transaction that wrote nothing, or whose writes are not wanted.
    pub(super) async fn roll_back(mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        let done = timeout_at(self.deadline, client.batch_execute("ROLLBACK")).await;
        if !matches!(done, Ok(Ok(()))) {
            close(client);
        }
    }

    /// Commits. `Ok` says that it is committed, and any other failure than [`Failure::OutcomeUnknown`]
    /// that it never will be.
    pub(super) async fn commit(mut self) -> Result<(), Failure> {
        // The number is asked for before, since afterwards there may be nobody to ask.
        let number: String = self
            .row(statements::CURRENT_TRANSACTION, &[])
            .await?
            .try_get(0)?;
        self.commit_as(number).await
    }

    /// Commits the transaction that has the number `number`.
    pub(super) async fn commit_as(mut self, number: String) -> Result<(), Failure> {
        let client = self.client.take().ok_or(Failure::Ended)?;
        if self.is_aborted {
            close(client);
            return Err(Failure::Ended);
        }
        let sent = Instant::now();
        let answer = timeout_at(sent + COMMIT_ANSWER, client.batch_execute("COMMIT")).await;
        let failure = match answer {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Failure::from(error),
            Err(_elapsed) => Failure::TimedOut,
        };
        close(client);
        if !failure.is_of_the_connection() {
            return Err(failure);
        }
        self.connections.forget_idle();
        match timeout_at(sent + SETTLE, self.settle(&number)).await {
            Ok(Some(true)) => Ok(()),
            Ok(Some(false)) => Err(failure),
            Ok(None) | Err(_) => Err(Failure::OutcomeUnknown),
        }
    }

    /// Whether transaction `number` was committed, if that can be known. Asks until there is an answer.
    async fn settle(&self, number: &str) -> Option<bool> {
        loop {
            let status = self.status_of(number).await;
            match status.as_ref().map(Option::as_deref) {
                Ok(Some("committed")) => return Some(true),
                // Another transaction may have had the number since.
                Ok(Some("perhaps committed")) => return None,
                Ok(Some("in progress")) => {}
                // Older than what the server remembers cannot be: it was there a moment ago.
                Ok(_aborted) => return Some(false),
                // A server that crashed has not given the number out: nothing of it was written.
                Err(failure) if failure.is(&SqlState::INVALID_PARAMETER_VALUE) => {
                    return Some(false);
                }
                Err(_not_there) => {}
            }
            sleep(ASK_AGAIN).await;
        }
    }

    pub(super) async fn status_of(&self, number: &str) -> Result<Option<String>, Failure> {
        let client = self.connections.get().await?;
        let sql = statements::TRANSACTION_STATUS.sql;
        let statement = client.prepare_cached(sql).await?;
        let row = client.query_one(&statement, &[&number]).await?;
        Ok(row.try_get(0)?)
    }

    /// After a failure nothing is committed any more; after one of the connection nothing is asked on it,
    /// nor on those of its age.
    fn notice<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &done {
            self.is_aborted = true;
            if failure.is_of_the_connection() {
                self.connections.forget_idle();
                self.discard();
            }
        }
        done
    }

    fn discard(&mut self) {
        if let Some(client) = self.client.take() {
            close(client);
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.discard();
    }
}

/// Out of the pool, and closed.
pub(super) fn close(client: Object) {
    drop(Object::take(client));
}

async fn in_time<T>(
    by: Instant,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout_at(by, work).await.unwrap_or(Err(Failure::TimedOut))
}

/// The statements of `queries`, all asked for at once where the connection has not seen them before.
async fn prepared(
    client: &Object,
    queries: &[(Query, Params<'_>)],
) -> Result<Vec<Statement>, Failure> {
    let asked = queries
        .iter()
        .map(|(query, _)| client.prepare_cached(query.sql));
    let statements = in_order(asked).await.into_iter();
    Ok(statements.collect::<Result<_, _>>()?)
}

/// Runs `futures` side by side, each polled first in its turn: requests are sent in that order.
async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in running.iter_mut().zip(&mut outputs) {
            if output.is_some() {
                continue;
            }
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
