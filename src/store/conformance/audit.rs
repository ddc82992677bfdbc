//! Laws of the audit: an act and its entry are one, chains are whole however many write, and begin anew
//! where they were cut.

use std::sync::Arc;

use evara_actors::domain::NodeSpec;
use secrecy::SecretString;
use uuid::Uuid;

use super::device_keys::key;
use super::fixtures::{at, node, spec};
use super::{Opened, Site};
use crate::access::{Distributor, DistributorId, Tenant};
use crate::address::{Action, Rule};
use crate::audit::{
    Actor, ActorKind, AuditKeys, Broken, Chain, Cut, Entry, Outcome, Record, Seal, Verified,
    Verifier,
};
use crate::store::{Act, AuditLog, AuditQuery};

pub(crate) const MINE: Chain = Chain(Uuid::from_u128(7));
const OTHER: Chain = Chain(Uuid::from_u128(8));

pub(crate) fn keys() -> Arc<AuditKeys> {
    Arc::new(AuditKeys::derive(&SecretString::from("k".repeat(32)), &[]).unwrap())
}

/// A text that no store likes.
const STRANGE: &str = "लेख \u{0}, \u{e000}0, '\"; --";

fn entry(number: u32) -> Entry {
    let is_odd = number % 2 == 1;
    Entry {
        at: at(number.into()),
        actor: Actor {
            kind: ActorKind::ALL[number as usize % 4],
            id: is_odd.then(|| Uuid::from_u128(number.into())),
            session: is_odd.then(|| Uuid::from_u128(99)),
            address: is_odd.then(|| "192.0.2.7".to_owned()),
            correlation: is_odd.then(|| STRANGE.to_owned()),
        },
        action: format!("thing.do{}", number % 3),
        target: format!("thing/{number}"),
        outcome: Outcome::ALL[number as usize % 2],
        before: is_odd.then(|| STRANGE.to_owned()),
        after: Some(format!("{{\"number\":{number}}}")),
    }
}

fn record(chain: Chain, number: u32) -> Record {
    Record::new(keys(), chain, entry(number))
}

/// What goes with a change that nobody is told of.
pub(crate) fn nothing() -> Act {
    Act::default()
}

pub(crate) fn noted(chain: Chain, number: u32) -> Act {
    Act {
        receipt: None,
        records: vec![record(chain, number)],
    }
}

/// What cannot be written, since there is nothing to bind it with.
pub(crate) fn unwritable() -> Act {
    let unbound = Arc::new(AuditKeys::none());
    Act {
        receipt: None,
        records: vec![Record::new(unbound, MINE, entry(1))],
    }
}

/// Whether a chain is whole, by what the store holds of it.
async fn verified(audit: &dyn AuditLog, chain: Chain) -> Result<Verified, Broken> {
    let keys = keys();
    let held = audit.audit_held(chain).await.unwrap();
    let mut verifier = Verifier::new(&keys, chain, &held.seals, held.cut.as_ref())?;
    let from = held.cut.map_or(0, |cut| cut.seal.head.number);
    let rows = audit.audit_of(chain, from, 1_000).await.unwrap();
    assert_eq!(rows.last().map_or(from, |row| row.link.number), held.last);
    rows.iter().try_for_each(|row| verifier.take(row))?;
    verifier.end(held.head)
}

pub(crate) async fn count(audit: &dyn AuditLog) -> usize {
    let all = audit.audit_page(AuditQuery::default(), 1_000).await;
    all.unwrap().len()
}

/// Nine entries: three of another chain, and six of mine.
async fn nine(site: &dyn Site) -> Arc<dyn AuditLog> {
    let Opened { audit, .. } = site.open().await;
    for number in 1..=9 {
        let chain = if number < 4 { OTHER } else { MINE };
        let written = audit.write_audit(vec![record(chain, number)]);
        written.await.unwrap();
    }
    audit
}

pub(crate) async fn entries_come_back_as_they_were_written_newest_first(site: &dyn Site) {
    drop(nine(site).await);
    let Opened { audit, .. } = site.open().await;
    let any = AuditQuery::default;
    let all = audit.audit_page(any(), 100).await.unwrap();
    let told: Vec<_> = all.iter().map(|listed| listed.row.entry.clone()).collect();
    assert_eq!(told, (1..=9).rev().map(entry).collect::<Vec<_>>());
    assert!(all.is_sorted_by(|newer, older| newer.row.id > older.row.id));
    assert_eq!(audit.audit_page(any(), 2).await.unwrap(), all[..2]);
    assert_eq!(audit.audit_chains().await.unwrap(), [MINE, OTHER]);
    for (chain, entries) in [(OTHER, 3), (MINE, 6)] {
        assert_eq!(verified(&*audit, chain).await.unwrap().entries, entries);
    }
}

/// What is asked, and which of the nine are found.
fn asked(third: i64) -> [(AuditQuery, &'static [i64]); 8] {
    let any = AuditQuery::default;
    let of = |chains: &[Chain]| AuditQuery {
        chains: Some(chains.to_vec()),
        ..any()
    };
    let mine_and_others = AuditQuery {
        before: Some(third),
        ..of(&[MINE, OTHER])
    };
    let by = AuditQuery {
        actor: Some(Uuid::from_u128(5)),
        ..any()
    };
    let to = AuditQuery {
        target: Some("thing/6".to_owned()),
        ..any()
    };
    let what = AuditQuery {
        action: Some("thing.do0".to_owned()),
        ..any()
    };
    let became = AuditQuery {
        outcome: Some(Outcome::Done),
        ..any()
    };
    let when = AuditQuery {
        from: Some(at(4)),
        to: Some(at(7)),
        ..any()
    };
    [
        (of(&[OTHER]), &[3, 2, 1]),
        (of(&[]), &[]),
        (mine_and_others, &[2, 1]),
        (by, &[5]),
        (to, &[6]),
        (what, &[9, 6, 3]),
        (became, &[8, 6, 4, 2]),
        (when, &[6, 5, 4]),
    ]
}

pub(crate) async fn entries_are_found_by_all_that_is_asked_for(site: &dyn Site) {
    let audit = nine(site).await;
    let all = audit.audit_page(AuditQuery::default(), 100).await.unwrap();
    for (query, expected) in asked(all[6].row.id) {
        let found = audit.audit_page(query.clone(), 100).await.unwrap();
        let numbers = found
            .iter()
            .map(|listed| listed.row.entry.at.millis_since(at(0)) / 1_000);
        assert_eq!(numbers.collect::<Vec<_>>(), expected, "{query:?}");
    }
}

/// What is kept of a distributor that somebody renamed.
fn tenant(version: u64, name: &str) -> Tenant {
    Tenant::Distributor(Distributor {
        id: DistributorId(Uuid::from_u128(3)),
        name: name.to_owned(),
        version,
        created_at: at(1),
    })
}

const RULE: Uuid = Uuid::from_u128(1);

/// Adds one of everything, and tells which were added.
async fn begin(opened: &Opened, act: fn() -> Act) -> [bool; 4] {
    let rule = Rule {
        id: RULE,
        network: "10.0.0.0/8".parse().unwrap(),
        action: Action::Allow,
        note: None,
        created_at: at(1),
    };
    let Opened {
        ip_rules,
        tenants,
        receipts,
        device_keys,
        ..
    } = opened;
    [
        receipts.insert_node(spec(1, "a"), act()).await.is_ok(),
        device_keys
            .insert_device_key(key(1, 1), None, act())
            .await
            .is_ok(),
        ip_rules.insert_ip_rule(rule, act()).await.is_ok(),
        tenants.insert_tenant(tenant(1, "one"), act()).await.is_ok(),
    ]
}

/// Changes what can be, and tells what was changed.
async fn change(opened: &Opened, act: fn() -> Act) -> [bool; 2] {
    let next = NodeSpec {
        version: spec(1, "a").version + 1,
        label: "another".to_owned(),
        ..spec(1, "a")
    };
    let Opened {
        receipts, tenants, ..
    } = opened;
    [
        receipts.update_node(next, act()).await.is_ok(),
        tenants.update_tenant(tenant(2, "two"), act()).await.is_ok(),
    ]
}

/// Removes all of it, and tells what was removed.
async fn end(opened: &Opened, act: fn() -> Act) -> [bool; 4] {
    let distributor = tenant(2, "two").id();
    let Opened {
        ip_rules,
        tenants,
        receipts,
        device_keys,
        ..
    } = opened;
    let key = key(1, 1).id;
    [
        device_keys
            .remove_device_key(node(1), key, act())
            .await
            .is_ok(),
        ip_rules.remove_ip_rule(RULE, act()).await.is_ok(),
        tenants.remove_tenant(distributor, 2, act()).await.is_ok(),
        receipts.remove_node(node(1), act()).await.is_ok(),
    ]
}

fn written() -> Act {
    noted(MINE, 2)
}

pub(crate) async fn an_act_that_cannot_be_written_down_does_not_happen(site: &dyn Site) {
    let opened = site.open().await;
    let nothing = opened.tenants.forest().await.unwrap();
    assert_eq!(begin(&opened, unwritable).await, [false; 4]);
    assert_eq!(opened.registry.nodes().await.unwrap(), []);
    assert_eq!(opened.tenants.forest().await.unwrap(), nothing);
    assert_eq!(begin(&opened, written).await, [true; 4]);
    let begun = opened.tenants.forest().await.unwrap();
    assert_eq!(change(&opened, unwritable).await, [false; 2]);
    assert_eq!(opened.registry.nodes().await.unwrap(), [spec(1, "a")]);
    assert_eq!(opened.tenants.forest().await.unwrap(), begun);
    assert_eq!(change(&opened, written).await, [true; 2]);
    assert_eq!(count(&*opened.audit).await, 6, "of what happened alone");
    assert_eq!(verified(&*opened.audit, MINE).await.unwrap().entries, 6);
}

pub(crate) async fn an_end_that_cannot_be_written_down_does_not_happen(site: &dyn Site) {
    let opened = site.open().await;
    assert_eq!(begin(&opened, written).await, [true; 4]);
    assert_eq!(change(&opened, written).await, [true; 2]);
    assert_eq!(end(&opened, unwritable).await, [false; 4]);
    assert_eq!(opened.registry.nodes().await.unwrap().len(), 1);
    assert_eq!(opened.device_keys.device_keys().await.unwrap().len(), 1);
    assert_eq!(opened.ip_rules.ip_rules().await.unwrap().len(), 1);
    assert_eq!(count(&*opened.audit).await, 6, "of what happened alone");
    assert_eq!(end(&opened, written).await, [true; 4]);
    assert_eq!(count(&*opened.audit).await, 10);
    // What finds nothing to be done to is no act.
    assert_eq!(end(&opened, written).await, [false; 4]);
    assert_eq!(verified(&*opened.audit, MINE).await.unwrap().entries, 10);
}

pub(crate) async fn writers_at_the_same_time_make_chains_without_a_gap(site: &dyn Site) {
    let Opened { audit, .. } = site.open().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let audit = Arc::clone(&audit);
        writers.spawn(async move {
            for number in 0..8 {
                // Of both chains, in either order.
                let both = if writer % 2 == 0 {
                    [MINE, OTHER]
                } else {
                    [OTHER, MINE]
                };
                let records = both.map(|chain| record(chain, number)).to_vec();
                audit.write_audit(records).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    for chain in [MINE, OTHER] {
        assert_eq!(verified(&*audit, chain).await.unwrap().entries, 48);
    }
}

pub(crate) async fn a_chain_that_was_cut_begins_at_the_seal_on_it(site: &dyn Site) {
    let Opened { audit, .. } = site.open().await;
    let keys = keys();
    for number in 1..=9 {
        audit.write_audit(vec![record(MINE, number)]).await.unwrap();
        if number % 3 == 0 {
            let unsealed = audit.audit_unsealed().await.unwrap();
            let [unsealed] = unsealed[..] else {
                panic!("{unsealed:?}");
            };
            assert_eq!(
                (unsealed.chain, unsealed.head.number),
                (MINE, number.into())
            );
            let last = unsealed.seal.as_ref();
            let seal = Seal::next(last, &keys, MINE, unsealed.head, at(number.into())).unwrap();
            audit.put_audit_seal(MINE, seal).await.unwrap();
            // Another process may have been as quick.
            audit.put_audit_seal(MINE, seal).await.unwrap();
        }
    }
    assert_eq!(audit.audit_unsealed().await.unwrap(), []);
    assert_eq!(verified(&*audit, MINE).await.unwrap().sealed_up_to, 9);
    let cuttable = async |second, most| {
        let seal = audit.audit_cuttable(MINE, at(second), most).await.unwrap();
        seal.map(|seal| seal.head.number)
    };
    assert_eq!(cuttable(3, 100).await, None, "the third is not old enough");
    assert_eq!(cuttable(4, 100).await, Some(3));
    assert_eq!(cuttable(100, 5).await, Some(3), "a few at a time");
    let all_at_once = "what is between two seals is never too much";
    assert_eq!(cuttable(100, 2).await, Some(3), "{all_at_once}");
    assert_eq!(cuttable(100, 100).await, Some(6), "the newest seal stays");
    let seal = audit.audit_cuttable(MINE, at(100), 100).await.unwrap();
    let cut = Cut::at(&keys, MINE, seal.unwrap()).unwrap();
    assert_eq!(audit.cut_audit(MINE, cut).await.unwrap(), 6);
    let left = verified(&*audit, MINE).await.unwrap();
    assert_eq!((left.entries, left.head.number), (3, 9));
    assert_eq!(cuttable(100, 100).await, None);
    audit.write_audit(vec![record(MINE, 10)]).await.unwrap();
    assert_eq!(verified(&*audit, MINE).await.unwrap().entries, 4);
}
