//! The broadcast from where its listeners are, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ractor::ActorCell;

use super::{
    Bounds, Broadcast, BroadcastArgs, Gone, Interest, Listener, Position, Since, Standing, Update,
    UpdateKind,
};
use crate::domain::{NodeId, Revision, ShardId};
use crate::testing::{VirtualClock, level, tank};
use crate::tree::{BROADCAST, ChildSpec, Trunk, plant};
use crate::twin::{Event, Presence, Twin, TwinCell, TwinHandle, apply, perform};
use crate::watchers::{Intake, ShardSink};

/// More than a tick, and than what is needed to be started again.
const A_MOMENT: Duration = Duration::from_millis(500);

/// Twins without actors, and the broadcast that tells of them.
struct Stage {
    twins: Arc<Mutex<Vec<TwinHandle>>>,
    intake: Arc<Intake>,
    broadcast: Broadcast,
    actor: Arc<Mutex<Option<ActorCell>>>,
    _trunk: Trunk,
}

impl Stage {
    async fn of(count: u32) -> Self {
        let intake = Arc::<Intake>::default();
        let sink = ShardSink::new(ShardId(0), Arc::default(), Arc::clone(&intake));
        let housed = |number| {
            let born = Twin::create(Arc::new(tank(number)), crate::testing::START);
            let cell = TwinCell::new(born.twin, Arc::clone(&sink));
            cell.set_presence(Presence::Running);
            TwinHandle::new(cell)
        };
        let twins = Arc::new(Mutex::new((0..count).map(housed).collect::<Vec<_>>()));
        let all = Arc::clone(&twins);
        let args = BroadcastArgs {
            intake: Arc::clone(&intake),
            broadcast: Broadcast::new(Bounds::default()),
            twins: Arc::new(move || all.lock().unwrap().clone()),
            look: Arc::new(|_| Standing::default()),
            clock: Arc::new(VirtualClock::default()),
            tick: super::TICK,
            before_telling: || (),
        };
        let broadcast = args.broadcast.clone();
        let actor = Arc::<Mutex<Option<ActorCell>>>::default();
        let lives = Arc::clone(&actor);
        let child = ChildSpec::new(BROADCAST, move |parent| {
            let (args, lives) = (args.clone(), Arc::clone(&lives));
            Box::pin(async move {
                let cell = args.start(parent).await?;
                *lives.lock().unwrap() = Some(cell.clone());
                Ok(cell)
            })
        });
        let trunk = Trunk::start().await.unwrap();
        plant(&trunk.watchers, child).await.unwrap();
        Self {
            twins,
            intake,
            broadcast,
            actor,
            _trunk: trunk,
        }
    }

    fn report(&self, number: usize, entry: u64) {
        let twin = self.twins.lock().unwrap()[number].clone();
        let event = Event::Observed(level(entry, entry as f64));
        assert!(perform(twin.cell(), apply, [event]).is_ok());
    }

    fn kill(&self) {
        self.actor.lock().unwrap().as_ref().unwrap().kill();
    }
}

async fn a_moment() {
    tokio::time::sleep(A_MOMENT).await;
}

fn updates(since: &Since) -> impl Iterator<Item = &Arc<Update>> {
    since.entries.iter().map(|entry| entry.node().unwrap())
}

/// The nodes and revisions that follow a position.
fn heard(listener: &Listener, from: Position) -> Result<Vec<(NodeId, Revision)>, Gone> {
    let since = listener.read(|log| log.since(from, usize::MAX))?;
    Ok(updates(&since).map(|it| (it.node, it.revision)).collect())
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_with_what_stands_after_it() {
    let stage = Stage::of(3).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    assert_eq!(listener.read(|log| log.states(None).count()), 3);
    listener.hear(Interest::All);
    let _before = listener.touched();
    stage.report(1, 5);
    listener.news().await;
    let since = listener.read(|log| log.since(from, 10)).unwrap();
    let [update] = updates(&since).collect::<Vec<_>>()[..] else {
        panic!("{:?}", since.entries);
    };
    assert_eq!(update.node, tank(1).id);
    assert!(update.revision > update.previous && update.previous > Revision::ZERO);
    assert_eq!(update.reported.len(), 1);
    assert!((update.reported[0].1 - 5.0).abs() < f64::EPSILON);
    a_moment().await;
    assert_eq!(heard(&listener, since.position), Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_in_time_is_given_what_he_missed_in_order() {
    let stage = Stage::of(2).await;
    let mut first = stage.broadcast.listen();
    let from = first.ready().await.unwrap();
    drop(first);
    for entry in 1..=4 {
        stage.report((entry % 2) as usize, entry);
        a_moment().await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let back = stage.broadcast.listen();
    let revisions: Vec<_> = heard(&back, from).unwrap();
    assert_eq!(revisions.len(), 4);
    let of = |number| {
        let of = revisions
            .iter()
            .filter(move |(node, _)| *node == tank(number).id);
        of.map(|(_, revision)| *revision).collect::<Vec<_>>()
    };
    assert!(of(0).is_sorted() && of(0).len() == 2);
    assert!(of(1).is_sorted() && of(1).len() == 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_for_those_who_do_not_come_back() {
    let stage = Stage::of(1).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    stage.report(0, 1);
    a_moment().await;
    drop(listener);
    tokio::time::sleep(Bounds::default().span + A_MOMENT).await;
    stage.report(0, 2);
    assert_eq!(stage.intake.take().map(|items| items.len()), Ok(0));
    let mut late = stage.broadcast.listen();
    assert_eq!(late.read(super::Log::depth), (0, 0));
    late.ready().await.unwrap();
    assert_eq!(heard(&late, from), Err(Gone));
    let known = late.read(|log| log.latest(tank(0).id).map(|(it, _)| it.reported[0].1));
    assert_eq!(known, Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_goes_is_told_and_is_no_state_any_more() {
    let stage = Stage::of(2).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    stage.intake.removed(tank(0).id);
    stage.intake.removed(NodeId(uuid::Uuid::from_u128(99)));
    a_moment().await;
    let since = listener.read(|log| log.since(from, 10)).unwrap();
    let kinds: Vec<_> = updates(&since).map(|it| (it.node, it.kind)).collect();
    assert_eq!(kinds, [(tank(0).id, UpdateKind::Removed)]);
    assert_eq!(listener.read(|log| log.states(None).count()), 1);
}

#[tokio::test(start_paused = true)]
async fn each_is_woken_by_what_he_listens_to_and_told_where_it_is_and_by_nothing_else() {
    let stage = Stage::of(3).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    let _before = listener.touched();
    let of = |number| Interest::Node(tank(number).id);
    listener.hear(of(1));
    stage.report(0, 1);
    let woken = tokio::time::timeout(A_MOMENT, listener.news()).await;
    assert!(woken.is_err(), "by another's node");
    let (touched, place) = listener.touched();
    assert!(touched.stretches.is_empty());
    assert_eq!(place.map(|place| place.sequence), Some(from.sequence + 1));
    stage.report(2, 1);
    stage.report(1, 1);
    a_moment().await;
    stage.report(0, 2);
    stage.report(1, 2);
    listener.news().await;
    a_moment().await;
    let (touched, place) = listener.touched();
    let stretch = touched.stretches[&of(1)];
    let place = place.unwrap();
    assert_eq!(stretch.epoch, place.epoch);
    let since = listener.read(|log| log.since(from, usize::MAX)).unwrap();
    let ours = updates(&since).enumerate();
    let ours = ours.filter(|(_, update)| update.node == tank(1).id);
    let places: Vec<_> = ours.map(|(at, _)| from.sequence + at as u64).collect();
    assert_eq!(places.len(), 2);
    assert_eq!((stretch.from, stretch.until), (places[0], places[1] + 1));
    listener.ignore(of(1));
    stage.report(1, 3);
    let woken = tokio::time::timeout(A_MOMENT, listener.news()).await;
    assert!(woken.is_err(), "he listens no more");
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_that_is_started_again_says_that_it_may_have_missed_something() {
    let stage = Stage::of(2).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    let _before = listener.touched();
    stage.kill();
    stage.report(0, 1);
    listener.news().await;
    assert!(listener.touched().0.is_anew);
    a_moment().await;
    assert_eq!(heard(&listener, from), Err(Gone));
    let known = listener.read(|log| log.latest(tank(0).id).map(|(it, _)| it.reported.len()));
    assert_eq!(known, Some(1));
    let again = listener.ready().await.unwrap();
    listener.hear(Interest::All);
    stage.report(1, 1);
    listener.news().await;
    assert_eq!(heard(&listener, again).map(|heard| heard.len()), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_told_holds_nobody_up_and_is_not_lost_in_silence() {
    let stage = Stage::of(1).await;
    let mut listener = stage.broadcast.listen();
    let from = listener.ready().await.unwrap();
    let _before = listener.touched();
    for entry in 1..=20_000 {
        stage.report(0, entry);
    }
    listener.news().await;
    assert_eq!(heard(&listener, from), Err(Gone));
    let known = listener.read(|log| log.latest(tank(0).id).map(|(it, _)| it.reported[0].1));
    assert_eq!(known, Some(20_000.0));
}
