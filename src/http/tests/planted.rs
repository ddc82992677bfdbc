//! Tenants in memory, as strict as a store is.

use std::sync::{Arc, Mutex};

use evara_actors::ports::BoxFuture;

use super::memory::Memory;
use super::people::Rooms;
use super::scene::Scene;
use crate::access::{Forest, Tenant, TenantId};
use crate::app::kept::Act;
use crate::app::tenancy::{Tenants, TenantsError};

/// See the module.
#[derive(Debug)]
pub(super) struct MemoryForest {
    forest: Mutex<Forest>,
    answers: Arc<Memory>,
}

impl MemoryForest {
    pub(super) fn new(answers: Arc<Memory>) -> Self {
        Self {
            forest: Mutex::default(),
            answers,
        }
    }
}

impl Scene {
    /// Has all of `forest` be there, too.
    pub(super) async fn plant(&self, forest: Forest) {
        for tenant in from_the_root(forest) {
            self.state
                .tenancy
                .add(tenant, Act::default())
                .await
                .unwrap();
        }
    }
}

impl Rooms {
    /// Has what people may stand at be where they are kept, too.
    pub(super) async fn house(&self, forest: Forest) {
        let plans = std::collections::BTreeMap::new();
        for tenant in from_the_root(Forest { plans, ..forest }) {
            let added = self.store.insert_tenant(tenant, Act::default());
            added.await.unwrap();
        }
    }
}

/// Each tenant after what it hangs on.
fn from_the_root(forest: Forest) -> impl Iterator<Item = Tenant> {
    let plans = forest.plans.into_values().map(Tenant::Plan);
    let distributors = forest.distributors.into_values().map(Tenant::Distributor);
    let communities = forest.communities.into_values().map(Tenant::Community);
    let customers = forest.customers.into_values().map(Tenant::Customer);
    plans
        .chain(distributors)
        .chain(communities)
        .chain(customers)
}

impl Tenants for MemoryForest {
    fn forest(&self) -> BoxFuture<'_, Result<Forest, TenantsError>> {
        let forest = self.forest.lock().unwrap().clone();
        Box::pin(async { Ok(forest) })
    }

    fn insert_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let mut forest = self.forest.lock().unwrap();
        let outcome = if is_name_taken(&forest, &tenant) {
            Err(TenantsError::NameTaken)
        } else if forest.check(&tenant).is_err() {
            Err(TenantsError::NoParent)
        } else {
            forest.put(tenant);
            self.answers.keep_all(act);
            Ok(())
        };
        Box::pin(async { outcome })
    }

    fn update_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        let mut forest = self.forest.lock().unwrap();
        let outcome = match forest.get(tenant.id()) {
            None => Err(TenantsError::NotFound),
            Some(before) if before.version() + 1 != tenant.version() => {
                Err(TenantsError::VersionMoved)
            }
            Some(_) if is_name_taken(&forest, &tenant) => Err(TenantsError::NameTaken),
            Some(_) if forest.check(&tenant).is_err() => Err(TenantsError::NoParent),
            Some(_) => {
                forest.put(tenant);
                self.answers.keep_all(act);
                Ok(())
            }
        };
        Box::pin(async { outcome })
    }

    fn remove_tenant(
        &self,
        id: TenantId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), TenantsError>> {
        let mut forest = self.forest.lock().unwrap();
        let outcome = match forest.get(id) {
            None => Err(TenantsError::NotFound),
            Some(before) if before.version() != version => Err(TenantsError::VersionMoved),
            Some(_) if forest.check_without(id).is_err() => Err(TenantsError::StillUsed),
            Some(_) => {
                forest.take(id);
                self.answers.keep_all(act);
                Ok(())
            }
        };
        Box::pin(async { outcome })
    }
}

fn is_name_taken(forest: &Forest, tenant: &Tenant) -> bool {
    let Tenant::Plan(plan) = tenant else {
        return false;
    };
    let mut others = forest.plans.values();
    others.any(|other| other.name == plan.name && other.id != plan.id)
}
