//! Devices' keys and kept answers in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, Registry, RegistryError};
use secrecy::SecretString;
use uuid::Uuid;

use crate::app::kept::{
    Begun, Claim, DeviceKey, DeviceKeys, DeviceKeysError, Kept, MAX_DEVICE_KEYS, ReceiptName,
    Receipts, ReceiptsError,
};

/// What a request is, when it was begun, and its answer.
type Entry = ([u8; 32], Timestamp, Option<SecretString>);

/// See the module.
#[derive(Debug)]
pub(super) struct Memory {
    registry: Arc<dyn Registry>,
    keys: Mutex<Vec<DeviceKey>>,
    receipts: Mutex<HashMap<ReceiptName, Entry>>,
}

impl Memory {
    pub(super) fn new(registry: Arc<dyn Registry>) -> Self {
        Self {
            registry,
            keys: Mutex::default(),
            receipts: Mutex::default(),
        }
    }

    fn keep(&self, Kept { name, answer }: Kept) {
        let mut receipts = self.receipts.lock().unwrap();
        let (_, _, kept) = receipts.get_mut(&name).unwrap();
        assert!(kept.is_none(), "an answer never changes");
        *kept = Some(answer);
    }
}

impl DeviceKeys for Memory {
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>> {
        let keys = self.keys.lock().unwrap().clone();
        Box::pin(async { Ok(keys) })
    }

    fn insert_device_key(
        &self,
        key: DeviceKey,
        kept: Option<Kept>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        let mut keys = self.keys.lock().unwrap();
        let own = keys.iter().filter(|other| other.node == key.node).count();
        let full = own >= MAX_DEVICE_KEYS as usize;
        if !full {
            keys.push(key);
            kept.into_iter().for_each(|kept| self.keep(kept));
        }
        Box::pin(async move {
            if full {
                Err(DeviceKeysError::Full)
            } else {
                Ok(())
            }
        })
    }

    fn remove_device_key(
        &self,
        node: NodeId,
        id: Uuid,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        let mut keys = self.keys.lock().unwrap();
        let before = keys.len();
        keys.retain(|key| (key.node, key.id) != (node, id));
        let gone = keys.len() < before;
        Box::pin(async move { gone.then_some(()).ok_or(DeviceKeysError::NotFound) })
    }

    fn touch_device_keys(
        &self,
        _: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Receipts for Memory {
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>> {
        let mut receipts = self.receipts.lock().unwrap();
        let fresh = (claim.request, claim.at, None);
        let (request, at, answer) = receipts.entry(claim.name).or_insert(fresh);
        let begun = match answer {
            _ if *request != claim.request => Begun::Other,
            Some(answer) => Begun::Answered(answer.clone()),
            None => Begun::Open { at: *at },
        };
        Box::pin(async { Ok(begun) })
    }

    fn finish(&self, kept: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        self.keep(kept);
        Box::pin(async { Ok(()) })
    }

    fn forget(&self, name: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        self.receipts.lock().unwrap().remove(&name);
        Box::pin(async { Ok(()) })
    }

    fn forget_older(&self, _: Timestamp, _: u32) -> BoxFuture<'_, Result<u64, ReceiptsError>> {
        Box::pin(async { Ok(0) })
    }

    fn insert_node(&self, spec: NodeSpec, kept: Kept) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.registry.insert(spec).await?;
            self.keep(kept);
            Ok(())
        })
    }

    fn update_node(&self, spec: NodeSpec, kept: Kept) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.registry.update(spec).await?;
            self.keep(kept);
            Ok(())
        })
    }
}
