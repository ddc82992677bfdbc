//! Which key is sent, and to whom what it opens is told.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::Opened;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::*;

const POND: ChannelId = ChannelId(1);
const WELL: ChannelId = ChannelId(2);

fn node(number: u128) -> NodeId {
    NodeId(Uuid::from_u128(number))
}

fn sent(keyring: &Keyring, channel: ChannelId) -> Option<String> {
    let key = keyring.key_for(channel);
    key.map(|key| key.expose_secret().to_owned())
}

fn opened(keyring: &Keyring, key: &str) -> Option<Opened> {
    keyring.opened(POND, Some(&key.into()))
}

fn by_keys_of(nodes: &[u128]) -> Option<Opened> {
    let nodes = nodes.iter().map(|number| node(*number)).collect();
    Some(Opened::ByKeysOf(Arc::new(nodes)))
}

#[test]
fn a_channel_is_asked_with_its_own_key_and_others_with_the_fallback() {
    let keyring = Keyring::new(Some("FALLBACK".into()));
    keyring.set(POND, "OLD".into());
    keyring.set(POND, "OWN".into());
    assert_eq!(sent(&keyring, POND).as_deref(), Some("OWN"));
    assert_eq!(sent(&keyring, WELL).as_deref(), Some("FALLBACK"));
    keyring.remove(POND);
    assert_eq!(sent(&keyring, POND).as_deref(), Some("FALLBACK"));
}

#[test]
fn a_key_that_is_refused_gives_its_turn_to_the_next() {
    let keyring = Keyring::default();
    keyring.add(POND, node(1), "FIRST".into());
    keyring.add(POND, node(2), "SECOND".into());
    keyring.add(POND, node(3), "FIRST".into());
    assert_eq!(sent(&keyring, POND).as_deref(), Some("FIRST"));
    keyring.refused(POND, Some(&"FIRST".into()));
    assert_eq!(sent(&keyring, POND).as_deref(), Some("SECOND"));
    keyring.refused(POND, Some(&"FIRST".into()));
    assert_eq!(sent(&keyring, POND).as_deref(), Some("SECOND"));
}

#[test]
fn who_brings_no_key_that_opens_the_channel_is_not_among_those_it_is_opened_to() {
    let keyring = Keyring::default();
    keyring.add(POND, node(1), "RIGHT".into());
    keyring.add(POND, node(2), "WRONG".into());
    assert_eq!(opened(&keyring, "RIGHT"), by_keys_of(&[1]));
    keyring.refused(POND, Some(&"WRONG".into()));
    assert_eq!(opened(&keyring, "RIGHT"), by_keys_of(&[1]));
    keyring.add(POND, node(3), "RIGHT".into());
    assert_eq!(opened(&keyring, "RIGHT"), by_keys_of(&[1, 3]));
}

#[test]
fn every_new_key_is_tried_and_those_that_open_the_channel_take_turns() {
    let keyring = Keyring::default();
    for (number, key) in [(1, "A"), (2, "B"), (3, "WRONG")] {
        keyring.add(POND, node(number), key.into());
    }
    let mut tried = Vec::new();
    while let Some(key) = keyring.untried(POND) {
        tried.push(key.expose_secret().to_owned());
        if tried.last().unwrap() == "WRONG" {
            keyring.refused(POND, Some(&key));
        } else {
            keyring.opened(POND, Some(&key));
        }
    }
    assert_eq!(tried, ["A", "B", "WRONG"]);
    let first = sent(&keyring, POND).unwrap();
    assert_eq!(opened(&keyring, &first), by_keys_of(&[1, 2]));
    let second = sent(&keyring, POND).unwrap();
    assert_ne!(first, second);
    // A key that was good once is found out when it is its turn.
    keyring.refused(POND, Some(&second.as_str().into()));
    let left = if first == "A" { 1 } else { 2 };
    assert_eq!(opened(&keyring, &first), by_keys_of(&[left]));
}

#[test]
fn a_key_that_nobody_brought_opens_the_channel_to_all() {
    let keyring = Keyring::new(Some("FALLBACK".into()));
    assert_eq!(opened(&keyring, "FALLBACK"), Some(Opened::ToAll));
    assert_eq!(keyring.opened(POND, None), Some(Opened::ToAll));
    keyring.add(POND, node(1), "OWN".into());
    assert_eq!(opened(&keyring, "OWN"), by_keys_of(&[1]));
    assert!(keyring.untried(POND).is_none(), "the fallback waits");
    assert_eq!(opened(&keyring, "FALLBACK"), Some(Opened::ToAll));
}

#[test]
fn what_a_key_opened_that_was_taken_back_meanwhile_is_for_nobody() {
    let keyring = Keyring::default();
    assert_eq!(opened(&keyring, "GONE"), None);
    keyring.add(POND, node(1), "NEW".into());
    assert_eq!(opened(&keyring, "GONE"), None);
}

#[test]
fn what_works_is_still_known_after_others_came_and_went() {
    let keyring = Keyring::new(Some("FALLBACK".into()));
    let keys = |keys: &[&str]| {
        let keys = keys.iter().zip(1..);
        let keys = keys.map(|(key, number)| (POND, node(number), (*key).into()));
        keys.collect::<Vec<_>>()
    };
    keyring.follow(keys(&["WRONG", "RIGHT"]));
    keyring.refused(POND, Some(&"WRONG".into()));
    assert_eq!(opened(&keyring, "RIGHT"), by_keys_of(&[2]));
    keyring.follow(keys(&["NEW", "WRONG", "RIGHT"]));
    assert_eq!(sent(&keyring, POND).as_deref(), Some("RIGHT"));
    assert_eq!(opened(&keyring, "RIGHT"), by_keys_of(&[3]));
    keyring.follow(keys(&["NEW"]));
    keyring.refused(POND, Some(&"FALLBACK".into()));
    assert_eq!(sent(&keyring, POND).as_deref(), Some("NEW"));
    keyring.follow(Vec::new());
    assert_eq!(sent(&keyring, POND).as_deref(), Some("FALLBACK"));
}

#[test]
fn an_empty_key_is_no_key() {
    let keyring = Keyring::new(Some(" ".into()));
    keyring.set(POND, "OWN".into());
    keyring.set(POND, "".into());
    assert_eq!(sent(&keyring, POND), None);
}

#[test]
fn what_is_printed_of_a_keyring_holds_no_key() {
    let keyring = Keyring::new(Some("CANARY".into()));
    keyring.set(POND, "CANARY".into());
    assert_eq!(
        format!("{keyring:?}"),
        "Keyring { channels: 1, has_fallback: true }"
    );
}
