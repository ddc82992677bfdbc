//! The keys with which devices push: which there are, by their digests.
//!
//! A key is 256 random bits, so that its plain SHA-256 is as good as one with salt: salt is against
//! guessing words, and nobody guesses this. The key itself is never here.

use std::fmt::Debug;

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::Act;

/// Keys that a node may have: one a device, and room to change it without a gap.
pub const MAX_DEVICE_KEYS: u32 = 10;

/// A device's key, as far as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKey {
    /// Its own name; the source of what is pushed with it.
    pub id: Uuid,
    /// Whose readings it may push.
    pub node: NodeId,
    /// What people call it.
    pub name: Option<String>,
    /// The SHA-256 of the key.
    pub digest: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// About when it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// The durable keys of devices. A write that answered `Ok` was committed.
pub trait DeviceKeys: Debug + Send + Sync {
    /// Every key, in the order of creation.
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>>;

    /// Adds a key to a node that is in `community` still, together with what goes with it: whoever asked for it may be
    /// of a community that the node has left since.
    fn insert_device_key(
        &self,
        key: DeviceKey,
        community: Option<Uuid>,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>>;

    /// Removes a key of a node.
    fn remove_device_key(
        &self,
        node: NodeId,
        id: Uuid,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>>;

    /// Says when keys were last used; what is not there any more is left out.
    fn touch_device_keys(
        &self,
        uses: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>>;
}

/// Why a key was not kept, or not given up.
#[derive(Debug, thiserror::Error)]
pub enum DeviceKeysError {
    /// No such node, or no such key of it.
    #[error("no such node or key")]
    NotFound,
    /// The node is in another community by now.
    #[error("the node went to another community meanwhile")]
    Moved,
    /// The node has [`MAX_DEVICE_KEYS`] already.
    #[error("the node has {MAX_DEVICE_KEYS} keys already")]
    Full,
    /// The store failed, or did not answer in time.
    #[error("the store of device keys cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
