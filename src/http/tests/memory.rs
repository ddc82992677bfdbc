//! Nodes, keys and kept answers in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use evara_actors::domain::{ChannelId, NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, Registry, RegistryError};
use secrecy::SecretString;
use uuid::Uuid;

use crate::address::Rule;
use crate::app::kept::{
    Act, Begun, Claim, DeviceKey, DeviceKeys, DeviceKeysError, IpRules, IpRulesError, Kept,
    MAX_DEVICE_KEYS, ReceiptName, Receipts, ReceiptsError,
};
use crate::app::nodes::{KeysError, ReadKeys};

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

    /// What goes with a change.
    pub(super) fn keep_all(&self, act: Act) {
        act.receipt.into_iter().for_each(|kept| self.keep(kept));
    }

    fn forget_keys(&self, node: NodeId) {
        self.keys.lock().unwrap().retain(|key| key.node != node);
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
        community: Option<Uuid>,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async move {
            let nodes = self.registry.nodes().await.unwrap();
            let node = nodes.iter().find(|node| node.id == key.node);
            if node.is_some_and(|node| node.community_id != community) {
                return Err(DeviceKeysError::Moved);
            }
            let mut keys = self.keys.lock().unwrap();
            let own = keys.iter().filter(|other| other.node == key.node).count();
            if own >= MAX_DEVICE_KEYS as usize {
                return Err(DeviceKeysError::Full);
            }
            keys.push(key);
            self.keep_all(act);
            Ok(())
        })
    }

    fn remove_device_key(
        &self,
        node: NodeId,
        id: Uuid,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        let mut keys = self.keys.lock().unwrap();
        let before = keys.len();
        keys.retain(|key| (key.node, key.id) != (node, id));
        let gone = keys.len() < before;
        if gone {
            self.keep_all(act);
        }
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

    fn insert_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.registry.insert(spec).await?;
            self.keep_all(act);
            Ok(())
        })
    }

    fn update_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            let (id, community) = (spec.id, spec.community_id);
            let before = self.registry.nodes().await?;
            let goes = |node: &NodeSpec| node.id == id && node.community_id != community;
            self.registry.update(spec).await?;
            if before.iter().any(goes) {
                self.forget_keys(id);
            }
            self.keep_all(act);
            Ok(())
        })
    }

    fn remove_node(&self, id: NodeId, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.registry.remove(id).await?;
            self.forget_keys(id);
            self.keep_all(act);
            Ok(())
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct MemoryRegistry(Mutex<BTreeMap<NodeId, NodeSpec>>);

impl Registry for MemoryRegistry {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>> {
        let all = self.0.lock().unwrap().values().cloned().collect();
        Box::pin(async { Ok(all) })
    }

    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>> {
        let found = self.0.lock().unwrap().get(&id).cloned();
        Box::pin(async { Ok(found) })
    }

    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        let mut nodes = self.0.lock().unwrap();
        let name = |node: &NodeSpec| (node.community_id, node.key.clone());
        let taken = nodes.values().any(|node| name(node) == name(&spec));
        if !taken {
            nodes.insert(spec.id, spec);
        }
        Box::pin(async move {
            if taken {
                Err(RegistryError::KeyTaken)
            } else {
                Ok(())
            }
        })
    }

    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        let mut nodes = self.0.lock().unwrap();
        let name = |node: &NodeSpec| (node.community_id, node.key.clone());
        let taken = nodes
            .values()
            .any(|node| name(node) == name(&spec) && node.id != spec.id);
        let outcome = match nodes.get_mut(&spec.id) {
            None => Err(RegistryError::NotFound),
            Some(node) if node.version + 1 != spec.version => Err(RegistryError::VersionMoved),
            Some(_) if taken => Err(RegistryError::KeyTaken),
            Some(node) => {
                *node = spec;
                Ok(())
            }
        };
        Box::pin(async { outcome })
    }

    fn remove(&self, id: NodeId) -> BoxFuture<'_, Result<(), RegistryError>> {
        let removed = self.0.lock().unwrap().remove(&id);
        Box::pin(async move { removed.map(drop).ok_or(RegistryError::NotFound) })
    }
}

#[derive(Debug, Default)]
pub(super) struct MemoryKeys(Mutex<HashMap<NodeId, ChannelId>>);

impl ReadKeys for MemoryKeys {
    fn set(
        &self,
        channel: ChannelId,
        node: NodeId,
        _: SecretString,
    ) -> BoxFuture<'_, Result<(), KeysError>> {
        self.0.lock().unwrap().insert(node, channel);
        Box::pin(async { Ok(()) })
    }

    fn remove(&self, _: ChannelId, node: NodeId) -> BoxFuture<'_, Result<(), KeysError>> {
        self.0.lock().unwrap().remove(&node);
        Box::pin(async { Ok(()) })
    }

    fn has(&self, node: NodeId) -> BoxFuture<'_, Result<bool, KeysError>> {
        let has = self.0.lock().unwrap().contains_key(&node);
        Box::pin(async move { Ok(has) })
    }
}

#[derive(Debug, Default)]
pub(super) struct MemoryRules(Mutex<Vec<Rule>>);

impl IpRules for MemoryRules {
    fn ip_rules(&self) -> BoxFuture<'_, Result<Vec<Rule>, IpRulesError>> {
        let rules = self.0.lock().unwrap().clone();
        Box::pin(async { Ok(rules) })
    }

    fn insert_ip_rule(&self, rule: Rule, _: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        let mut rules = self.0.lock().unwrap();
        let same = |it: &Rule| (it.network, it.action) == (rule.network, rule.action);
        let outcome = if rules.iter().any(same) {
            Err(IpRulesError::Taken)
        } else {
            rules.push(rule);
            Ok(())
        };
        Box::pin(async { outcome })
    }

    fn remove_ip_rule(&self, id: Uuid, _: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        self.0.lock().unwrap().retain(|rule| rule.id != id);
        Box::pin(async { Ok(()) })
    }
}
