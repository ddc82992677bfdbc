//! Everything that can go wrong, one after another and together, by chance that repeats: after it, the
//! store holds what the devices wrote.

use std::time::Duration;

use evara::simulator::FaultOrder;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::harness::{Gauge, Mood, World, fault};

const MINUTE: Duration = Duration::from_secs(60);

const GAUGES: [Gauge; 6] = [
    Gauge::every(15),
    Gauge::every(15),
    Gauge::every(20),
    Gauge::every(30),
    Gauge::every(45),
    Gauge::every(60),
];

/// What goes wrong in an hour.
const STEPS: usize = 60;

/// A breaker waits no longer than a quarter of an hour, and a gap is closed soon after.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

fn some_fault(dice: &mut Pcg64Mcg) -> FaultOrder {
    let faults: [fn() -> FaultOrder; 10] = [
        FaultOrder::default,
        || fault::status(503),
        || fault::throttle(30),
        fault::hang,
        fault::drip,
        fault::truncate,
        fault::cut,
        fault::html,
        fault::stale,
        fault::duplicates,
    ];
    faults[dice.random_range(0..faults.len())]()
}

async fn go_wrong(world: &mut World, dice: &mut Pcg64Mcg) {
    match dice.random_range(0..16) {
        0..6 => world.fault(dice.random_range(0..6), some_fault(dice)),
        6 => world.host_fault(fault::status(500)),
        7 => world.wire.set_dead(true),
        8..11 => world.heal(),
        11 => world.shelf().set(Mood::Away),
        12 => world.shelf().set(Mood::Speechless),
        13 => world.shelf().set(Mood::There),
        14 => {
            world.drain().await;
            world.start().await;
        }
        _ => {
            world.crash().await;
            world.start().await;
        }
    }
}

async fn an_hour_of(seed: u64) {
    let mut dice = Pcg64Mcg::seed_from_u64(seed);
    let mut world = World::of(&GAUGES).await;
    world.run(MINUTE).await;
    for _ in 0..STEPS {
        go_wrong(&mut world, &mut dice).await;
        let seconds = dice.random_range(5.0..115.0);
        world.run(Duration::from_secs_f64(seconds)).await;
        for poller in world.system().pollers() {
            // People press buttons when things go wrong.
            let _maybe_held = poller.poll_now().await;
        }
    }
    world.heal();
    world.shelf().set(Mood::There);
    world.run(RECOVERY).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn after_an_hour_of_mishaps_nothing_is_lost_and_nothing_is_there_twice() {
    an_hour_of(1).await;
}

#[tokio::test(start_paused = true)]
async fn after_another_hour_of_mishaps_nothing_is_lost_and_nothing_is_there_twice() {
    an_hour_of(2).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_third_hour_of_mishaps_nothing_is_lost_and_nothing_is_there_twice() {
    an_hour_of(3).await;
}
