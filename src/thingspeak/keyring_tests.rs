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

fn by_keys_of(nodes: &[u128]) -> Option<Opened> {
    let nodes = nodes.iter().map(|number| node(*number)).collect();
    Some(Opened::ByKeysOf(Arc::new(nodes)))
}

/// A keyring to which nodes 1, 2, 3 and so on brought these keys for the pond.
fn brought(fallback: Option<&str>, keys: &[&str]) -> Keyring {
    let keyring = Keyring::new(fallback.map(SecretString::from));
    for (number, key) in (1..).zip(keys) {
        keyring.add(POND, node(number), (*key).into());
    }
    keyring
}

/// Asks once where only the requests in `right` open the channel. With what, `-` for no key, and to whom it opened.
fn asked(keyring: &Keyring, channel: ChannelId, right: &[&str]) -> (String, Option<Opened>) {
    let (mut tries, mut names, mut opened) = (Tries::default(), Vec::new(), None);
    while let Some(key) = keyring.next(channel, &mut tries, opened.as_ref()) {
        let name = key.as_ref().map_or("-", |key| key.expose_secret());
        names.push(name.to_owned());
        match right.contains(&name) {
            true => opened = keyring.opened(channel, &key).or(opened),
            false => keyring.refused(channel, &key),
        }
    }
    (names.join(" "), opened)
}

#[test]
fn a_channel_for_which_nobody_brought_a_key_is_asked_with_the_fallback_alone() {
    let keyring = brought(Some("FALLBACK"), &["OWN"]);
    let private = asked(&keyring, POND, &["OWN"]);
    assert_eq!(private, ("- FALLBACK OWN".into(), by_keys_of(&[1])));
    let open = asked(&keyring, WELL, &["FALLBACK"]);
    assert_eq!(open, ("FALLBACK".into(), Some(Opened::ToAll)));
    let closed = asked(&keyring, WELL, &["OWN"]);
    assert_eq!(closed, ("FALLBACK".into(), None));
}

#[test]
fn a_public_channel_is_everybodys_whatever_keys_are_brought_for_it() {
    let keyring = brought(None, &["A", "B"]);
    for _ in 0..3 {
        let any = asked(&keyring, POND, &["-", "A", "B"]);
        assert_eq!(any, ("-".into(), Some(Opened::ToAll)));
    }
}

#[test]
fn what_the_operators_key_opens_is_everybodys_whatever_keys_are_brought_for_it() {
    let keyring = brought(Some("FALLBACK"), &["A"]);
    let both = ["FALLBACK", "A"];
    assert_eq!(
        asked(&keyring, POND, &both),
        ("- FALLBACK".into(), Some(Opened::ToAll))
    );
    assert_eq!(
        asked(&keyring, POND, &both),
        ("FALLBACK".into(), Some(Opened::ToAll))
    );
}

#[test]
fn a_channel_that_was_made_private_is_opened_only_by_keys_that_open_it_since() {
    let keyring = brought(None, &["WRONG", "RIGHT"]);
    let public = asked(&keyring, POND, &["-", "WRONG", "RIGHT"]);
    assert_eq!(public.1, Some(Opened::ToAll));
    assert_eq!(asked(&keyring, POND, &["RIGHT"]), ("-".into(), None));
    let private = asked(&keyring, POND, &["RIGHT"]);
    assert_eq!(private, ("- WRONG RIGHT".into(), by_keys_of(&[2])));
}

#[test]
fn a_public_channel_that_refuses_once_is_everybodys_all_the_same() {
    let keyring = brought(None, &["ANY"]);
    for _ in 0..3 {
        let whole = asked(&keyring, POND, &["-", "ANY"]);
        assert_eq!(whole, ("-".into(), Some(Opened::ToAll)));
        assert_eq!(asked(&keyring, POND, &["ANY"]), ("-".into(), None));
    }
}

#[test]
fn what_a_key_opened_on_a_public_channel_does_not_count_once_it_is_private() {
    let keyring = brought(None, &["WRONG", "RIGHT"]);
    // Somebody's first request without a key was lost, so that the keys were asked with.
    for key in ["WRONG", "RIGHT"] {
        keyring.opened(POND, &Some(key.into()));
    }
    keyring.opened(POND, &None);
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).1, None);
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).1, by_keys_of(&[2]));
}

/// How many asks it takes until a channel that any key opens is everybody's.
fn asks_until_it_is_everybodys(keyring: &Keyring, keys: &[&str]) -> Option<usize> {
    let all: Vec<_> = ["-"].iter().chain(keys).copied().collect();
    (1..=300).find(|_| asked(keyring, POND, &all).1 == Some(Opened::ToAll))
}

#[test]
fn a_channel_that_was_made_public_is_everybodys_within_an_hours_asks() {
    let keyring = brought(Some("FALLBACK"), &["RIGHT", "WRONG"]);
    let private = asked(&keyring, POND, &["RIGHT"]);
    assert_eq!(private, ("- FALLBACK RIGHT WRONG".into(), by_keys_of(&[1])));
    // That is seen once more soon.
    let asks: Vec<_> = (0..4)
        .map(|_| asked(&keyring, POND, &["RIGHT"]).0)
        .collect();
    assert_eq!(asks, ["RIGHT", "RIGHT", "RIGHT WRONG", "- FALLBACK RIGHT"]);
    let until = asks_until_it_is_everybodys(&keyring, &["FALLBACK", "RIGHT", "WRONG"]);
    assert_eq!(until, Some(240));
}

#[test]
fn a_public_channel_that_refused_the_first_ask_is_everybodys_soon() {
    let keyring = brought(None, &["ANY"]);
    assert_eq!(asked(&keyring, POND, &["ANY"]).1, by_keys_of(&[1]));
    assert_eq!(asks_until_it_is_everybodys(&keyring, &["ANY"]), Some(4));
}

#[test]
fn a_channel_that_nothing_opened_is_everybodys_as_soon_as_it_is_public() {
    let keyring = brought(None, &["WRONG"]);
    assert_eq!(asked(&keyring, POND, &[]), ("- WRONG".into(), None));
    let public = asked(&keyring, POND, &["-", "WRONG"]);
    assert_eq!(public, ("-".into(), Some(Opened::ToAll)));
}

#[test]
fn a_key_that_is_refused_gives_its_turn_to_the_next() {
    let keyring = brought(None, &["FIRST", "SECOND", "FIRST"]);
    assert_eq!(
        asked(&keyring, POND, &["FIRST", "SECOND"]).1,
        by_keys_of(&[1, 2, 3])
    );
    // It is found out when it is its turn: here within two asks.
    let until = (1..=2).find(|_| asked(&keyring, POND, &["SECOND"]).1 == by_keys_of(&[2]));
    assert!(until.is_some());
    let (sent, opened) = asked(&keyring, POND, &["SECOND"]);
    assert!(sent.starts_with("SECOND"), "{sent}");
    assert_eq!(opened, by_keys_of(&[2]));
}

#[test]
fn who_brings_no_key_that_opens_the_channel_is_not_among_those_it_is_opened_to() {
    let keyring = brought(None, &["RIGHT", "WRONG"]);
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).1, by_keys_of(&[1]));
    keyring.add(POND, node(3), "RIGHT".into());
    assert_eq!(
        asked(&keyring, POND, &["RIGHT"]),
        ("RIGHT".into(), by_keys_of(&[1, 3]))
    );
}

#[test]
fn every_new_key_is_tried_once_and_those_that_open_the_channel_take_turns() {
    let keyring = brought(None, &["A", "B", "WRONG", "C"]);
    let right = ["A", "B", "C"];
    let first = asked(&keyring, POND, &right);
    assert_eq!(first, ("- A B WRONG".into(), by_keys_of(&[1, 2])));
    assert_eq!(asked(&keyring, POND, &right).1, by_keys_of(&[1, 2, 4]));
    // What was refused at first is tried once more soon, and then not for long.
    let turns: Vec<_> = (0..10).map(|_| asked(&keyring, POND, &right).0).collect();
    let turns = &turns[4..];
    for key in right {
        assert!(turns.iter().any(|it| it == key), "{turns:?}");
    }
    let others = turns.iter().filter(|it| !right.contains(&it.as_str()));
    assert_eq!(others.count(), 0, "{turns:?}");
}

#[test]
fn an_ask_is_so_many_requests_at_most() {
    let wrong = ["A", "B", "C", "D", "E", "F", "G"];
    let keyring = brought(Some("FALLBACK"), &wrong);
    let asks: Vec<_> = (0..4).map(|_| asked(&keyring, POND, &[]).0).collect();
    let requests: Vec<_> = asks.iter().map(|ask| ask.split(' ').count()).collect();
    assert_eq!(requests, [2 + 3 + 2, 2 + 2 + 2, 2 + 2, 2 + 2], "{asks:?}");
}

#[test]
fn what_was_not_tried_in_one_ask_is_in_the_next() {
    let keyring = brought(Some("FALLBACK"), &["A", "B", "C", "D", "E", "F", "RIGHT"]);
    let first = asked(&keyring, POND, &["RIGHT"]);
    assert_eq!(first, ("- FALLBACK A B C D E".into(), None));
    let next = asked(&keyring, POND, &["RIGHT"]);
    assert_eq!(next, ("- FALLBACK F RIGHT".into(), by_keys_of(&[7])));
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).0, "RIGHT");
}

#[test]
fn the_operators_key_from_a_node_is_refused_once() {
    let keyring = brought(Some("SAME"), &["SAME", "RIGHT"]);
    let first = asked(&keyring, POND, &["RIGHT"]);
    assert_eq!(first, ("- SAME RIGHT".into(), by_keys_of(&[2])));
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).0, "RIGHT");
}

#[test]
fn what_a_key_opened_that_was_taken_back_meanwhile_is_for_nobody() {
    let keyring = Keyring::default();
    let gone = Some("GONE".into());
    assert_eq!(keyring.opened(POND, &gone), None);
    keyring.add(POND, node(1), "NEW".into());
    assert_eq!(keyring.opened(POND, &gone), None);
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
    assert_eq!(asked(&keyring, POND, &["RIGHT"]).1, by_keys_of(&[2]));
    keyring.follow(keys(&["NEW", "WRONG", "RIGHT"]));
    assert_eq!(
        asked(&keyring, POND, &["RIGHT"]),
        ("NEW RIGHT".into(), by_keys_of(&[3]))
    );
    keyring.follow(keys(&["NEW"]));
    assert_eq!(asked(&keyring, POND, &["FALLBACK"]).1, Some(Opened::ToAll));
    assert_eq!(asked(&keyring, POND, &["FALLBACK"]).0, "FALLBACK");
    keyring.follow(Vec::new());
    assert_eq!(asked(&keyring, POND, &["FALLBACK"]).0, "FALLBACK");
}

#[test]
fn an_empty_key_is_no_key() {
    let keyring = Keyring::new(Some(" ".into()));
    for blank in ["", "\t"] {
        keyring.add(POND, node(1), blank.into());
    }
    assert_eq!(
        asked(&keyring, POND, &["-"]),
        ("-".into(), Some(Opened::ToAll))
    );
}

#[test]
fn what_is_printed_of_a_keyring_holds_no_key() {
    let keyring = Keyring::new(Some("CANARY".into()));
    keyring.add(POND, node(1), "CANARY".into());
    assert_eq!(
        format!("{keyring:?}"),
        "Keyring { channels: 1, has_fallback: true }"
    );
}
