//! How many may listen at once: each holds a seat for as long as he does.
//!
//! Where all seats are taken, whoever has been idle for longest gives his up to the next who comes. Those of
//! whom nobody knows yet who they are stand, for a moment and few of an address, so that strangers cannot keep
//! others out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::tally::{Counts, Tally};
use crate::access::{Principal, Reach, UserId};
use crate::address::{ClientAddress, Network};
use crate::http::guard::limits::Allowed;
use crate::http::problem::{Code, Problem};

/// How many may listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of all who are known.
    pub sockets: u32,
    /// Of one person; their plan may allow fewer.
    pub of_one: u32,
    /// Of those who have not said yet who they are: each has ten seconds for it.
    pub standing: u32,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            // At 24 KiB each some 240 MB.
            sockets: 10_000,
            // Some browsers with some tabs each.
            of_one: 20,
            // Whoever says at once who he is stands for a round trip: this is some hundred a second.
            standing: 128,
        }
    }
}

/// Strangers of one address at once: a household that comes back together.
const STANDING_OF_ONE: u32 = 8;

/// Who has neither said nor been told anything for so long may have to go: two heartbeats.
const IDLE_AFTER: Duration = Duration::from_secs(60);

/// Who listens to nothing is idle after so long: many times what it takes to subscribe.
const IDLE_WITHOUT_TOPICS_AFTER: Duration = Duration::from_secs(10);

/// Somebody will have left by then.
const COME_BACK_AFTER: Duration = Duration::from_secs(10);

/// Who listens.
#[derive(Debug)]
pub(crate) struct Seats {
    room: Room,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// How many were ever taken.
    count: u64,
    /// In the order in which they were taken.
    occupants: BTreeMap<u64, Occupant>,
    /// Nobody without a seat is in it.
    by_person: HashMap<UserId, u32>,
    standing: u32,
    /// No address from where nobody stands is in it.
    standing_from: HashMap<Network, u32>,
}

#[derive(Debug)]
struct Occupant {
    person: UserId,
    reach: Reach,
    tally: Arc<Tally>,
    active: Arc<Mutex<Active>>,
    leave: CancellationToken,
}

/// How busy somebody is.
#[derive(Debug, Clone, Copy)]
struct Active {
    topics: usize,
    at: Instant,
}

impl Active {
    fn is_idle(self, now: Instant) -> bool {
        let after = if self.topics == 0 {
            IDLE_WITHOUT_TOPICS_AFTER
        } else {
            IDLE_AFTER
        };
        now.duration_since(self.at) >= after
    }
}

/// Room to stand for one who is not known yet, until it is dropped.
#[derive(Debug)]
pub(crate) struct Standing {
    seats: Arc<Seats>,
    from: Network,
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    active: Arc<Mutex<Active>>,
    leave: CancellationToken,
    tally: Arc<Tally>,
}

/// One who listens, as it stands.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) person: UserId,
    pub(crate) reach: Reach,
    pub(crate) age: Duration,
    pub(crate) counts: Counts,
}

impl Seats {
    /// Nobody is there yet.
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            taken: Mutex::default(),
        }
    }

    /// A seat for somebody whose plan allows so many.
    pub(crate) fn take(
        self: &Arc<Self>,
        person: &Principal,
        allowed: Option<Allowed>,
    ) -> Result<Seat, Problem> {
        // What the service has no more room for than that is no limit of the plan.
        let allowed = allowed.filter(|plan| plan.sockets < self.room.of_one);
        let most = allowed.as_ref().map_or(self.room.of_one, |it| it.sockets);
        let mut taken = self.taken();
        let own = taken
            .by_person
            .get(&person.user)
            .copied()
            .unwrap_or_default();
        if own >= most {
            let detail = match allowed {
                Some(Allowed { plan, sockets }) => {
                    format!("The plan {plan} allows one person {sockets} sockets at once.")
                }
                None => format!("One person may listen {most} times at once."),
            };
            return Err(Problem::new(Code::RateLimited, detail).retry_after(COME_BACK_AFTER));
        }
        let now = Instant::now();
        if taken.occupants.len() >= self.room.sockets as usize && !taken.make_room(now) {
            let detail = "Too many listen at once; come back later.";
            return Err(Problem::new(Code::Busy, detail).retry_after(COME_BACK_AFTER));
        }
        Ok(taken.seat(self, person, now))
    }

    /// Room for one who is not known yet.
    pub(crate) fn stand(self: &Arc<Self>, client: ClientAddress) -> Result<Standing, Problem> {
        let from = client.block();
        let mut taken = self.taken();
        let of_one = taken.standing_from.get(&from).copied().unwrap_or_default();
        if taken.standing >= self.room.standing || of_one >= STANDING_OF_ONE {
            let detail =
                "Too many are at the door; come back later, or with a token in the header.";
            return Err(Problem::new(Code::Busy, detail).retry_after(COME_BACK_AFTER));
        }
        taken.standing += 1;
        taken.standing_from.insert(from, of_one + 1);
        Ok(Standing {
            seats: Arc::clone(self),
            from,
        })
    }

    /// Everyone who listens, in the order in which they came.
    pub(crate) fn listening(&self) -> Vec<Listening> {
        let taken = self.taken();
        let all = taken.occupants.values();
        let all: Vec<_> = all
            .map(|it| (it.person, it.reach.clone(), Arc::clone(&it.tally)))
            .collect();
        drop(taken);
        let one = |(person, reach, tally): (_, _, Arc<Tally>)| Listening {
            person,
            reach,
            age: tally.began.elapsed(),
            counts: tally.counts(),
        };
        all.into_iter().map(one).collect()
    }

    /// How many may listen.
    pub(crate) fn room(&self) -> Room {
        self.room
    }

    /// How many have not said yet who they are.
    pub(crate) fn strangers(&self) -> u32 {
        self.taken().standing
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        held(&self.taken)
    }
}

impl Taken {
    fn seat(&mut self, seats: &Arc<Seats>, person: &Principal, now: Instant) -> Seat {
        let number = self.count;
        self.count += 1;
        let active = Arc::new(Mutex::new(Active { topics: 0, at: now }));
        let leave = CancellationToken::new();
        let tally = Arc::new(Tally::new());
        let occupant = Occupant {
            person: person.user,
            reach: person.reach.clone(),
            tally: Arc::clone(&tally),
            active: Arc::clone(&active),
            leave: leave.clone(),
        };
        self.occupants.insert(number, occupant);
        *self.by_person.entry(person.user).or_default() += 1;
        Seat {
            seats: Arc::clone(seats),
            number,
            active,
            leave,
            tally,
        }
    }

    /// Sends away whoever has been idle for longest, those before others who listen to nothing; whether there
    /// was anybody. All are looked at, which takes a tenth of a millisecond and happens at the cap alone.
    fn make_room(&mut self, now: Instant) -> bool {
        let all = self.occupants.iter();
        let idle = all.filter_map(|(number, it)| {
            let active = *held(&it.active);
            active
                .is_idle(now)
                .then_some((active.topics > 0, active.at, *number))
        });
        let Some((.., number)) = idle.min() else {
            return false;
        };
        if let Some(occupant) = self.leave(number) {
            occupant.leave.cancel();
        }
        true
    }

    fn leave(&mut self, number: u64) -> Option<Occupant> {
        let occupant = self.occupants.remove(&number)?;
        less(&mut self.by_person, &occupant.person);
        Some(occupant)
    }
}

/// One fewer of `key`, and nothing of it where that was the last.
fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, u32>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => drop(counts.remove(key)),
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until somebody else is given a seat; for ever where there is none yet.
pub(crate) async fn given_away(seat: Option<&Seat>) {
    match seat {
        Some(seat) => seat.leave.cancelled().await,
        None => std::future::pending().await,
    }
}

impl Seat {
    /// That he said something or was told something, and to how many topics he listens.
    pub(crate) fn is_active(&self, topics: usize) {
        let at = Instant::now();
        *held(&self.active) = Active { topics, at };
    }

    /// What comes of him.
    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Whether somebody else was given it.
    #[cfg(test)]
    fn is_given_away(&self) -> bool {
        self.leave.is_cancelled()
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.standing -= 1;
        less(&mut taken.standing_from, &self.from);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Where it was given away it is another's by now.
        let _left = self.seats.taken().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::time::advance;
    use uuid::Uuid;

    use super::*;
    use crate::access::Role;

    const ROOM: Room = Room {
        sockets: 30,
        of_one: 20,
        standing: 20,
    };

    fn seats() -> Arc<Seats> {
        Arc::new(Seats::new(ROOM))
    }

    fn person(number: u32) -> Principal {
        Principal {
            user: UserId(Uuid::from_u128(u128::from(number))),
            session: None,
            role: Role::User,
            reach: Reach::Nothing,
            must_change_password: false,
        }
    }

    fn address(last: u8) -> ClientAddress {
        ClientAddress::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    fn allowed(sockets: u32) -> Option<Allowed> {
        let plan = "base".to_owned();
        Some(Allowed { plan, sockets })
    }

    #[tokio::test]
    async fn who_has_as_many_seats_as_they_may_is_told_whose_limit_that_is() {
        let seats = seats();
        let refused = |allowed: Option<Allowed>| {
            let seat = seats.take(&person(1), allowed).unwrap_err();
            seat.view("").detail.to_owned()
        };
        let _held: Vec<_> = (0..ROOM.of_one)
            .map(|_| seats.take(&person(1), None).unwrap())
            .collect();
        let of_plan = "The plan base allows one person 5 sockets at once.";
        assert_eq!(refused(allowed(5)), of_plan);
        for own in [None, allowed(ROOM.of_one + 1)] {
            assert_eq!(refused(own), "One person may listen 20 times at once.");
        }
    }

    #[tokio::test]
    async fn a_seat_that_is_left_can_be_taken_again_and_nothing_is_kept_of_who_has_none() {
        let seats = seats();
        let mut held: Vec<_> = (0..ROOM.of_one)
            .map(|_| seats.take(&person(1), None).unwrap())
            .collect();
        assert!(seats.take(&person(1), allowed(1_000)).is_err());
        let theirs = seats.take(&person(2), allowed(1)).unwrap();
        assert!(seats.take(&person(2), allowed(1)).is_err());
        held.pop();
        held.push(seats.take(&person(1), None).unwrap());
        drop((held, theirs));
        let taken = seats.taken();
        assert_eq!((taken.occupants.len(), taken.by_person.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_all_seats_who_is_idle_for_longest_makes_room_and_who_is_busy_does_not() {
        let seats = seats();
        let take = |number| seats.take(&person(number), None);
        let mut held: Vec<_> = (0..ROOM.sockets)
            .map(|number| take(number).unwrap())
            .collect();
        for seat in &held {
            seat.is_active(1);
        }
        assert!(take(100).is_err(), "nobody is idle");
        advance(IDLE_AFTER / 2).await;
        held[0].is_active(1);
        held[7].is_active(0);
        advance(IDLE_AFTER / 2).await;
        // Who listens to nothing goes before those who have been idle for longer.
        for gone in [7, 1, 2] {
            held.push(take(100).unwrap());
            let away: Vec<_> = held.iter().map(Seat::is_given_away).collect();
            assert!(away[gone] && !away[0], "{gone}");
        }
        let away = held.iter().filter(|seat| seat.is_given_away());
        assert_eq!(away.count(), 3);
        drop(held);
        let taken = seats.taken();
        assert_eq!((taken.occupants.len(), taken.by_person.len()), (0, 0));
    }

    #[tokio::test]
    async fn strangers_of_one_address_leave_room_to_stand_for_others() {
        let seats = seats();
        let mut standing: Vec<_> = (0..STANDING_OF_ONE)
            .map(|_| seats.stand(address(1)).unwrap())
            .collect();
        assert!(seats.stand(address(1)).is_err());
        standing.push(seats.stand(address(2)).unwrap());
        standing.remove(0);
        standing.push(seats.stand(address(1)).unwrap());
        while let Ok(one) = seats.stand(address(standing.len() as u8)) {
            standing.push(one);
        }
        assert_eq!(standing.len(), ROOM.standing as usize);
        drop(standing);
        let taken = seats.taken();
        assert_eq!((taken.standing, taken.standing_from.len()), (0, 0));
    }
}
