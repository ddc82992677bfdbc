//! The shelf's devices' keys, rules about addresses, kept answers and tenants: the real store's, away
//! whenever the shelf is.

use evara::access::{Forest, Tenant, TenantId};
use evara::address::Rule;
use evara::store::{
    Act, Begun, Claim, DeviceKey, DeviceKeys, DeviceKeysError, IpRules, IpRulesError, Kept,
    ReceiptName, Receipts, ReceiptsError, Tenants, TenantsError,
};
use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, RegistryError};
use uuid::Uuid;

use super::Shelf;

fn keys_gone(error: RegistryError) -> DeviceKeysError {
    DeviceKeysError::Unavailable(Box::new(error))
}

fn rules_gone(error: RegistryError) -> IpRulesError {
    IpRulesError::Unavailable(Box::new(error))
}

fn receipts_gone(error: RegistryError) -> ReceiptsError {
    ReceiptsError::Unavailable(Box::new(error))
}

impl DeviceKeys for Shelf {
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(keys_gone)?
                .device_keys()
                .await
        })
    }

    fn insert_device_key(
        &self,
        key: DeviceKey,
        community: Option<Uuid>,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async move {
            let store = self.open_store().await.map_err(keys_gone)?;
            store.insert_device_key(key, community, act).await
        })
    }

    fn remove_device_key(
        &self,
        node: NodeId,
        id: Uuid,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async move {
            let store = self.open_store().await.map_err(keys_gone)?;
            store.remove_device_key(node, id, act).await
        })
    }

    fn touch_device_keys(
        &self,
        uses: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async {
            let store = self.open_store().await.map_err(keys_gone)?;
            store.touch_device_keys(uses).await
        })
    }
}

impl IpRules for Shelf {
    fn ip_rules(&self) -> BoxFuture<'_, Result<Vec<Rule>, IpRulesError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(rules_gone)?
                .ip_rules()
                .await
        })
    }

    fn insert_ip_rule(&self, rule: Rule, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        Box::pin(async {
            let store = self.open_store().await.map_err(rules_gone)?;
            store.insert_ip_rule(rule, act).await
        })
    }

    fn remove_ip_rule(&self, id: Uuid, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        Box::pin(async move {
            let store = self.open_store().await.map_err(rules_gone)?;
            store.remove_ip_rule(id, act).await
        })
    }
}

impl Receipts for Shelf {
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(receipts_gone)?
                .begin(claim)
                .await
        })
    }

    fn finish(&self, kept: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(receipts_gone)?
                .finish(kept)
                .await
        })
    }

    fn forget(&self, name: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(receipts_gone)?
                .forget(name)
                .await
        })
    }

    fn forget_older(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, ReceiptsError>> {
        Box::pin(async move {
            let store = self.open_store().await.map_err(receipts_gone)?;
            store.forget_older(before, limit).await
        })
    }

    fn insert_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async { self.open_store().await?.insert_node(spec, act).await })
    }

    fn update_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async { self.open_store().await?.update_node(spec, act).await })
    }

    fn remove_node(&self, id: NodeId, act: Act) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move { self.open_store().await?.remove_node(id, act).await })
    }
}

fn tenants_gone(error: RegistryError) -> TenantsError {
    TenantsError::Unavailable(Box::new(error))
}

impl Tenants for Shelf {
    fn forest(&self) -> BoxFuture<'_, Result<Forest, TenantsError>> {
        Box::pin(async {
            self.open_store()
                .await
                .map_err(tenants_gone)?
                .forest()
                .await
        })
    }

    fn insert_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        Box::pin(async {
            let store = self.open_store().await.map_err(tenants_gone)?;
            store.insert_tenant(tenant, act).await
        })
    }

    fn update_tenant(&self, tenant: Tenant, act: Act) -> BoxFuture<'_, Result<(), TenantsError>> {
        Box::pin(async {
            let store = self.open_store().await.map_err(tenants_gone)?;
            store.update_tenant(tenant, act).await
        })
    }

    fn remove_tenant(
        &self,
        id: TenantId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), TenantsError>> {
        Box::pin(async move {
            let store = self.open_store().await.map_err(tenants_gone)?;
            store.remove_tenant(id, version, act).await
        })
    }
}
