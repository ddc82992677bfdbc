//! The trunk of the tree: the root, and under it the watchers and the shards.
//!
//! Built from the mouth of the path backwards, so that nobody sends to someone who is not there yet. The
//! [drawing](super::drawing) says how it must look; a test compares the two.

use std::sync::Arc;

use ractor::{ActorCell, SpawnErr};
use tokio::sync::watch;

use super::AskError;
use super::child::{ChildSpec, drain};
use super::supervisor::{Alarm, Failure, Supervisor};

/// The name of the supervisor of the watchers.
pub(super) const WATCHERS: &str = "watchers";

/// The name of the supervisor of the shards.
pub(super) const SHARDS: &str = "shards";

/// The supervisors that are always there.
#[derive(Debug)]
pub(crate) struct Trunk {
    root: ActorCell,
    pub(super) branches: Supervisor,
    pub(crate) watchers: Supervisor,
    pub(crate) shards: Supervisor,
    alarm: Alarm,
}

/// Why an actor was not started.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    /// The actor refused.
    #[error("an actor did not start: {0}")]
    Refused(String),
    /// Its supervisor did not answer.
    #[error("a supervisor did not answer")]
    NoAnswer,
}

impl From<SpawnErr> for PlantError {
    fn from(error: SpawnErr) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<AskError> for PlantError {
    fn from(_: AskError) -> Self {
        Self::NoAnswer
    }
}

impl Trunk {
    /// Starts the root, and its branches without children.
    pub(crate) async fn start() -> Result<Self, PlantError> {
        let alarm: Alarm = Arc::new(watch::Sender::new(None));
        let new = || Supervisor::new(Arc::clone(&alarm));
        let (branches, watchers, shards) = (new(), new(), new());
        let root = branches.start(None).await?;
        for (name, branch) in [(WATCHERS, &watchers), (SHARDS, &shards)] {
            plant(&branches, branch_child(name, branch)).await?;
        }
        Ok(Self {
            root,
            branches,
            watchers,
            shards,
            alarm,
        })
    }

    /// Where a failure that the tree cannot heal is told by one who is no supervisor.
    pub(crate) fn alarm(&self) -> Alarm {
        Arc::clone(&self.alarm)
    }

    /// Waits for the failure that the tree cannot heal by itself.
    pub(crate) async fn failed(&self) -> Failure {
        let mut alarm = self.alarm.subscribe();
        let told = async {
            match alarm.wait_for(Option::is_some).await {
                Ok(failure) => failure.clone(),
                Err(_) => None,
            }
        };
        let told = tokio::select! {
            told = told => told,
            _ended = self.root.wait(None) => None,
        };
        told.unwrap_or_else(|| Failure::GivenUp {
            actor: "root".to_owned(),
            error: "it ended".to_owned(),
        })
    }

    /// The names of all supervisors' and writers' actors that run, as the runtime knows them.
    pub(crate) async fn list(&self) -> Result<Vec<String>, AskError> {
        let mut names = vec!["root".to_owned()];
        for supervisor in [&self.branches, &self.watchers, &self.shards] {
            names.extend(supervisor.list().await?);
        }
        Ok(names)
    }

    /// Stops every actor that is left.
    pub(crate) async fn stop(&self) {
        drain(vec![self.root.clone()]).await;
    }
}

impl Drop for Trunk {
    /// Nobody is left to ask the tree anything, or it did not come up: it must not go on alone.
    fn drop(&mut self) {
        self.root.stop(None);
    }
}

/// Adds a child to a supervisor, and starts it.
pub(crate) async fn plant(supervisor: &Supervisor, child: ChildSpec) -> Result<(), PlantError> {
    supervisor.add(child).await?.map_err(PlantError::Refused)
}

fn branch_child(name: &str, branch: &Supervisor) -> ChildSpec {
    let branch = branch.clone();
    ChildSpec::new(name, move |parent| {
        let branch = branch.clone();
        Box::pin(async move { branch.start(Some(parent)).await })
    })
}
