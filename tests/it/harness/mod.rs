//! A world in virtual time: devices that write, a simulated ThingSpeak, the service that reads it, and
//! its store on a disk.
//!
//! One clock moves them all, and only [`World::run`] lets it. Whatever a test did to the world, it ends
//! with [`World::verify`]: what the devices wrote is what the store holds. Nothing here sleeps in real
//! time, and no socket is opened.

pub(crate) mod fault;

mod devices;
mod face;
mod log;
mod scratch;
mod shelf;
mod shelf_keys;
mod truth;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use evara::simulator::fleet::Fleet;
use evara::simulator::{FaultOrder, Knobs, Simulator, router};
use evara::thingspeak::{BaseUrl, Keyring, RouterTransport, ThingSpeak, Transport};
use evara_actors::domain::{ChannelId, NodeId, NodeSpec, Timestamp};
use evara_actors::ingest::PollerHandle;
use evara_actors::ports::{Archive, Clock, Registry};
use evara_actors::system::{Drained, Ports, Settings, System};
use evara_actors::testing::{START, VirtualClock};
use evara_actors::twin::{Twin, TwinHandle};

pub(crate) use devices::{Fields, Gauge, reading, texts};
pub(crate) use face::{Face, Reply};
pub(crate) use log::Log;
pub(crate) use scratch::Scratch;
pub(crate) use shelf::{Mood, Shelf};
pub(crate) use truth::TrueRow;
pub(crate) use wire::Wire;

use devices::{Gauges, node_of};
use wire::Line;

/// Long enough for everything that waits to be written.
const DRAIN: Duration = Duration::from_secs(30);

/// The seed of every fleet: its first two schemes have one of each trouble.
const SEED: u64 = 7;

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) wire: Arc<Wire>,
    keys: Arc<Keyring>,
    /// What the nodes are told to be, by id: what a registry would hold.
    specs: BTreeMap<NodeId, NodeSpec>,
    /// By node, the newest entry of its channel when it began to read that: it must have what came later.
    begun: HashMap<NodeId, u64>,
    /// Rows of channels that were cleared since, and were handed out before that.
    former: HashMap<ChannelId, Vec<TrueRow>>,
    /// Channels whose rows were shown otherwise than they were written.
    bent: Vec<ChannelId>,
    lives: u32,
    life: Option<Life>,
    disk: Scratch,
}

/// The service between its start and its end.
#[derive(Debug)]
struct Life {
    system: Arc<System>,
    shelf: Arc<Shelf>,
    line: Arc<Line>,
}

impl World {
    /// A fleet of so many devices with an hour behind it, and a node for each.
    pub(crate) async fn of_fleet(nodes: usize) -> Self {
        let epoch_s = START.millis() / 1_000 - 3_600;
        let fleet = Fleet::new(SEED, nodes, epoch_s);
        let specs = fleet.devices().iter().zip(1..).map(|(device, number)| {
            let channel = channel(u64::from(number) - 1);
            node_of(device, number, channel)
        });
        let specs = specs.collect();
        let clock = Arc::new(VirtualClock::default());
        let simulator = Simulator::with_fleet(fleet, Knobs::default(), clock.clone());
        Self::around(clock, simulator, specs).await
    }

    /// A channel for each of these gauges, and a node for each channel.
    pub(crate) async fn of(gauges: &[Gauge]) -> Self {
        let nodes = gauges.iter().zip(1..);
        let nodes = nodes.map(|(gauge, number)| gauge.node(number, channel(u64::from(number) - 1)));
        Self::with_nodes(gauges, nodes.collect()).await
    }

    /// A channel for each of these gauges, and these nodes.
    pub(crate) async fn with_nodes(gauges: &[Gauge], nodes: Vec<NodeSpec>) -> Self {
        let clock = Arc::new(VirtualClock::default());
        let gauges = Gauges::new(gauges.to_vec());
        let simulator = Simulator::with_world(gauges, Knobs::default(), clock.clone());
        Self::around(clock, simulator, nodes).await
    }

    async fn around(clock: Arc<VirtualClock>, simulator: Simulator, specs: Vec<NodeSpec>) -> Self {
        let simulator = Arc::new(simulator);
        // No node needs a key, until a test says otherwise.
        for card in simulator.channels() {
            assert!(simulator.set_public(card.id, true));
        }
        let transport = RouterTransport::new(router(Arc::clone(&simulator)));
        let mut world = Self {
            wire: Arc::new(Wire::new(transport, clock.clone())),
            clock,
            simulator,
            keys: Arc::new(Keyring::new(None)),
            specs: BTreeMap::new(),
            begun: HashMap::new(),
            former: HashMap::new(),
            bent: Vec::new(),
            lives: 0,
            life: None,
            disk: Scratch::new(),
        };
        let shelf = Shelf::open(&world.disk.place(world.lives));
        for spec in specs {
            world.note_beginning(&spec);
            shelf.insert(spec).await.unwrap();
        }
        shelf.close(|| ()).await;
        world.start().await;
        world
    }

    /// Lets time go by, with all that happens in it.
    pub(crate) async fn run(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The service.
    pub(crate) fn system(&self) -> &Arc<System> {
        &self.life().system
    }

    /// The store of the running service.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.life().shelf
    }

    fn life(&self) -> &Life {
        self.life.as_ref().expect("the service runs")
    }

    /// What every node is told to be.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &NodeSpec> {
        self.specs.values()
    }

    /// The twin of the node that was described as number `index`, from 0.
    pub(crate) fn twin(&self, index: usize) -> TwinHandle {
        let id = self.specs.keys().nth(index).unwrap();
        self.system().twin(*id).unwrap()
    }

    /// The twin of every node, by id.
    pub(crate) fn views(&self) -> BTreeMap<NodeId, Arc<Twin>> {
        let twins = self.system().twins();
        twins.iter().map(|twin| (twin.id(), twin.view())).collect()
    }

    /// The poller of channel number `index`, from 0.
    pub(crate) fn poller(&self, index: u64) -> PollerHandle {
        self.system().poller(channel(index)).unwrap()
    }

    /// From now on, this goes wrong with channel number `index`.
    pub(crate) fn fault(&mut self, index: u64, order: FaultOrder) {
        let bends = order.null_fields || order.odd_values || order.clock_skew_s.is_some();
        if bends {
            self.bent.push(channel(index));
        }
        self.simulator.set_faults(channel(index).0, order).unwrap();
    }

    /// From now on, this goes wrong with every request.
    pub(crate) fn host_fault(&self, order: FaultOrder) {
        self.simulator.set_host_faults(order).unwrap();
    }

    /// From now on every channel is opened by the key alone that each node brings for its own.
    pub(crate) fn make_private(&self) {
        for card in self.simulator.channels() {
            assert!(self.simulator.set_public(card.id, false));
            let reads = |spec: &&NodeSpec| {
                let binding = spec.channel.as_ref();
                binding.is_some_and(|binding| binding.channel_id.0 == card.id)
            };
            for spec in self.specs().filter(reads) {
                let key = card.read_api_key.clone().into();
                self.keys.add(ChannelId(card.id), spec.id, key);
            }
        }
    }

    /// A node brings a key for channel number `index`.
    pub(crate) fn bring_key(&self, index: u64, node: NodeId, key: &str) {
        self.keys.add(channel(index), node, key.into());
    }

    /// From now on, nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        self.wire.set_dead(false);
        self.wire.tell_the_truth();
        self.host_fault(FaultOrder::default());
        for card in self.simulator.channels() {
            if card.faults != FaultOrder::default() {
                self.simulator
                    .set_faults(card.id, FaultOrder::default())
                    .unwrap();
            }
        }
    }

    /// Clears channel number `index`; what was handed out before stays true.
    pub(crate) async fn clear(&mut self, index: u64) {
        let mut rows = self.rows(channel(index)).await;
        let handed_out = self.poller(index).view().last_entry_id;
        rows.retain(|row| handed_out.is_some_and(|newest| row.id <= newest.0));
        self.former.entry(channel(index)).or_default().extend(rows);
        for begun in self.begun_on(channel(index)) {
            *begun = 0;
        }
        self.fault(
            index,
            FaultOrder {
                entry_reset: true,
                ..FaultOrder::default()
            },
        );
    }

    fn begun_on(&mut self, channel: ChannelId) -> impl Iterator<Item = &mut u64> {
        let reads = move |spec: &NodeSpec| {
            let binding = spec.channel.as_ref();
            binding.is_some_and(|binding| binding.channel_id == channel)
        };
        let specs = &self.specs;
        let begun = self.begun.iter_mut();
        begun.filter_map(move |(id, begun)| reads(&specs[id]).then_some(begun))
    }

    /// Remembers from where on a node must have everything.
    fn note_beginning(&mut self, spec: &NodeSpec) {
        let entry = match &spec.channel {
            Some(binding) => self.newest_entry(binding.channel_id),
            None => 0,
        };
        self.begun.insert(spec.id, entry);
        self.specs.insert(spec.id, spec.clone());
    }

    fn newest_entry(&self, channel: ChannelId) -> u64 {
        let cards = self.simulator.channels();
        let card = cards.iter().find(|card| card.id == channel.0).unwrap();
        card.last_entry_id.unwrap_or(0)
    }

    /// How often the simulator says that channel number `index` was read.
    pub(crate) fn reads(&self, index: u64) -> u64 {
        let cards = self.simulator.channels();
        let card = cards.iter().find(|card| card.id == channel(index).0);
        card.unwrap().requests.reads
    }

    /// Creates a node while the service runs.
    pub(crate) async fn create(&mut self, spec: NodeSpec) {
        self.note_beginning(&spec);
        self.shelf().insert(spec.clone()).await.unwrap();
        self.system().create(spec).await.unwrap();
    }

    /// Changes a node while the service runs.
    pub(crate) async fn configure(&mut self, mut spec: NodeSpec) {
        spec.version = self.specs[&spec.id].version + 1;
        self.note_beginning(&spec);
        self.shelf().update(spec.clone()).await.unwrap();
        self.system().configure(spec).await.unwrap();
    }

    /// Removes a node while the service runs.
    pub(crate) async fn remove(&mut self, id: NodeId) {
        self.shelf().remove(id).await.unwrap();
        self.system().remove(id).await.unwrap();
        self.specs.remove(&id);
        self.begun.remove(&id);
    }

    /// Takes note of what somebody else created, changed or removed just now.
    pub(crate) async fn look_at_registry(&mut self) {
        let nodes = self.shelf().nodes().await.unwrap();
        self.specs
            .retain(|id, _| nodes.iter().any(|node| node.id == *id));
        self.begun.retain(|id, _| self.specs.contains_key(id));
        for node in nodes {
            if self.specs.get(&node.id) != Some(&node) {
                self.note_beginning(&node);
            }
        }
    }

    /// Starts the service from what its store holds.
    pub(crate) async fn start(&mut self) {
        assert!(self.life.is_none(), "the service runs already");
        let shelf = Shelf::open(&self.disk.place(self.lives));
        let transport: Arc<dyn Transport> = self.wire.clone();
        let base = BaseUrl::parse(BaseUrl::HOSTED).unwrap();
        let client = ThingSpeak::new(base, transport, Arc::clone(&self.keys));
        let line = Arc::new(Line::new(Arc::new(client)));
        let saved = shelf.load().await.unwrap();
        let ports = Ports {
            feed: line.clone(),
            archive: shelf.clone(),
            clock: self.clock.clone(),
        };
        let nodes = shelf.nodes().await.unwrap();
        let system = System::start(ports, Settings::default(), nodes, saved)
            .await
            .unwrap();
        self.life = Some(Life {
            system,
            shelf,
            line,
        });
    }

    /// Ends the service the way it should end.
    pub(crate) async fn drain(&mut self) -> Drained {
        let life = self.life.take().expect("the service runs");
        let drained = life.system.drain(DRAIN).await;
        life.shelf.close(|| ()).await;
        drained
    }

    /// Ends the service as a power cut does: from one moment to the next, with the files as they lie.
    pub(crate) async fn crash(&mut self) {
        let life = self.life.take().expect("the service runs");
        life.line.cut();
        let (from, to) = (self.disk.place(self.lives), self.disk.place(self.lives + 1));
        life.shelf.close(|| scratch::copy(&from, &to)).await;
        self.lives += 1;
        // Its actors are still there, and reach nothing any more.
        let _left = life.system.drain(Duration::ZERO).await;
    }
}

/// Channel number `index` of the simulator, from 0.
pub(crate) fn channel(index: u64) -> ChannelId {
    ChannelId(Knobs::default().first_channel_id + index)
}
