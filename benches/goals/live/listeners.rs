//! The process that listens: as many sockets as it is told to open, and what they hear.
//!
//! It has descriptors of its own, as the service has, so that ten thousand sockets fit between the two where a process
//! may hold twenty thousand.

use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evara_actors::domain::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ear::{Ear, Heard, Ledger};
use crate::measure::Rounds;
use crate::runtime;
use crate::store::child::Child;
use crate::store::person;

/// Makes this program such a process: `--listen ADDRESS PERSON`.
pub(crate) const CHILD: &str = "--listen";

/// What one person may open, as the service is set here.
const OF_ONE: usize = 1_000;

/// Those who knock at once.
const AT_THE_DOOR: usize = 64;

/// Before somebody knocks again who was refused.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two looks at whether everything was heard.
const LOOK: Duration = Duration::from_millis(20);

/// For one socket to be opened, and for all of them to hear what was pushed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is held of what a deaf one does not read.
const NARROW_BYTES: u32 = 4 * 1024;

/// A little more than the service waits for somebody to read: by then the deaf one was sent away, and comes again.
const DEAF_FOR: Duration = Duration::from_secs(32);

/// What was heard in a while.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Hearing {
    /// Frames with events, of all sockets together.
    pub(crate) frames: usize,
    pub(crate) events: usize,
    /// Of all these frames.
    pub(crate) bytes: usize,
    /// From when a reading was made to when a socket was told of it.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// The way to such a process.
#[derive(Debug)]
pub(crate) struct Listeners(Child);

impl Listeners {
    /// Of the service at `address`, as this one of the crowd and those behind.
    pub(crate) fn of(address: SocketAddr, person: usize) -> Self {
        let (address, person) = (address.to_string(), person.to_string());
        Self(Child::of_this_program(&[CHILD, &address, &person]))
    }

    /// Has so many more listen to a topic, each of whom knows the whole of it by then.
    pub(crate) fn open(&mut self, count: usize, mode: &str, topic: &str) {
        let said = self.0.ask(&format!("open {count} {mode} {topic}"));
        assert_eq!(said, "opened");
    }

    /// Has so many more subscribe to the fleet and never read, and come again when they are sent away.
    pub(crate) fn open_deaf(&mut self, count: usize) {
        assert_eq!(self.0.ask(&format!("deaf {count}")), "opened");
    }

    /// What everyone hears for so long.
    pub(crate) fn hear(&mut self, span: Duration) -> Hearing {
        let said = self.0.ask(&format!("hear {}", span.as_millis()));
        serde_json::from_str(&said).expect("what was heard is told")
    }

    /// How many seconds it takes from the first event until everyone was told of so many.
    pub(crate) fn until(&mut self, events: usize) -> f64 {
        let said = self.0.ask(&format!("until {events}"));
        said.parse().expect("seconds")
    }
}

/// Events as they are heard.
#[derive(Debug, Default)]
struct Shared {
    ledger: Ledger,
    /// Which frames with events came, and when.
    heard: Mutex<Vec<(u64, Timestamp)>>,
}

impl Shared {
    fn heard(&self) -> MutexGuard<'_, Vec<(u64, Timestamp)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of a process.
struct Crowd {
    address: SocketAddr,
    /// The first who opens sockets.
    person: usize,
    shared: Arc<Shared>,
    door: Arc<Semaphore>,
    ears: JoinSet<()>,
    /// Whoever was opened so far, and those of them who read.
    opened: usize,
    reading: usize,
}

/// Does what it is told by standard input, until that ends.
pub(crate) fn obey(address: &str, person: &str) {
    let runtime = runtime();
    let mut crowd = Crowd {
        address: address.parse().expect("an address"),
        person: number(person),
        shared: Arc::default(),
        door: Arc::new(Semaphore::new(AT_THE_DOOR)),
        ears: JoinSet::new(),
        opened: 0,
        reading: 0,
    };
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let words: Vec<&str> = line.split(' ').collect();
        println!("{}", crowd.does(&runtime, &words));
        io::stdout().flush().expect("somebody listens");
    }
}

fn number(word: &str) -> usize {
    word.parse().expect("a number")
}

impl Crowd {
    fn does(&mut self, runtime: &Runtime, words: &[&str]) -> String {
        match *words {
            ["open", count, mode, topic] => {
                runtime.block_on(self.open(number(count), mode, topic));
                "opened".to_owned()
            }
            ["deaf", count] => {
                runtime.block_on(async { self.open_deaf(number(count)) });
                "opened".to_owned()
            }
            ["hear", millis] => {
                let span = Duration::from_millis(number(millis) as u64);
                let hearing = runtime.block_on(self.hear(span));
                serde_json::to_string(&hearing).expect("it is JSON")
            }
            ["until", events] => runtime.block_on(self.until(number(events))).to_string(),
            _ => panic!("{words:?} is nothing to be told"),
        }
    }

    fn token(&mut self) -> String {
        self.opened += 1;
        person::token_of(self.person + (self.opened - 1) / OF_ONE)
    }

    async fn open(&mut self, count: usize, mode: &str, topic: &str) {
        let (told, mut all) = mpsc::channel(count);
        for _ in 0..count {
            let subscribe = format!(r#"{{"type":"subscribe","topic":"{topic}","mode":"{mode}"}}"#);
            let (address, token) = (self.address, self.token());
            let (shared, door) = (Arc::clone(&self.shared), Arc::clone(&self.door));
            let told = told.clone();
            self.ears.spawn(async move {
                let turn = door.acquire_owned().await.expect("it stays open");
                let mut ear = opened(address, &token, None).await;
                ear.say(&subscribe).await.expect("it is taken");
                let mut turn = Some((turn, told));
                while let Some(heard) = ear.next(&shared.ledger).await {
                    match heard {
                        Heard::Told(key, at) => shared.heard().push((key, at)),
                        Heard::Whole => drop(turn.take()),
                        Heard::Ping => drop(ear.say(r#"{"type":"pong"}"#).await),
                        Heard::Other => {}
                    }
                }
                panic!("a socket that reads stays open");
            });
        }
        drop(told);
        let nobody_is_left = timeout(PATIENCE, all.recv()).await;
        let _: Option<()> = nobody_is_left.expect("everyone is in in time");
        self.reading += count;
    }

    fn open_deaf(&mut self, count: usize) {
        for _ in 0..count {
            let (address, token) = (self.address, self.token());
            let door = Arc::clone(&self.door);
            self.ears.spawn(async move {
                loop {
                    let turn = Arc::clone(&door).acquire_owned().await;
                    let mut ear = opened(address, &token, Some(NARROW_BYTES)).await;
                    let subscribe = r#"{"type":"subscribe","topic":"fleet","mode":"all"}"#;
                    let _taken = ear.say(subscribe).await;
                    drop(turn);
                    sleep(DEAF_FOR).await;
                }
            });
        }
    }

    async fn hear(&self, span: Duration) -> Hearing {
        self.shared.heard().clear();
        sleep(span).await;
        let heard = std::mem::take(&mut *self.shared.heard());
        // The last frames may still be being read by whoever met them first.
        sleep(PAUSE).await;
        let (mut latencies, mut bytes) = (Vec::new(), 0);
        for (key, at) in &heard {
            let told = self.shared.ledger.told(*key);
            bytes += told.bytes;
            let times = &told.times;
            latencies.extend(times.iter().map(|time| at.since(*time).as_secs_f64() * 1e3));
        }
        if latencies.is_empty() {
            return Hearing::default();
        }
        let events = latencies.len();
        let latencies = Rounds::new(latencies);
        Hearing {
            frames: heard.len(),
            events,
            bytes,
            p50_ms: latencies.percentile(0.5),
            p99_ms: latencies.percentile(0.99),
        }
    }

    async fn until(&self, events: usize) -> f64 {
        let all = events * self.reading;
        let of = |(key, _): &(u64, Timestamp)| self.shared.ledger.told(*key).times.len();
        let waiting = async {
            loop {
                sleep(LOOK).await;
                let heard = self.shared.heard();
                if heard.iter().map(of).sum::<usize>() >= all {
                    let times = || heard.iter().map(|(_, at)| *at);
                    let (first, last) = (times().min(), times().max());
                    return first.zip(last);
                }
            }
        };
        let took = timeout(PATIENCE, waiting).await;
        let span = took.expect("everyone is told everything in time");
        self.shared.heard().clear();
        span.map_or(0.0, |(first, last)| last.since(first).as_secs_f64())
    }
}

/// A socket, however often that has to be tried.
async fn opened(address: SocketAddr, token: &str, room: Option<u32>) -> Ear {
    let opening = async {
        loop {
            if let Some(ear) = Ear::open(address, token, room).await {
                return ear;
            }
            sleep(PAUSE).await;
        }
    };
    let opened = timeout(PATIENCE, opening).await;
    opened.expect("the service takes sockets")
}
