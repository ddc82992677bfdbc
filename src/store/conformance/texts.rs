//! Laws of texts: whatever people write, a store gives it back to the byte.

use evara_actors::domain::{Maintenance, NodeSpec};
use uuid::Uuid;

use super::accounts::nobody;
use super::device_keys::key;
use super::fixtures::{at, node, spec};
use super::{Opened, Site};
use crate::access::{Distributor, DistributorId, Tenant};
use crate::naughty::texts;
use crate::store::{Account, AccountName, Act, DeviceKey};

/// The longest that a name may be which no two have.
const LONGEST_KEY: usize = 64;

/// Every text, by a number of its own.
fn numbered() -> Vec<(u128, String)> {
    (1_000..).zip(texts()).collect()
}

fn node_of((number, text): &(u128, String)) -> NodeSpec {
    let is_short = text.chars().count() <= LONGEST_KEY;
    let own = format!("n-{number}");
    NodeSpec {
        label: text.clone(),
        location_name: Some(text.clone()),
        tags: [(text.clone(), text.clone())].into(),
        maintenance: Some(Maintenance {
            until: at(99),
            reason: text.clone(),
        }),
        ..spec(*number, if is_short { text } else { &own })
    }
}

pub(crate) async fn whatever_is_written_of_a_node_comes_back_to_the_byte(site: &dyn Site) {
    let written: Vec<_> = numbered().iter().map(node_of).collect();
    {
        let Opened { registry, .. } = site.open().await;
        for spec in &written {
            registry.insert(spec.clone()).await.unwrap();
        }
    }
    let Opened { registry, .. } = site.open().await;
    assert_eq!(registry.nodes().await.unwrap(), written);
}

pub(crate) async fn whatever_is_written_of_others_comes_back_to_the_byte(site: &dyn Site) {
    let numbered = numbered();
    let Opened {
        registry,
        tenants,
        accounts,
        device_keys,
        ..
    } = site.open().await;
    for (number, text) in &numbered {
        let distributor = Distributor {
            id: DistributorId(Uuid::from_u128(*number)),
            name: text.clone(),
            created_at: at(1),
            version: 1,
        };
        let distributor = Tenant::Distributor(distributor);
        tenants
            .insert_tenant(distributor, Act::default())
            .await
            .unwrap();
        let account = Account {
            name: text.clone(),
            ..nobody(*number)
        };
        accounts
            .insert_account(account, Act::default())
            .await
            .unwrap();
        registry
            .insert(spec(*number, &number.to_string()))
            .await
            .unwrap();
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(&number.to_be_bytes());
        let key = DeviceKey {
            id: Uuid::from_u128(*number),
            name: Some(text.clone()),
            digest,
            ..key(0, *number)
        };
        device_keys
            .insert_device_key(key, None, Act::default())
            .await
            .unwrap();
    }
    let forest = tenants.forest().await.unwrap();
    let keys = device_keys.device_keys().await.unwrap();
    for (number, text) in numbered {
        let id = Uuid::from_u128(number);
        assert_eq!(forest.distributors[&DistributorId(id)].name, text);
        let account = accounts.account(AccountName::Id(nobody(number).id));
        assert_eq!(account.await.unwrap().unwrap().name, text);
        let key = keys.iter().find(|key| key.node == node(number)).unwrap();
        assert_eq!(key.name.as_ref(), Some(&text));
    }
}
