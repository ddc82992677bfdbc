//! The devices' keys in memory: whose key it is that a request bears, without asking the store.
//!
//! The store has the truth; what is held here follows it after each commit, so that a key which opens is
//! one that outlives the process, and one that was revoked opens no more. When a key was used is written
//! behind, in batches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::Clock;
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use crate::store::{Act, DeviceKey, DeviceKeys, DeviceKeysError};

/// What every key begins with, so that people and scanners know one when they see it.
pub const PREFIX: &str = "evk_";

/// Enough that nobody guesses one.
const KEY_BYTES: usize = 32;

/// Uses that are written in one transaction: some milliseconds of the store's time.
const BATCH: usize = 1_000;

/// For the store to say which keys are left of a node. Whoever changes keys meanwhile waits.
const ANSWER: Duration = Duration::from_secs(5);

/// Before the first use.
const NEVER: i64 = i64::MIN;

/// The start of a digest: enough to find a key by; the whole is compared after that.
type Start = [u8; 8];

/// The keys that open. Cheap to share.
#[derive(Debug)]
pub struct DeviceKeyring {
    store: Arc<dyn DeviceKeys>,
    clock: Arc<dyn Clock>,
    by_start: papaya::HashMap<Start, Arc<Known>>,
    by_node: papaya::HashMap<NodeId, Vec<Arc<Known>>>,
    /// One change at a time, so that what is held here never follows an older state of the store. Holds the nodes whose
    /// keys open nothing for now: the store could not be asked which of them are left.
    turn: Mutex<BTreeSet<NodeId>>,
}

#[derive(Debug)]
struct Known {
    key: DeviceKey,
    used_at: AtomicI64,
    /// What the store holds of `used_at`.
    written: AtomicI64,
}

/// A new key, which nobody knows yet.
#[derive(Debug)]
pub struct NewKey {
    /// What is kept of it.
    pub key: DeviceKey,
    /// The key itself, to be shown once.
    pub secret: SecretString,
}

/// Whose key it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The key's id.
    pub key: Uuid,
    /// The node that it opens.
    pub node: NodeId,
}

impl DeviceKeyring {
    /// No key yet.
    pub fn new(store: Arc<dyn DeviceKeys>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            by_start: papaya::HashMap::new(),
            by_node: papaya::HashMap::new(),
            turn: Mutex::default(),
        }
    }

    /// Holds every key of the store from now on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(&self) -> Result<(), DeviceKeysError> {
        let _turn = self.turn.lock().await;
        let keys = self.store.device_keys().await?;
        keys.into_iter().for_each(|key| self.hold(key));
        Ok(())
    }

    /// Whose key `text` is, if it is one; notes that it was used.
    pub fn bearer(&self, text: &[u8]) -> Option<Bearer> {
        let digest = digest(&SHA256, text);
        let start = start_of(digest.as_ref())?;
        let known = self.by_start.pin().get(&start).cloned()?;
        verify_slices_are_equal(&known.key.digest, digest.as_ref()).ok()?;
        known
            .used_at
            .fetch_max(self.clock.now().millis(), Ordering::Relaxed);
        Some(Bearer {
            key: known.key.id,
            node: known.key.node,
        })
    }

    /// The keys of a node, in the order of creation.
    pub fn of_node(&self, node: NodeId) -> Vec<DeviceKey> {
        let by_node = self.by_node.pin();
        let known = by_node.get(&node).map(Vec::as_slice).unwrap_or_default();
        known.iter().map(|known| known.now()).collect()
    }

    /// Makes a key, which opens nothing before it is [added](Self::add).
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn make(&self, node: NodeId, name: Option<String>) -> Result<NewKey, Unspecified> {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes)?;
        let text = format!("{PREFIX}{}", base64url(&bytes));
        let mut digest = [0; 32];
        digest.copy_from_slice(self::digest(&SHA256, text.as_bytes()).as_ref());
        let key = DeviceKey {
            id: Uuid::now_v7(),
            node,
            name,
            digest,
            created_at: self.clock.now(),
            last_used_at: None,
        };
        let secret = SecretString::from(text);
        Ok(NewKey { key, secret })
    }

    /// Has a key open its node from now on, where that is in `community` still, together with what goes with that.
    ///
    /// # Errors
    /// See [`DeviceKeysError`].
    pub async fn add(
        &self,
        key: DeviceKey,
        community: Option<Uuid>,
        act: Act,
    ) -> Result<(), DeviceKeysError> {
        let _turn = self.turn.lock().await;
        let adding = self.store.insert_device_key(key.clone(), community, act);
        adding.await?;
        self.hold(key);
        Ok(())
    }

    /// Has a key open nothing from now on.
    ///
    /// # Errors
    /// See [`DeviceKeysError`].
    pub async fn revoke(&self, node: NodeId, id: Uuid, act: Act) -> Result<(), DeviceKeysError> {
        let _turn = self.turn.lock().await;
        self.store.remove_device_key(node, id, act).await?;
        self.drop_if(node, |key| key.id == id);
        Ok(())
    }

    /// Lets go of the keys of a node that the store has let go of, as it does where a node is removed or goes to another
    /// community. They all open nothing until the store said which are left: now, or in [`settle_rest`](Self::settle_rest).
    pub async fn settle(&self, node: NodeId) {
        let mut unsettled = self.turn.lock().await;
        self.drop_if(node, |_| true);
        // Whoever came before learnt that the store does not answer: there is no need to wait for that again.
        let may_answer = unsettled.is_empty();
        unsettled.insert(node);
        if !may_answer {
            return;
        }
        if let Err(error) = self.settle_in_turn(&mut unsettled).await {
            tracing::warn!(%node, %error, "the keys of a node open nothing for now");
        }
    }

    /// Has those keys open again that are left of the nodes which could not be settled.
    ///
    /// # Errors
    /// When the store cannot be read; they are settled the next time.
    pub async fn settle_rest(&self) -> Result<(), DeviceKeysError> {
        self.settle_in_turn(&mut *self.turn.lock().await).await
    }

    async fn settle_in_turn(
        &self,
        unsettled: &mut BTreeSet<NodeId>,
    ) -> Result<(), DeviceKeysError> {
        if unsettled.is_empty() {
            return Ok(());
        }
        let keys = timeout(ANSWER, self.store.device_keys()).await;
        let keys = keys.map_err(|late| DeviceKeysError::Unavailable(late.into()))??;
        let left = keys.into_iter().filter(|key| unsettled.contains(&key.node));
        left.for_each(|key| self.hold(key));
        unsettled.clear();
        Ok(())
    }

    /// Writes down when keys were used.
    ///
    /// # Errors
    /// When the store cannot be reached; what is left is written the next time.
    pub async fn write_uses(&self) -> Result<(), DeviceKeysError> {
        let used: Vec<_> = {
            let pinned = self.by_start.pin();
            let used = pinned.values().filter(|known| known.unwritten().is_some());
            used.cloned().collect()
        };
        for batch in used.chunks(BATCH) {
            let uses: Vec<_> = batch.iter().map(|it| (it.key.id, it.used())).collect();
            let at = uses
                .iter()
                .filter_map(|(id, at)| Some((*id, (*at)?)))
                .collect();
            self.store.touch_device_keys(at).await?;
            for (known, (_, at)) in batch.iter().zip(uses) {
                let at = at.map_or(NEVER, Timestamp::millis);
                known.written.store(at, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn hold(&self, key: DeviceKey) {
        let Some(start) = start_of(&key.digest) else {
            return;
        };
        let node = key.node;
        let used_at = key.last_used_at.map_or(NEVER, Timestamp::millis);
        let known = Arc::new(Known {
            key,
            used_at: AtomicI64::new(used_at),
            written: AtomicI64::new(used_at),
        });
        self.by_start.pin().insert(start, Arc::clone(&known));
        let first = vec![Arc::clone(&known)];
        let and_one = |held: &Vec<Arc<Known>>| {
            let held = held.iter().filter(|other| other.key.id != known.key.id);
            held.chain([&known]).cloned().collect()
        };
        self.by_node.pin().update_or_insert(node, and_one, first);
    }

    fn drop_if(&self, node: NodeId, is_gone: impl Fn(&DeviceKey) -> bool) {
        let by_node = self.by_node.pin();
        let held = by_node.get(&node).cloned().unwrap_or_default();
        let (gone, left): (Vec<_>, Vec<_>) = held.into_iter().partition(|it| is_gone(&it.key));
        if left.is_empty() {
            by_node.remove(&node);
        } else {
            by_node.insert(node, left);
        }
        for start in gone.iter().filter_map(|known| start_of(&known.key.digest)) {
            self.by_start.pin().remove(&start);
        }
    }
}

impl Known {
    fn used(&self) -> Option<Timestamp> {
        let at = self.used_at.load(Ordering::Relaxed);
        (at != NEVER).then(|| Timestamp::from_millis(at))
    }

    fn unwritten(&self) -> Option<Timestamp> {
        let written = self.written.load(Ordering::Relaxed);
        self.used().filter(|at| at.millis() > written)
    }

    fn now(&self) -> DeviceKey {
        DeviceKey {
            last_used_at: self.used(),
            ..self.key.clone()
        }
    }
}

fn start_of(digest: &[u8]) -> Option<Start> {
    digest.first_chunk().copied()
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for place in 0..=chunk.len() {
            let index = word >> (18 - 6 * place) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

#[cfg(test)]
#[path = "device_keys_tests.rs"]
mod tests;
