//! Laws of changing the key: what was sealed opens before, meanwhile and after, and the old key is given up
//! in the end alone.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeSpec};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use super::accounts::{nobody, user};
use super::fixtures::{at, binding, node, spec};
use super::receipts::{begun, kept, name};
use super::{Opened, Site};
use crate::store::{
    Account, AccountName, Act, Authenticator, ChannelSecrets, Rekeying, SealedTable,
};

fn reading(id: u128) -> NodeSpec {
    NodeSpec {
        channel: Some(binding(5)),
        ..spec(id, &format!("node-{id}"))
    }
}

async fn set(secrets: &dyn ChannelSecrets, id: u128, key: &str) {
    let key = SecretString::from(key);
    secrets
        .set_read_key(ChannelId(5), node(id), &key)
        .await
        .unwrap();
}

async fn read_keys(secrets: &dyn ChannelSecrets) -> Vec<String> {
    let keys = secrets.read_keys().await.unwrap();
    keys.iter()
        .map(|it| it.key.expose_secret().to_owned())
        .collect()
}

fn with_seed(account: Account, seed: &[u8]) -> Account {
    let authenticator = Authenticator {
        seed: SecretSlice::from(seed.to_vec()),
        is_confirmed: true,
        last_step: None,
        recovery: Vec::new(),
    };
    Account {
        authenticator: Some(authenticator),
        ..account
    }
}

/// One of each that is sealed.
async fn one_of_each(opened: &Opened) {
    opened.registry.insert(reading(1)).await.unwrap();
    set(&*opened.secrets, 1, "read key").await;
    let account = with_seed(nobody(1), b"seed");
    opened
        .accounts
        .insert_account(account, Act::default())
        .await
        .unwrap();
    let receipts = &*opened.receipts;
    begun(receipts, name(1, "a"), 1, at(1)).await;
    receipts.finish(kept(name(1, "a"), "answer")).await.unwrap();
}

async fn assert_each(opened: &Opened) {
    assert_eq!(read_keys(&*opened.secrets).await, ["read key"]);
    let account = opened.accounts.account(AccountName::Id(user(1))).await;
    let authenticator = account.unwrap().unwrap().authenticator.unwrap();
    assert_eq!(authenticator.seed.expose_secret(), b"seed");
    let answer = begun(&*opened.receipts, name(1, "a"), 1, at(2)).await;
    assert_eq!(answer, "answer");
}

/// Seals all anew, `limit` at a time, and tells how many that were.
async fn rekey_all(rekeying: &dyn Rekeying, limit: u32) -> usize {
    let mut all = 0;
    for table in SealedTable::ALL {
        let mut after = None;
        loop {
            let rekeyed = rekeying.rekey(table, after, limit).await.unwrap();
            assert!(rekeyed.unopened.is_empty(), "{:?}", rekeyed.unopened);
            all += rekeyed.done;
            after = rekeyed.last;
            if after.is_none() {
                break;
            }
        }
    }
    all
}

async fn beside(site: &dyn Site, letters: &str) -> Arc<dyn Rekeying> {
    site.beside(letters).await.unwrap()
}

async fn refused(site: &dyn Site, letters: &str) -> String {
    site.open_with(letters).await.err().expect("a refusal")
}

pub(crate) async fn a_new_key_takes_the_place_of_the_one_before(site: &dyn Site) {
    one_of_each(&site.open_with("a").await.unwrap()).await;
    {
        let opened = site.open_with("ba").await.unwrap();
        assert_each(&opened).await;
        let rekeying = beside(site, "ba").await;
        assert_eq!(rekeying.settle().await.unwrap(), 3);
        assert_eq!(rekey_all(&*rekeying, 1).await, 3);
        assert_eq!(rekeying.settle().await.unwrap(), 0);
        assert_each(&opened).await;
    }
    let old = refused(site, "a").await;
    assert!(old.contains("another SECRET_KEY"), "{old}");
    assert_each(&site.open_with("b").await.unwrap()).await;
    assert!(site.open_with("bx").await.is_ok(), "a key too many");
}

pub(crate) async fn a_change_that_is_cut_off_goes_on_where_it_stood(site: &dyn Site) {
    {
        let opened = site.open_with("a").await.unwrap();
        for id in 1..=7 {
            opened.registry.insert(reading(id)).await.unwrap();
            set(&*opened.secrets, id, "kept").await;
        }
    }
    drop(site.open_with("ba").await.unwrap());
    let rekeying = beside(site, "ba").await;
    let begun = rekeying.rekey(SealedTable::ReadKeys, None, 3).await;
    assert_eq!(begun.unwrap().done, 3);
    drop(rekeying);
    let too_soon = refused(site, "b").await;
    assert!(too_soon.contains("SECRET_KEY_OLD"), "{too_soon}");
    refused(site, "a").await;
    {
        let opened = site.open_with("ba").await.unwrap();
        assert_eq!(read_keys(&*opened.secrets).await, ["kept"; 7]);
    }
    let rekeying = beside(site, "ba").await;
    assert_eq!(rekeying.settle().await.unwrap(), 4);
    assert_eq!(rekey_all(&*rekeying, 3).await, 4);
    assert_eq!(rekey_all(&*rekeying, 3).await, 0);
    assert_eq!(rekeying.settle().await.unwrap(), 0);
    drop(rekeying);
    let opened = site.open_with("b").await.unwrap();
    assert_eq!(read_keys(&*opened.secrets).await, ["kept"; 7]);
}

pub(crate) async fn nothing_is_sealed_anew_before_a_service_has_the_key(site: &dyn Site) {
    one_of_each(&site.open_with("a").await.unwrap()).await;
    for letters in ["ba", "b"] {
        let early = site.beside(letters).await.expect_err("no service has it");
        assert!(early.contains("no service"), "{early}");
    }
    assert_each(&site.open_with("a").await.unwrap()).await;
    drop(site.open_with("ba").await.unwrap());
    let rekeying = beside(site, "ba").await;
    drop(site.open_with("cba").await.unwrap());
    assert!(
        rekeying.settle().await.is_err(),
        "the key is another by now"
    );
}

pub(crate) async fn what_is_written_meanwhile_stays(site: &dyn Site) {
    const NODES: u128 = 20;
    {
        let opened = site.open_with("a").await.unwrap();
        for id in 1..=NODES {
            opened.registry.insert(reading(id)).await.unwrap();
            set(&*opened.secrets, id, "before").await;
            let account = with_seed(nobody(id), b"before");
            opened
                .accounts
                .insert_account(account, Act::default())
                .await
                .unwrap();
        }
    }
    let opened = site.open_with("ba").await.unwrap();
    let rekeying = beside(site, "ba").await;
    let write = async {
        for id in 1..=NODES {
            set(&*opened.secrets, id, "after").await;
            let found = opened.accounts.account(AccountName::Id(user(id))).await;
            let found = found.unwrap().unwrap();
            let version = found.version + 1;
            let account = with_seed(Account { version, ..found }, b"after");
            opened
                .accounts
                .update_account(account, Act::default())
                .await
                .unwrap();
        }
    };
    let (_, _) = tokio::join!(write, rekey_all(&*rekeying, 1));
    rekey_all(&*rekeying, 100).await;
    assert_eq!(rekeying.settle().await.unwrap(), 0);
    assert_eq!(read_keys(&*opened.secrets).await, ["after"; NODES as usize]);
    for account in opened.accounts.accounts_after(None, 100).await.unwrap() {
        let authenticator = account.authenticator.unwrap();
        assert_eq!(authenticator.seed.expose_secret(), b"after");
    }
}
