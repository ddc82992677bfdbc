//! The composition root: what the service is made of, and in which order it starts and ends.
//!
//! Started from the mouth of a reading's path to its source, with the socket claimed before anything
//! else; drained from the source. Holds no truth, and decides nothing that a part could decide.

pub mod accounts;
pub mod audit;
mod chores;
pub mod clock;
pub mod database;
mod descriptors;
pub mod device_keys;
mod furnish;
mod gather;
pub mod identity;
pub mod ip_rules;
pub mod kept;
mod keys;
pub mod listener;
mod months;
pub mod nodes;
pub mod office;
pub mod readings;
pub mod rotation;
pub mod stats;
mod store;
pub mod tenancy;
mod upkeep;
pub(crate) mod zones;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use evara_actors::domain::NodeSpec;
use evara_actors::ingest::GateSettings;
use evara_actors::ports::{Clock, Ownership};
use evara_actors::system::{Drained, Ports, Settings, System};
use evara_actors::tree::Failure;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};

use crate::audit::AuditKeyError;
use crate::config::{Config, SecretError};
use crate::http::{AppState, Edge, service, starting};
use crate::store::SecretKeyError;
use crate::thingspeak::{HttpTransport, Keyring, ThingSpeak};
use accounts::Accounts;
use audit::Audit;
use chores::Chores;
use furnish::Parts;
use gather::GatherError;
use keys::brought;
use listener::{HeaderNames, Limits, Listener};
use months::Months;
use store::{Place, Store};
use upkeep::{Tools, Upkeep};
use zones::Zones;

/// Platforms send SIGKILL 30 s after SIGTERM.
pub const GRACE: Duration = Duration::from_secs(25);

/// The share of it that requests in hand get; none takes longer than six seconds.
const REQUESTS_WITHIN: Duration = Duration::from_secs(8);

/// The share of sockets, each of which is told a last word and is not waited for.
const SOCKETS_WITHIN: Duration = Duration::from_secs(2);

/// A running service.
#[derive(Debug)]
pub struct App {
    state: AppState,
    system: Arc<System>,
    ownership: Arc<dyn Ownership>,
    listener: Listener,
    upkeep: Upkeep,
    chores: Chores,
    has_people: bool,
    _months: Months,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no room for clients.
    #[error(transparent)]
    Descriptors(#[from] descriptors::TooFew),
    /// The address is taken.
    #[error(transparent)]
    Bind(#[from] listener::BindError),
    /// The socket is no use.
    #[error("the socket cannot be used")]
    Socket(#[source] std::io::Error),
    /// A secret could not be made.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret key is no key.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    /// Nobody's tokens could be proven.
    #[error(transparent)]
    Tokens(#[from] accounts::TokensError),
    /// Nothing could be written down of what is done.
    #[error(transparent)]
    Audit(#[from] AuditKeyError),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// The store opened and cannot be read.
    #[error("what is stored in {place} cannot be loaded")]
    Load {
        /// The directory of the embedded store, or that it is PostgreSQL.
        place: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The feed cannot be asked.
    #[error(transparent)]
    Feed(#[from] crate::thingspeak::SetupError),
    /// The twin system did not come up.
    #[error("the twin system did not start")]
    System(#[from] evara_actors::system::StartError),
}

impl App {
    /// Starts the service as `config` says: when this returns, it is ready, and every twin is live.
    ///
    /// It is spoken to before. `/health/live` is answered at once; what is known of nodes, once their twins
    /// are back from the store. What is pushed or changed until the end is refused as `unavailable`, and
    /// `/health/ready` is the last to come.
    ///
    /// # Errors
    /// When a part does not start; those before it are gone then.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let shares = descriptors::share(config.live.room)?;
        let socket = listener::bind(config.http.bind).await?;
        let border = config.border.build();
        let door = Arc::new(ArcSwap::new(starting(border.clone())));
        let listener =
            listen(socket, shares.connections, Arc::clone(&door)).map_err(StartError::Socket)?;
        let store = Store::open(config).await?;
        let keyring = Arc::new(Keyring::new(config.thingspeak.api_key.clone()));
        let (system, specs) = prepare_system(config, &store, &keyring, &clock).await?;
        let late_hours = Arc::default();
        let parts = Parts {
            config,
            store: &store,
            system: &system,
            clock: &clock,
            room: shares.room,
        };
        let state = parts.furnish(keyring, border, &late_hours).await?;
        let has_people = state.accounts.are_there_any().await;
        let has_people = has_people.map_err(|error| loading(config, error))?;
        door.store(service(state.clone()));
        let back = gather::bring_back(&system, &*store.archive, specs).await;
        back.map_err(|error| match error {
            GatherError::Archive(source) => loading(config, source),
            GatherError::System(source) => source.into(),
        })?;
        system.launch().await?;
        let upkeep = Upkeep::start(Tools {
            store: store.rolling,
            clock: Arc::clone(&clock),
            system: Arc::clone(&system),
            raw_age: config.history.raw_age,
            late_hours,
        });
        let keys = Arc::clone(&state.device_keys);
        let chores = Chores::start(keys, store.receipts, store.people, Arc::clone(&clock));
        // The embedded store has one process, and nobody else to follow.
        if store.postgres.is_some() {
            chores.follow(state.tenancy.clone());
        }
        chores.seal(state.audit.clone(), state.tenancy.clone());
        chores.bring_zones(Zones {
            system: Arc::clone(&system),
            nodes: state.nodes.clone(),
            tenancy: state.tenancy.clone(),
            witness: state.audit.console(),
        });
        Ok(Self {
            state,
            system,
            ownership: store.ownership,
            listener,
            upkeep,
            chores,
            has_people,
            _months: Months::start(store.postgres, clock),
        })
    }

    /// Where it is reached.
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Who signs in, and whom they invite.
    pub fn accounts(&self) -> &Accounts {
        &self.state.accounts
    }

    /// Who did what.
    pub fn audit(&self) -> &Audit {
        &self.state.audit
    }

    /// Whether anybody could sign in when it started.
    pub const fn has_people(&self) -> bool {
        self.has_people
    }

    /// The twins.
    pub const fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// Waits for a failure that the twin system cannot heal by itself, or for another process that took
    /// over: the process should end then, and the platform decide.
    pub async fn failed(&self) -> Failure {
        tokio::select! {
            failure = self.system.failed() => failure,
            epoch = self.ownership.lost() => Failure::fenced(epoch),
        }
    }

    /// Ends in good order: requests in hand are answered, pollers stopped, twins drained, everything
    /// written, all of it within [`GRACE`]. Tells what could not be written.
    pub async fn drain(&self) -> Drained {
        let deadline = Instant::now() + GRACE;
        self.state.drain();
        if !self.listener.drain(REQUESTS_WITHIN).await {
            tracing::warn!("some requests were not answered before the end");
        }
        if timeout_at(
            deadline.min(Instant::now() + SOCKETS_WITHIN),
            self.state.left(),
        )
        .await
        .is_err()
        {
            tracing::warn!("some sockets did not hear that the service ends");
        }
        // A change that was begun is ended even though nobody waits for it any more.
        let _unfinished = timeout_at(deadline, self.state.nodes.drained()).await;
        let _unfinished = timeout_at(deadline, self.state.tenancy.drained()).await;
        // Each waits for the store, which may be away: side by side. The audit is sealed when the last refusal is in it.
        let written_down = async {
            self.state.refusals().end().await;
            self.chores.end().await;
        };
        tokio::join!(self.upkeep.drain(), written_down);
        let left = deadline.saturating_duration_since(Instant::now());
        let drained = self.system.drain(left).await;
        if !drained.is_complete() {
            let reason = self.system.persistence().reason.unwrap_or_default();
            tracing::error!(
                records = drained.records,
                twins = drained.twins,
                reason,
                "not everything was written: none of it was acknowledged, and what was polled will be polled again"
            );
        }
        drained
    }
}

/// The twin system without a twin yet, and the nodes whose twins are to be brought back.
async fn prepare_system(
    config: &Config,
    store: &Store,
    keyring: &Arc<Keyring>,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<System>, Vec<NodeSpec>), StartError> {
    // Before anything is read: what the owner before writes from now on is refused.
    let epoch = store.ownership.claim().await;
    let epoch = epoch.map_err(|error| loading(config, error))?;
    tracing::info!(epoch = epoch.0, "the store is ours to write");
    // Whatever is asked of the store, there is nobody else who could write between.
    let (nodes, cursors, keys) = tokio::join!(
        store.registry.nodes(),
        store.archive.cursors(),
        store.secrets.read_keys()
    );
    let nodes = nodes.map_err(|error| loading(config, error))?;
    let cursors = cursors.map_err(|error| loading(config, error))?;
    keyring.follow(brought(keys.map_err(|error| loading(config, error))?));
    let url = config.thingspeak.url.clone();
    let transport = Arc::new(HttpTransport::reaching(&url)?);
    let ports = Ports {
        feed: Arc::new(ThingSpeak::new(url, transport, Arc::clone(keyring))),
        archive: Arc::clone(&store.archive),
        clock: Arc::clone(clock),
    };
    let settings = Settings {
        writers: store.writers(),
        replay: config.live.replay,
        tick: config.live.tick,
        before_telling: crate::failpoint::before_telling,
        gate: GateSettings {
            channel: config.thingspeak.channel_budget,
            ..GateSettings::default()
        },
    };
    Ok((System::prepare(ports, settings, cursors).await?, nodes))
}

fn loading(
    config: &Config,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StartError {
    StartError::Load {
        place: Place(&config.store.database).to_string(),
        source: source.into(),
    }
}

/// Has requests answered by whoever is behind the door when they come.
fn listen(
    socket: TcpListener,
    connections: usize,
    door: Arc<ArcSwap<Edge>>,
) -> std::io::Result<Listener> {
    let limits = Limits {
        connections,
        ..Limits::default()
    };
    let answer = move |request, from| door.load_full().answer(request, from);
    Listener::start_within(limits, socket, HeaderNames::Lower, answer)
}
