//! Whatever is done to a chain by whoever lacks the secret is found.

use evara_actors::domain::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    Actor, ActorKind, AuditKeys, Broken, Chain, Cut, Entry, Fault, Link, NoSealCopy, Outcome, Row,
    Seal, SealCopy, Verified, Verifier,
};

const CHAIN: Chain = Chain(Uuid::from_u128(7));

fn keys(secret: &str) -> AuditKeys {
    AuditKeys::derive(&SecretString::from(secret), &[]).unwrap()
}

/// A chain as it is kept.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    rows: Vec<Row>,
    seals: Vec<Seal>,
    head: Link,
}

impl Kept {
    fn verified(&self, keys: &AuditKeys) -> Result<Verified, Broken> {
        let mut verifier = Verifier::new(keys, CHAIN, &self.seals, None)?;
        self.rows.iter().try_for_each(|row| verifier.take(row))?;
        verifier.end(self.head)
    }
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-z]{0,3}")
}

fn entry() -> impl Strategy<Value = Entry> {
    let actor = (0..3_u8, prop::option::of(0..4_u128), text(), text());
    (
        0..1_000_i64,
        actor,
        "[a-z]{1,4}",
        "[a-z]{1,4}",
        any::<bool>(),
        text(),
        text(),
    )
        .prop_map(
            |(at, (kind, id, address, correlation), action, target, denied, before, after)| Entry {
                at: Timestamp::from_millis(at),
                actor: Actor {
                    kind: [ActorKind::Person, ActorKind::Device, ActorKind::Stranger]
                        [usize::from(kind)],
                    id: id.map(Uuid::from_u128),
                    session: None,
                    address,
                    correlation,
                },
                action,
                target,
                outcome: if denied {
                    Outcome::Denied
                } else {
                    Outcome::Done
                },
                before,
                after,
            },
        )
}

/// A chain of which every third entry was sealed, and the last.
fn kept() -> impl Strategy<Value = Kept> {
    prop::collection::vec(entry(), 2..12).prop_map(|entries| {
        let keys = keys("the secret");
        let (mut rows, mut seals, mut head) = (Vec::new(), Vec::<Seal>::new(), Link::GENESIS);
        let last = entries.len();
        for (entry, number) in entries.into_iter().zip(1..) {
            let id = number as i64 + 7;
            head = head.next(&keys, CHAIN, id, &entry).unwrap();
            rows.push(Row {
                id,
                link: head,
                entry,
            });
            if number % 3 == 0 || number == last {
                let at = Timestamp::from_secs(number as i64);
                seals.push(Seal::next(seals.last(), &keys, CHAIN, head, at).unwrap());
            }
        }
        Kept { rows, seals, head }
    })
}

/// Something that whoever can write to the database may do.
#[derive(Debug, Clone)]
enum Tampering {
    Rewrite(Index, Entry),
    Rename(Index, i64),
    /// With a MAC of a secret of their own, over all that follows.
    Forge(Index, Entry),
    CutOut(Index),
    CutOff(Index),
    Swap(Index, Index),
    Double(Index),
    Renumber(Index, Index),
    FlipMac(Index, usize),
    DropSeal(Index),
    FlipSeal(Index, usize),
    MoveSeal(Index, i64),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<Index>;
    prop_oneof![
        (index(), entry()).prop_map(|(at, entry)| Tampering::Rewrite(at, entry)),
        (index(), entry()).prop_map(|(at, entry)| Tampering::Forge(at, entry)),
        (index(), 0..20_i64).prop_map(|(at, id)| Tampering::Rename(at, id)),
        index().prop_map(Tampering::CutOut),
        index().prop_map(Tampering::CutOff),
        (index(), index()).prop_map(|(one, other)| Tampering::Swap(one, other)),
        index().prop_map(Tampering::Double),
        (index(), index()).prop_map(|(one, other)| Tampering::Renumber(one, other)),
        (index(), 0..256_usize).prop_map(|(at, bit)| Tampering::FlipMac(at, bit)),
        index().prop_map(Tampering::DropSeal),
        (index(), 0..256_usize).prop_map(|(at, bit)| Tampering::FlipSeal(at, bit)),
        (index(), -9..9_i64).prop_map(|(at, by)| Tampering::MoveSeal(at, by)),
    ]
}

fn flip(mac: &mut [u8; 32], bit: usize) {
    mac[bit / 8] ^= 1 << (bit % 8);
}

fn tampered(mut kept: Kept, tampering: Tampering) -> Kept {
    let rows = &mut kept.rows;
    let (length, seals) = (rows.len(), kept.seals.len());
    match tampering {
        Tampering::Rewrite(at, entry) => rows[at.index(length)].entry = entry,
        Tampering::Rename(at, id) => rows[at.index(length)].id = id,
        Tampering::Forge(at, entry) => {
            let (at, own) = (at.index(length), keys("a guess"));
            rows[at].entry = entry;
            for place in at..length {
                let before = place
                    .checked_sub(1)
                    .map_or(Link::GENESIS, |it| rows[it].link);
                rows[place].link = before
                    .next(&own, CHAIN, rows[place].id, &rows[place].entry)
                    .unwrap();
            }
            kept.head = rows[length - 1].link;
        }
        Tampering::CutOut(at) => drop(rows.remove(at.index(length))),
        Tampering::CutOff(at) => {
            rows.truncate(at.index(length));
            // The head can be put back: a link of the past is as true as it was.
            kept.head = rows.last().map_or(Link::GENESIS, |row| row.link);
        }
        Tampering::Swap(one, other) => rows.swap(one.index(length), other.index(length)),
        Tampering::Double(at) => {
            let row = rows[at.index(length)].clone();
            rows.insert(at.index(length), row);
        }
        Tampering::Renumber(one, other) => {
            rows[one.index(length)].link.number = other.index(length + 1) as u64;
        }
        Tampering::FlipMac(at, bit) => flip(&mut rows[at.index(length)].link.mac.mac, bit),
        Tampering::DropSeal(at) => drop(kept.seals.remove(at.index(seals))),
        Tampering::FlipSeal(at, bit) => flip(&mut kept.seals[at.index(seals)].mac.mac, bit),
        Tampering::MoveSeal(at, by) => {
            let seal = &mut kept.seals[at.index(seals)];
            seal.at = Timestamp::from_millis(seal.at.millis() + by);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_chain_that_nobody_touched_is_whole(kept in kept()) {
        let verified = kept.verified(&keys("the secret")).unwrap();
        prop_assert_eq!(verified.entries, kept.rows.len() as u64);
        prop_assert_eq!(verified.sealed_up_to, verified.entries);
        prop_assert!(kept.verified(&keys("another one")).is_err());
    }

    #[test]
    fn whatever_was_changed_cut_or_moved_is_found(kept in kept(), tampering in tampering()) {
        let is_last_seal = matches!(
            &tampering, Tampering::DropSeal(at) if at.index(kept.seals.len()) + 1 == kept.seals.len()
        );
        // Nothing in the database tells that its newest seal was ever there: the log does.
        prop_assume!(!is_last_seal);
        let after = tampered(kept.clone(), tampering);
        let is_same = after == kept;
        prop_assert_eq!(after.verified(&keys("the secret")).is_ok(), is_same);
    }

    #[test]
    fn a_chain_whose_front_was_taken_begins_at_the_seal_on_it(kept in kept(), cut in any::<Index>()) {
        let keys = keys("the secret");
        let cut = cut.index(kept.seals.len());
        let after = &kept.seals[cut + 1..];
        let cut = Cut::at(&keys, CHAIN, kept.seals[cut]).unwrap();
        let left = usize::try_from(cut.seal.head.number).unwrap();
        let verify = |from: usize| {
            let mut verifier = Verifier::new(&keys, CHAIN, after, Some(&cut))?;
            kept.rows[from..].iter().try_for_each(|row| verifier.take(row))?;
            verifier.end(kept.head)
        };
        prop_assert!(verify(left).is_ok());
        let own = Cut::at(&self::keys("a guess"), CHAIN, cut.seal).unwrap();
        prop_assert!(Verifier::new(&keys, CHAIN, after, Some(&own)).is_err(), "anybody may cut");
        if left < kept.rows.len() {
            prop_assert!(verify(left + 1).is_err(), "more was taken than was sealed");
        }
    }
}

/// `count` entries of one chance.
fn entries(count: usize) -> Vec<Entry> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let entries = prop::collection::vec(entry(), count..=count);
    entries.new_tree(&mut runner).unwrap().current()
}

#[test]
fn entries_from_before_ids_were_bound_are_proven_and_newer_ones_never_pass_for_such() {
    let keys = keys("the secret");
    let mut head = Link::GENESIS;
    let rows = entries(4).into_iter().zip(1..).map(|(entry, id)| {
        head = match id {
            1 | 2 => head.next_without_id(&keys, CHAIN, &entry),
            _ => head.next(&keys, CHAIN, id, &entry),
        }
        .unwrap();
        Row {
            id,
            link: head,
            entry,
        }
    });
    let kept = Kept {
        rows: rows.collect(),
        seals: Vec::new(),
        head,
    };
    for (row, is_bound) in [(0, false), (1, false), (2, true), (3, true)] {
        let mut renamed = kept.clone();
        renamed.rows[row].id += 100;
        assert_eq!(renamed.verified(&keys).is_err(), is_bound, "row {row}");
        let mut rewritten = kept.clone();
        rewritten.rows[row].entry.target.push('!');
        assert!(rewritten.verified(&keys).is_err(), "row {row}");
    }
}

proptest! {
    #[test]
    fn what_no_seal_covers_is_found_once_it_is_due(kept in kept(), left in any::<Index>(), due in 0..1_001_i64) {
        let keys = keys("the secret");
        let due = Timestamp::from_millis(due);
        let left = left.index(kept.seals.len());
        let seals = &kept.seals[..left];
        let mut verifier = Verifier::new(&keys, CHAIN, seals, None).unwrap().demanding(due);
        let found = kept.rows.iter().try_for_each(|row| verifier.take(row));
        let sealed = seals.last().map_or(0, |seal| seal.head.number);
        let first = kept.rows.iter().find(|row| row.link.number > sealed && row.entry.at < due);
        let fault = |row: &Row| Broken { number: row.link.number, fault: Fault::Unsealed };
        prop_assert_eq!(found.err(), first.map(fault));
    }

    #[test]
    fn a_copy_of_a_seal_is_read_as_it_was_written(number: u64, chain: u128, mac: [u8; 32]) {
        let copy = SealCopy { chain: Chain(Uuid::from_u128(chain)), number, mac };
        prop_assert_eq!(copy.to_string().parse(), Ok(copy));
    }

    #[test]
    fn garbage_is_no_copy_of_a_seal(text in "\\PC{0,120}") {
        prop_assert_eq!(text.parse::<SealCopy>(), Err(NoSealCopy));
    }
}

#[test]
fn the_first_entry_that_is_wrong_is_named() {
    let keys = keys("the secret");
    let mut head = Link::GENESIS;
    let rows = entries(5).into_iter().map(|entry| {
        head = head.next(&keys, CHAIN, 7, &entry).unwrap();
        Row {
            id: 7,
            link: head,
            entry,
        }
    });
    let mut rows: Vec<_> = rows.collect();
    rows[2].entry.target.push('!');
    let kept = Kept {
        rows,
        seals: Vec::new(),
        head,
    };
    let broken = Broken {
        number: 3,
        fault: Fault::Altered,
    };
    assert_eq!(kept.verified(&keys), Err(broken));
}

#[test]
fn what_is_bound_with_a_key_that_is_not_given_is_not_said_to_be_altered() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let kept = kept().prop_filter("some entry", |kept| !kept.rows.is_empty());
    let kept = kept.new_tree(&mut runner).unwrap().current();
    let unsealed = Kept {
        seals: Vec::new(),
        ..kept.clone()
    };
    let id = kept.rows[0].link.mac.key;
    for kept in [kept, unsealed] {
        let broken = kept.verified(&keys("another one")).unwrap_err();
        assert_eq!(broken.fault, Fault::UnknownKey(id));
        let named: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(broken.to_string().contains(&named), "{broken}");
        let both = AuditKeys::derive(
            &SecretString::from("another one"),
            &[SecretString::from("the secret")],
        )
        .unwrap();
        assert!(kept.verified(&both).is_ok());
    }
}
