//! Changes whose registry, keys or twins fail half-way: registry and twins agree afterwards.

use std::sync::Mutex as Lock;
use std::time::Duration;

use evara_actors::ports::Saved;
use evara_actors::system::{Ports, Settings};
use evara_actors::testing::{FakeArchive, FakeFeed, VirtualClock, on_channel, tank};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::*;
use crate::store::{Begun, Claim, Kept, ReceiptName, ReceiptsError};

/// A registry of one node, which can be changed behind the back of the service.
#[derive(Debug, Default)]
struct OneNode {
    held: Lock<Option<NodeSpec>>,
    /// Within which span it was changed.
    changed_in: Lock<Option<tracing::Id>>,
}

impl OneNode {
    fn hold(&self, spec: Option<NodeSpec>) {
        *self.held.lock().unwrap() = spec;
    }
}

impl Registry for OneNode {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>> {
        let all = self.held.lock().unwrap().iter().cloned().collect();
        Box::pin(async { Ok(all) })
    }

    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>> {
        let held = self.held.lock().unwrap().clone();
        Box::pin(async move { Ok(held.filter(|spec| spec.id == id)) })
    }

    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        self.hold(Some(spec));
        Box::pin(async { Ok(()) })
    }

    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        *self.changed_in.lock().unwrap() = tracing::Span::current().id();
        let mut held = self.held.lock().unwrap();
        let outcome = match held.as_mut() {
            None => Err(RegistryError::NotFound),
            Some(node) if node.version + 1 != spec.version => Err(RegistryError::VersionMoved),
            Some(node) => {
                *node = spec;
                Ok(())
            }
        };
        Box::pin(async { outcome })
    }

    fn remove(&self, _: NodeId) -> BoxFuture<'_, Result<(), RegistryError>> {
        let removed = self.held.lock().unwrap().take();
        Box::pin(async { removed.map(drop).ok_or(RegistryError::NotFound) })
    }
}

impl Receipts for OneNode {
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>> {
        Box::pin(async move { Ok(Begun::Open { at: claim.at }) })
    }

    fn finish(&self, _: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async { Ok(()) })
    }

    fn forget(&self, _: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async { Ok(()) })
    }

    fn forget_older(&self, _: Timestamp, _: u32) -> BoxFuture<'_, Result<u64, ReceiptsError>> {
        Box::pin(async { Ok(0) })
    }

    fn insert_node(&self, spec: NodeSpec, _: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        self.insert(spec)
    }

    fn update_node(&self, spec: NodeSpec, _: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        self.update(spec)
    }

    fn remove_node(&self, id: NodeId, _: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Registry::remove(self, id)
    }
}

#[derive(Debug)]
struct NoKeys;

fn away<T>() -> BoxFuture<'static, Result<T, KeysError>> {
    Box::pin(async { Err(KeysError("away".into())) })
}

impl ReadKeys for NoKeys {
    fn set(
        &self,
        _: ChannelId,
        _: NodeId,
        _: SecretString,
    ) -> BoxFuture<'_, Result<(), KeysError>> {
        away()
    }

    fn remove(&self, _: ChannelId, _: NodeId) -> BoxFuture<'_, Result<(), KeysError>> {
        away()
    }

    fn has(&self, _: NodeId) -> BoxFuture<'_, Result<bool, KeysError>> {
        away()
    }
}

/// One tank, in the registry and as a twin, in a world whose keys cannot be reached.
async fn world() -> (Arc<System>, Arc<OneNode>, Nodes) {
    let clock = Arc::new(VirtualClock::default());
    let ports = Ports {
        feed: Arc::new(FakeFeed::default()),
        archive: Arc::new(FakeArchive::default()),
        clock: clock.clone(),
    };
    let started = System::start(ports, Settings::default(), Vec::new(), Saved::default());
    let system = started.await.unwrap();
    let registry = Arc::new(OneNode::default());
    let nodes = Nodes::new(
        Arc::clone(&system),
        registry.clone(),
        registry.clone(),
        Arc::new(NoKeys),
        clock,
    );
    nodes.create(tank(1), Act::default()).await.unwrap();
    (system, registry, nodes)
}

fn version(version: u64) -> NodeSpec {
    let label = format!("Tank, take {version}");
    NodeSpec {
        version,
        label,
        ..tank(1)
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_changes_nothing_is_no_version_and_no_revision() {
    let (system, _, nodes) = world().await;
    let before = system.twin(tank(1).id).unwrap().view();
    let same = NodeSpec {
        version: 2,
        ..tank(1)
    };
    let after = nodes
        .update(same, Precondition::None, Act::default())
        .await
        .unwrap();
    assert_eq!(after.spec().version, 1);
    assert_eq!(after.revision(), before.revision());
}

#[tokio::test(start_paused = true)]
async fn a_twin_follows_the_registry_though_the_key_was_not_kept() {
    let (system, _, nodes) = world().await;
    let key = KeyChange::Set(SecretString::from("SESAME"));
    let bound = on_channel(version(2), 7);
    let outcome = nodes
        .rebind(bound, key, Precondition::None, Act::default())
        .await;
    assert!(matches!(outcome, Err(Error::Keys(_))));
    assert_eq!(system.twin(tank(1).id).unwrap().view().spec().version, 2);
    let unbound = nodes
        .update(version(3), Precondition::None, Act::default())
        .await;
    assert!(matches!(unbound, Err(Error::Keys(_))));
    assert_eq!(system.twin(tank(1).id).unwrap().view().spec().version, 3);
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_is_behind_the_registry_conflicts_once_and_no_longer() {
    let (system, registry, nodes) = world().await;
    registry.hold(Some(version(2)));
    let behind = nodes
        .update(version(2), Precondition::None, Act::default())
        .await;
    assert!(matches!(behind, Err(Error::Conflict)));
    assert_eq!(system.twin(tank(1).id).unwrap().view().spec().version, 2);
    nodes
        .update(version(3), Precondition::None, Act::default())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_twin_whose_node_the_registry_has_not_goes_with_the_next_change() {
    let (system, registry, nodes) = world().await;
    registry.hold(None);
    let gone = nodes
        .update(version(2), Precondition::None, Act::default())
        .await;
    assert!(matches!(gone, Err(Error::NotFound)));
    assert!(system.twin(tank(1).id).is_none());
    nodes.create(tank(1), Act::default()).await.unwrap();
    registry.hold(None);
    nodes
        .remove(Arc::new(tank(1)), Precondition::None, Act::default())
        .await
        .unwrap();
    assert!(system.twin(tank(1).id).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_changed_since_it_was_judged_is_not_removed() {
    let (system, registry, nodes) = world().await;
    let judged = Arc::clone(system.twin(tank(1).id).unwrap().view().spec());
    let changed = nodes.update(version(2), Precondition::None, Act::default());
    changed.await.unwrap();
    let late = nodes.remove(judged, Precondition::None, Act::default());
    assert!(matches!(late.await, Err(Error::Conflict)));
    assert_eq!(registry.nodes().await.unwrap(), [version(2)]);
    assert!(system.twin(tank(1).id).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_twin_does_not_start_is_not_kept() {
    let (system, registry, nodes) = world().await;
    system.drain(Duration::from_secs(1)).await;
    registry.hold(None);
    let other = nodes.create(tank(2), Act::default()).await;
    assert!(matches!(other, Err(Error::System(_))));
    assert!(registry.nodes().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_done_to_a_node_is_within_the_span_of_the_request_that_asked_for_it() {
    let (_, registry, nodes) = world().await;
    let _enabled = tracing_subscriber::registry().set_default();
    let request = tracing::info_span!("request");
    let changing = nodes.clone();
    let change = async move {
        let changed = changing.update(version(2), Precondition::None, Act::default());
        changed.await.map(|_| tracing::Span::current().id())
    };
    let ended_in = nodes.to_its_end(change).instrument(request.clone());
    let ended_in = ended_in.await.unwrap();
    let changed_in = registry.changed_in.lock().unwrap().clone();
    assert!(request.id().is_some());
    assert_eq!([changed_in, ended_in], [request.id(), request.id()]);
}
