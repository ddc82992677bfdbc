//! How twins are brought back from the store: portion by portion, each to be read as soon as it is there,
//! long before the last one is. While one portion comes to life, the next is read.

use evara_actors::domain::NodeSpec;
use evara_actors::ports::{Archive, ArchiveError, SavedTwins};
use evara_actors::system::{StartError, System};

/// Nodes that are read at once: some tens of milliseconds of work for the database, many turns' worth.
const PORTION: usize = 8_192;

/// Why not every twin came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatherError {
    /// The store cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What it says is no twin.
    #[error(transparent)]
    System(#[from] StartError),
}

/// Has the twins of `specs` brought back into `system`, by their ids.
pub(super) async fn bring_back(
    system: &System,
    archive: &dyn Archive,
    specs: Vec<NodeSpec>,
) -> Result<(), GatherError> {
    in_portions(PORTION, system, archive, specs).await
}

async fn in_portions(
    most: usize,
    system: &System,
    archive: &dyn Archive,
    mut specs: Vec<NodeSpec>,
) -> Result<(), GatherError> {
    specs.sort_unstable_by_key(|spec| spec.id);
    let mut specs = specs.into_iter();
    let mut read: Option<(Vec<NodeSpec>, SavedTwins)> = None;
    loop {
        let portion: Vec<_> = specs.by_ref().take(most).collect();
        let reviving = async {
            match read.take() {
                Some((nodes, saved)) => Ok(system.bring_back(nodes, saved).await?),
                None => Ok::<_, GatherError>(()),
            }
        };
        let ((), next) = tokio::try_join!(reviving, saved_of(archive, portion))?;
        if next.is_none() {
            return Ok(());
        }
        read = next;
    }
}

/// Nodes in the order of their ids with what was saved of them; `None` where there are none.
async fn saved_of(
    archive: &dyn Archive,
    nodes: Vec<NodeSpec>,
) -> Result<Option<(Vec<NodeSpec>, SavedTwins)>, GatherError> {
    let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else {
        return Ok(None);
    };
    let saved = archive.twins(first.id..=last.id).await?;
    Ok(Some((nodes, saved)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use evara_actors::ports::{Cursors, Saved};
    use evara_actors::system::{Ports, Settings};
    use evara_actors::testing::{FakeArchive, FakeFeed, VirtualClock, level, tank};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_twin_comes_back_as_it_was_however_large_the_portions_are() {
        let archive = Arc::new(FakeArchive::default());
        let ports = Ports {
            feed: Arc::new(FakeFeed::default()),
            archive: archive.clone(),
            clock: Arc::new(VirtualClock::default()),
        };
        let specs: Vec<_> = (1..=7).rev().map(tank).collect();
        let before = System::start(
            ports.clone(),
            Settings::default(),
            specs.clone(),
            Saved::default(),
        );
        let before = before.await.unwrap();
        for (number, spec) in specs.iter().enumerate() {
            let twin = before.twin(spec.id).unwrap();
            twin.offer(level(1, number as f64)).await.unwrap();
        }
        assert!(before.drain(Duration::from_secs(5)).await.is_complete());
        for most in 1..=8 {
            let after = System::prepare(ports.clone(), Settings::default(), Cursors::new());
            let after = after.await.unwrap();
            in_portions(most, &after, &*archive, specs.clone())
                .await
                .unwrap();
            assert_eq!(after.twins().len(), specs.len(), "portions of {most}");
            for spec in &specs {
                let [was, is] = [&before, &after].map(|system| system.twin(spec.id).unwrap());
                assert_eq!(was.view(), is.view(), "portions of {most}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_portion_that_cannot_be_read_ends_the_start() {
        let archive = Arc::new(FakeArchive::default());
        let ports = Ports {
            feed: Arc::new(FakeFeed::default()),
            archive: archive.clone(),
            clock: Arc::new(VirtualClock::default()),
        };
        let system = System::prepare(ports, Settings::default(), Cursors::new());
        let system = system.await.unwrap();
        archive.go_away();
        let gathered = in_portions(1, &system, &*archive, vec![tank(1), tank(2)]).await;
        assert!(matches!(gathered, Err(GatherError::Archive(_))));
    }
}
