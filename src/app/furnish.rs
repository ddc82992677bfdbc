//! What requests are answered from, put together: all that is small, and read before the first twin comes back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use evara_actors::ports::Clock;
use evara_actors::system::System;

use super::accounts;
use super::audit::Audit;
use super::clock::SystemClock;
use super::database::Database;
use super::device_keys::DeviceKeyring;
use super::ip_rules::AddressRules;
use super::keys::Keys;
use super::nodes::Nodes;
use super::store::Store;
use super::tenancy::Tenancy;
use super::{StartError, loading};
use crate::audit::AuditKeys;
use crate::config::Config;
use crate::http::{AppState, Border, CursorKey, Inside, Room};
use crate::limits::{Limits, Shared};
use crate::thingspeak::Keyring;

/// Where everything stands, as the store has it.
pub(super) async fn tenants(config: &Config, store: &Store) -> Result<Tenancy, StartError> {
    let tenancy = Tenancy::over(Arc::clone(&store.tenants));
    let read = tenancy.refresh().await;
    read.map_err(|error| loading(config, error))?;
    Ok(tenancy)
}

/// What everything else is made of.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a Store,
    pub(super) system: &'a Arc<System>,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// How many may listen.
    pub(super) room: Room,
}

impl Parts<'_> {
    /// The state behind the face.
    pub(super) async fn furnish(
        &self,
        keyring: Arc<Keyring>,
        border: Border,
        late_hours: &Arc<AtomicU64>,
    ) -> Result<AppState, StartError> {
        let (config, store) = (self.config, self.store);
        let tenancy = tenants(config, store).await?;
        // People and their tokens live in real time, also where water does not.
        let real: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let people = Arc::clone(&store.people);
        let accounts = accounts::open(config, people, &real, tenancy.clone())?;
        let secret_key = config.secret_key.obtain()?;
        let keys = AuditKeys::derive(&secret_key, &config.old_secret_keys)?;
        let (archive, history) = store.past();
        let (primary, replica) = (store.postgres.clone(), store.replica.clone());
        Ok(AppState::new(Inside {
            system: Arc::clone(self.system),
            archive,
            history,
            nodes: self.nodes(keyring),
            database: Database::new(primary, replica, Arc::clone(late_hours)),
            clock: Arc::clone(self.clock),
            device_keys: self.device_keys().await?,
            receipts: Arc::clone(&store.receipts),
            ip_rules: self.ip_rules(&border).await?,
            limits: Limits::new(config.quotas).sharing(config.redis.as_ref().map(Shared::through)),
            border,
            room: self.room,
            cursor_key: CursorKey::derive(&secret_key),
            identities: Arc::new(accounts.clone()),
            accounts,
            audit: Audit::new(keys, Arc::clone(&store.audit), real),
            tenancy,
            version: env!("CARGO_PKG_VERSION"),
        }))
    }

    fn nodes(&self, keyring: Arc<Keyring>) -> Nodes {
        let store = self.store;
        Nodes::new(
            Arc::clone(self.system),
            Arc::clone(&store.registry),
            Arc::clone(&store.receipts),
            Arc::new(Keys::new(Arc::clone(&store.secrets), keyring)),
            Arc::clone(self.clock),
        )
    }

    async fn device_keys(&self) -> Result<Arc<DeviceKeyring>, StartError> {
        let keys = Arc::clone(&self.store.device_keys);
        let keys = DeviceKeyring::new(keys, Arc::clone(self.clock));
        let read = keys.load().await;
        read.map_err(|error| loading(self.config, error))?;
        Ok(Arc::new(keys))
    }

    async fn ip_rules(&self, border: &Border) -> Result<Arc<AddressRules>, StartError> {
        let (rules, gate) = (Arc::clone(&self.store.ip_rules), border.gate().clone());
        let rules = AddressRules::new(rules, gate, Arc::clone(self.clock));
        let read = rules.load().await;
        read.map_err(|error| loading(self.config, error))?;
        Ok(Arc::new(rules))
    }
}
