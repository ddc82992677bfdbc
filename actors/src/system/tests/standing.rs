//! What is told of the tree: who breaks, who comes back, and who is given up on.

use std::time::Duration;

use super::scene::{POISON, Scene, brittle, pass, settled};
use crate::domain::ChannelId;
use crate::ingest::BreakerState;
use crate::ports::FeedError;
use crate::testing::{level, on_channel, tank};
use crate::twin::Presence;
use crate::watchers::broadcast::{Condition, Entry, Interest, Listener, Position, Subject, Turn};

/// More than there is between two looks.
const A_LOOK: Duration = Duration::from_millis(1_200);

/// Somebody who listens to what becomes of the tree.
struct Admin {
    listener: Listener,
    at: Position,
}

impl Admin {
    async fn of(scene: &Scene) -> Self {
        let mut listener = scene.system.broadcast().listen();
        listener.hear(Interest::Tree);
        let at = listener.ready().await.unwrap();
        Self { listener, at }
    }

    /// What was told since the last time.
    fn hears(&mut self) -> Vec<Turn> {
        let since = self
            .listener
            .read(|log| log.since(self.at, usize::MAX))
            .unwrap();
        self.at = since.position;
        let turn = |entry| match entry {
            Entry::Tree(turn) => Some(turn),
            Entry::Node(_) => None,
        };
        since.entries.into_iter().filter_map(turn).collect()
    }

    fn standing(&self) -> Vec<(Subject, Condition)> {
        self.listener
            .read(|log| log.standing().after(None).collect())
    }
}

fn actor(subject: Subject, presence: Presence, restarts: u32) -> (Subject, Condition) {
    (subject, Condition::Actor { presence, restarts })
}

fn told(turns: &[Turn]) -> Vec<(Subject, Condition)> {
    turns
        .iter()
        .map(|turn| (turn.subject, turn.condition))
        .collect()
}

async fn poison(scene: &Scene, entry: u64) -> Presence {
    assert!(scene.tank(1).offer(level(entry, POISON)).await.is_err());
    settled(&scene.tank(1)).await
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_breaks_is_told_of_until_it_is_gone() {
    let scene = Scene::deciding_by(brittle, vec![tank(1), tank(2)]).await;
    let mut admin = Admin::of(&scene).await;
    assert_eq!(admin.standing(), []);
    let subject = Subject::Twin(tank(1).id);
    poison(&scene, 1).await;
    admin.listener.news().await;
    pass(A_LOOK).await;
    let running = actor(subject, Presence::Running, 1);
    assert_eq!(told(&admin.hears()).last(), Some(&running));
    assert_eq!(admin.standing(), [running]);
    pass(A_LOOK).await;
    assert_eq!(told(&admin.hears()), []);
    for entry in 2.. {
        if poison(&scene, entry).await == Presence::Quarantined {
            break;
        }
    }
    pass(A_LOOK).await;
    let given_up = actor(subject, Presence::Quarantined, 5);
    assert_eq!(told(&admin.hears()).last(), Some(&given_up));
    assert_eq!(admin.standing(), [given_up]);
    scene.system.release(tank(1).id).await.unwrap();
    pass(A_LOOK).await;
    let released = actor(subject, Presence::Running, 5);
    assert_eq!(told(&admin.hears()), [released]);
    scene.system.remove(tank(1).id).await.unwrap();
    pass(A_LOOK).await;
    let gone = actor(subject, Presence::Gone, 5);
    assert_eq!(told(&admin.hears()).last(), Some(&gone));
    assert_eq!(admin.standing(), []);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_breaks_is_told_of() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    let mut admin = Admin::of(&scene).await;
    scene.archive.break_down();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    pass(Duration::from_millis(100)).await;
    scene.archive.come_back();
    pass(A_LOOK).await;
    let broken = |(subject, _): &(Subject, Condition)| matches!(subject, Subject::Writer(_));
    assert!(told(&admin.hears()).iter().all(broken));
    let [(_, condition)] = admin.standing()[..] else {
        panic!("{:?}", admin.standing());
    };
    let again = Condition::Actor {
        presence: Presence::Running,
        restarts: 1,
    };
    assert_eq!(condition, again);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_away_is_told_of_and_not_each_of_its_channels() {
    let scene = Scene::of(vec![on_channel(tank(1), 1), on_channel(tank(2), 2)]).await;
    let mut admin = Admin::of(&scene).await;
    for channel in [1, 2] {
        let unreachable = Err(FeedError::Unreachable);
        scene.feed.set(ChannelId(channel), unreachable);
    }
    let mut all = Vec::new();
    for _ in 0..600 {
        pass(Duration::from_secs(1)).await;
        all.extend(told(&admin.hears()));
    }
    let away = (Subject::Host, Condition::Breaker(BreakerState::Open));
    assert_eq!(all.first(), Some(&away));
    assert!(
        all.iter().all(|(subject, _)| *subject == Subject::Host),
        "{all:?}"
    );
}
