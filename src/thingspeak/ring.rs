//! What is known of the keys of one channel.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::ports::Opened;
use secrecy::{ExposeSecret as _, SecretString};

/// What one request is made with: a key, or none.
pub(super) type Key = Option<SecretString>;

/// How many keys that were never tried one ask tries. Each is a request, and a channel's requests are few;
/// what is left has its turn in the next ask.
const MOST_NEW_KEYS: usize = 3;

/// How many keys it asks with where none of these opened the channel: the one whose turn it is, and the next.
const MOST_KNOWN_KEYS: usize = 2;

/// How often a channel is opened with keys that were brought before it is seen whether it needs any by now:
/// an hour's asks, where it is asked each 15 s.
const OPENED_UNTIL_A_LOOK: u16 = 240;

/// The same where that it needs one was learnt just now, and may be somebody's hiccup.
const OPENED_UNTIL_A_SECOND_LOOK: u16 = 3;

/// See the module.
pub(super) struct Ring {
    /// What opens it to everybody: no key, and the operator's. Comes before all that was brought.
    common: Vec<(Key, Standing)>,
    /// The keys that nodes brought, each once. The first is the one to ask with. Those that open the channel
    /// take turns, so that one which no longer does is found out.
    brought: VecDeque<Brought>,
    /// How often one of these opens it before what is common is tried again.
    until_a_look: u16,
}

struct Brought {
    key: Key,
    bearers: BTreeSet<NodeId>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Untried,
    Opens,
    /// It opened the channel, and did not the last time.
    Doubted,
    Refused,
}

/// What one ask was made with so far.
#[derive(Default)]
pub(super) struct Tries {
    keys: Vec<Key>,
    new: usize,
    known: usize,
}

impl Tries {
    /// The only one of an ask that has no more.
    pub(super) fn first(&mut self, key: impl FnOnce() -> Key) -> Option<Key> {
        let first = self.keys.is_empty().then(key)?;
        self.keys.push(first.clone());
        Some(first)
    }
}

impl Ring {
    /// With what opens the channel to everybody if it does; none of it was tried.
    pub(super) fn new(common: impl IntoIterator<Item = Key>) -> Self {
        Self {
            common: common
                .into_iter()
                .map(|key| (key, Standing::Untried))
                .collect(),
            brought: VecDeque::new(),
            until_a_look: OPENED_UNTIL_A_SECOND_LOOK,
        }
    }

    /// Adds what `node` brought. The same key from another node is brought by both.
    pub(super) fn add(&mut self, node: NodeId, key: SecretString) {
        let key = Some(key);
        match self.brought.iter_mut().find(|it| is_same(&it.key, &key)) {
            Some(known) => drop(known.bearers.insert(node)),
            None => self.brought.push_back(Brought {
                key,
                bearers: [node].into(),
                standing: Standing::Untried,
            }),
        }
    }

    /// Knows of each key what `before` knew of it, and goes on where that was.
    pub(super) fn remember(&mut self, before: &Self) {
        for (key, standing) in &mut self.common {
            let known = before.common.iter().find(|(it, _)| is_same(it, key));
            *standing = known.map_or(*standing, |(_, known)| *known);
        }
        self.until_a_look = before.until_a_look;
        let turn = |key: &Key| before.brought.iter().position(|it| is_same(&it.key, key));
        for it in &mut self.brought {
            if let Some(turn) = turn(&it.key) {
                it.standing = before.brought[turn].standing;
            }
        }
        // A stable sort: what is new comes last, in the order in which it came.
        let brought = self.brought.make_contiguous();
        brought.sort_by_key(|it| turn(&it.key).unwrap_or(usize::MAX));
    }

    /// What to ask with next, after `tries` in this ask, one of which `opened` it or none. Once it is open there are
    /// only new keys to try: who brought one that opens it, too, is not to miss what the others are told.
    pub(super) fn next(&self, tries: &mut Tries, opened: Option<&Opened>) -> Option<Key> {
        if opened == Some(&Opened::ToAll) || self.is_in_doubt(tries) {
            return None;
        }
        let is_open = opened.is_some();
        let is_left = |key: &Key| !tries.keys.iter().any(|it| is_same(it, key));
        let common = self.common.iter().filter(|(key, _)| is_left(key));
        let mut common = common.filter(|(_, standing)| !is_open && self.may_open(*standing));
        let mut left = self.brought.iter().filter(|it| is_left(&it.key));
        let key = if let Some((key, _)) = common.next() {
            key.clone()
        } else if let Some(new) = self.new_one(is_left).filter(|_| tries.new < MOST_NEW_KEYS) {
            tries.new += 1;
            new.clone()
        } else if !is_open && tries.known < MOST_KNOWN_KEYS {
            let known = left.next()?.key.clone();
            tries.known += 1;
            known
        } else {
            return None;
        };
        tries.keys.push(key.clone());
        Some(key)
    }

    /// Whether what opened the channel to everybody was refused in this ask, for the first time. That one ask fails is
    /// made up for by the next; what is told to few is missed by the others for good.
    fn is_in_doubt(&self, tries: &Tries) -> bool {
        let doubted = self.common.iter();
        let mut doubted = doubted.filter(|(_, standing)| *standing == Standing::Doubted);
        doubted.any(|(key, _)| tries.keys.iter().any(|it| is_same(it, key)))
    }

    fn new_one(&self, is_left: impl Fn(&Key) -> bool) -> Option<&Key> {
        let mut new = self
            .brought
            .iter()
            .filter(|it| it.standing == Standing::Untried);
        new.find(|it| is_left(&it.key)).map(|it| &it.key)
    }

    /// What is common and was refused is asked with again where nothing else opens the channel.
    fn may_open(&self, common: Standing) -> bool {
        let common_ones = self.common.iter().map(|(_, standing)| *standing);
        let brought = self.brought.iter().map(|it| it.standing);
        let mut others = common_ones.chain(brought);
        common != Standing::Refused || !others.any(|other| other == Standing::Opens)
    }

    /// It opened with `key`: to whom. None where the key was taken back meanwhile.
    pub(super) fn opened(&mut self, key: &Key) -> Option<Opened> {
        if let Some((_, standing)) = self.common.iter_mut().find(|(it, _)| is_same(it, key)) {
            *standing = Standing::Opens;
            return Some(Opened::ToAll);
        }
        let brought = self.brought.iter_mut().find(|it| is_same(&it.key, key))?;
        let was_known = brought.standing == Standing::Opens;
        brought.standing = Standing::Opens;
        let opening = self.brought.iter();
        let opening = opening.filter(|it| it.standing == Standing::Opens);
        let bearers = opening.flat_map(|it| it.bearers.iter().copied()).collect();
        self.take_turns();
        self.until_a_look = self.until_a_look.saturating_sub(u16::from(was_known));
        if self.until_a_look == 0 {
            self.look_again();
        }
        Some(Opened::ByKeysOf(Arc::new(bearers)))
    }

    /// It did not open with `key`.
    pub(super) fn refused(&mut self, key: &Key) {
        if let Some((_, standing)) = self.common.iter_mut().find(|(it, _)| is_same(it, key)) {
            match *standing {
                Standing::Opens => *standing = Standing::Doubted,
                Standing::Doubted => {
                    *standing = Standing::Refused;
                    self.until_a_look = OPENED_UNTIL_A_SECOND_LOOK;
                    // What "opened" it while it needed no key is not known to be one.
                    self.brought.iter_mut().for_each(Brought::forget);
                }
                Standing::Untried | Standing::Refused => *standing = Standing::Refused,
            }
        }
        if let Some(it) = self.brought.iter_mut().find(|it| is_same(&it.key, key)) {
            it.standing = Standing::Refused;
        }
        // Somebody else may have found the same, and turned the ring already.
        if self.brought.front().is_some_and(|it| is_same(&it.key, key)) {
            self.brought.rotate_left(1);
        }
    }

    /// The next key that opens the channel comes to the front.
    fn take_turns(&mut self) {
        let others = self.brought.iter().skip(1);
        let mut others = others.map(|it| it.standing == Standing::Opens);
        if let Some(next) = others.position(|opens| opens) {
            self.brought.rotate_left(next + 1);
        }
    }

    /// What was refused may open the channel by now.
    fn look_again(&mut self) {
        self.until_a_look = OPENED_UNTIL_A_LOOK;
        let common = self.common.iter_mut().map(|(_, standing)| standing);
        let brought = self.brought.iter_mut().map(|it| &mut it.standing);
        for standing in common.chain(brought) {
            if *standing == Standing::Refused {
                *standing = Standing::Untried;
            }
        }
    }
}

impl Brought {
    fn forget(&mut self) {
        self.standing = Standing::Untried;
    }
}

/// Whether two requests would be made alike.
pub(super) fn is_same(one: &Key, other: &Key) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.expose_secret() == other.expose_secret(),
        (one, other) => one.is_none() && other.is_none(),
    }
}
