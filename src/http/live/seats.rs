//! How many may listen at once: each holds a seat for as long as he does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::access::UserId;
use crate::app::listener::MAX_CONNECTIONS;
use crate::http::problem::{Code, Problem};

/// Of one person: some browsers with some tabs each.
const MOST_OF_ONE: u32 = 20;

/// Of all: each holds a connection, and a third of those is for whoever asks.
const MOST: u32 = (MAX_CONNECTIONS / 3 * 2) as u32;

/// Of those who have not said yet who they are: each has ten seconds for it.
const MOST_STANDING: u32 = 128;

/// Somebody will have left by then.
const COME_BACK_AFTER: Duration = Duration::from_secs(10);

/// Who listens.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    standing: u32,
    /// Nobody without a seat is in it.
    by_person: HashMap<UserId, u32>,
}

/// Room to stand for one who is not known yet, until it is dropped.
#[derive(Debug)]
pub(crate) struct Standing(Arc<Seats>);

/// A seat, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    person: UserId,
}

impl Seats {
    /// A seat for somebody whose plan allows so many.
    pub(crate) fn take(
        self: &Arc<Self>,
        person: UserId,
        allowed: Option<u32>,
    ) -> Result<Seat, Problem> {
        let most = allowed.map_or(MOST_OF_ONE, |allowed| allowed.min(MOST_OF_ONE));
        let mut taken = self.taken();
        if taken.all >= MOST {
            let detail = "Too many listen at once; come back later.";
            return Err(Problem::new(Code::Busy, detail).retry_after(COME_BACK_AFTER));
        }
        let own = taken.by_person.get(&person).copied().unwrap_or_default();
        if own >= most {
            let detail = format!("One person may listen {most} times at once.");
            return Err(Problem::new(Code::RateLimited, detail).retry_after(COME_BACK_AFTER));
        }
        taken.by_person.insert(person, own + 1);
        taken.all += 1;
        drop(taken);
        Ok(Seat {
            seats: Arc::clone(self),
            person,
        })
    }

    /// Room for one who is not known yet.
    pub(crate) fn stand(self: &Arc<Self>) -> Result<Standing, Problem> {
        let mut taken = self.taken();
        if taken.standing >= MOST_STANDING {
            let detail =
                "Too many are at the door; come back later, or with a token in the header.";
            return Err(Problem::new(Code::Busy, detail).retry_after(COME_BACK_AFTER));
        }
        taken.standing += 1;
        Ok(Standing(Arc::clone(self)))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.taken().standing -= 1;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all -= 1;
        let own = taken.by_person.get_mut(&self.person);
        if let Some(own) = own.filter(|own| **own > 1) {
            *own -= 1;
        } else {
            taken.by_person.remove(&self.person);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_seat_that_is_left_can_be_taken_again_and_nothing_is_kept_of_who_has_none() {
        let seats = Arc::<Seats>::default();
        let one = UserId(Uuid::from_u128(1));
        let mut held: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| seats.take(one, None).unwrap())
            .collect();
        assert!(seats.take(one, Some(1_000)).is_err());
        let other = UserId(Uuid::from_u128(2));
        let theirs = seats.take(other, Some(1)).unwrap();
        assert!(seats.take(other, Some(1)).is_err());
        held.pop();
        held.push(seats.take(one, None).unwrap());
        drop((held, theirs));
        let taken = seats.taken();
        assert_eq!((taken.all, taken.by_person.len()), (0, 0));
    }

    #[test]
    fn nobody_is_seated_beyond_all_seats() {
        let seats = Arc::<Seats>::default();
        let person = |number: u32| UserId(Uuid::from_u128(u128::from(number / 10)));
        let held: Vec<_> = (0..MOST)
            .map(|number| seats.take(person(number), None).unwrap())
            .collect();
        assert!(seats.take(person(u32::MAX), None).is_err());
        drop(held);
        assert!(seats.take(person(u32::MAX), None).is_ok());
    }
}
