//! `evara audit verify`: a process of its own, beside one that has the store.

use std::process::Command;

use super::scene::{ONE, Scene};
use crate::binary::eventually;
use crate::harness::Scratch;
use crate::program::{Caller, Program, password};

/// What the program told of the audit.
struct Told {
    is_done: bool,
    /// A line a chain, cut at its tabs.
    chains: Vec<Vec<String>>,
    talk: String,
}

fn verify(settings: &[(&str, String)], seals: &[&str]) -> Told {
    let output = Command::new(env!("CARGO_BIN_EXE_evara"))
        .args(["audit", "verify"])
        .args(seals.iter().flat_map(|seal| ["--seal", seal]))
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let cut = |line: &str| line.split('\t').map(str::to_owned).collect();
    Told {
        is_done: output.status.success(),
        chains: lines.lines().map(cut).collect(),
        talk: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Told {
    fn is_whole(&self) -> bool {
        let is_whole = self.chains.iter().all(|chain| chain[1] == "whole");
        assert_eq!(is_whole, self.is_done, "{}", self.talk);
        is_whole
    }

    /// What is wrong with the first of the two chains.
    fn fault(&self) -> &str {
        assert_eq!(self.chains[0][0], ONE.0.to_string());
        self.fault_of(0)
    }

    fn fault_of(&self, chain: usize) -> &str {
        assert!(!self.is_whole());
        &self.chains[chain][2]
    }
}

/// What is done to the first chain, what is said of it where copies of its seals are given, and where not.
struct Crime {
    statements: &'static [&'static str],
    with_copies: &'static str,
    without: Option<&'static str>,
}

const CRIMES: [Crime; 4] = [
    Crime {
        statements: &["UPDATE audit SET id = id + 1000 WHERE chain = {chain} AND number = 5"],
        with_copies: "entry 5: the entry is not what was written",
        without: Some("entry 5: the entry is not what was written"),
    },
    Crime {
        statements: &["DELETE FROM audit_seals WHERE chain = {chain} AND number > 2"],
        with_copies: "entry 7: the seal 4, which was copied out, is gone",
        without: Some("entry 7: no seal covers the entry"),
    },
    Crime {
        statements: &[
            "DELETE FROM audit WHERE chain = {chain} AND number > 6",
            "DELETE FROM audit_seals WHERE chain = {chain} AND number > 2",
            "UPDATE audit_chains SET (number, key, mac) = (SELECT number, key, mac FROM audit
                WHERE chain = {chain} AND number = 6) WHERE chain = {chain}",
        ],
        with_copies: "entry 7: the seal 4, which was copied out, is gone",
        without: None,
    },
    Crime {
        statements: &[
            "DELETE FROM audit WHERE chain = {chain}",
            "DELETE FROM audit_seals WHERE chain = {chain}",
            "DELETE FROM audit_chains WHERE chain = {chain}",
        ],
        with_copies: "entry 1: the seal 4, which was copied out, is gone",
        without: None,
    },
];

async fn proven(scene: Scene) {
    let good = verify(&scene.settings, &[]);
    assert!(good.is_whole(), "{}", good.talk);
    let found: Vec<_> = good.chains.iter().map(|chain| chain[2].as_str()).collect();
    assert_eq!(found, ["12 entries, sealed up to 12"; 2]);
    let seals: Vec<_> = good.chains.iter().map(|chain| chain[3].as_str()).collect();
    let copies: Vec<_> = scene.copies.iter().map(ToString::to_string).collect();
    assert_eq!(seals, copies);
    assert!(verify(&scene.settings, &seals).is_whole());
    for crime in CRIMES {
        for statement in crime.statements {
            let statement = statement.replace("{chain}", &scene.shell.id(ONE.0));
            assert!(scene.shell.run(&statement).await > 0, "{statement}");
        }
        let told = verify(&scene.settings, &seals);
        assert!(
            told.fault().starts_with(crime.with_copies),
            "{}",
            told.fault()
        );
        let told = verify(&scene.settings, &[]);
        match crime.without {
            Some(fault) => assert!(told.fault().starts_with(fault), "{}", told.fault()),
            None => assert!(told.is_whole(), "{}", crime.with_copies),
        }
        scene.undo().await;
    }
    let other = copies[0].replace(":4:", ":3:");
    let told = verify(&scene.settings, &[&other]);
    assert_eq!(
        told.fault(),
        "entry 9: the seal 3 is not the one that was copied out"
    );
}

#[tokio::test]
async fn an_embedded_store_is_proven_beside_whoever_has_it() {
    proven(Scene::embedded().await).await;
}

#[tokio::test]
async fn postgresql_is_proven_beside_whoever_has_it() {
    proven(Scene::on_a_server().await).await;
}

#[tokio::test]
async fn what_is_no_copy_of_a_seal_is_refused_by_name() {
    let whole = format!("{}:1:{}", ONE.0, "0f".repeat(32));
    for text in [
        "",
        "7",
        &whole[1..],
        &whole[..whole.len() - 1],
        &whole.replace(":1:", ":-1:"),
        &format!("{whole}:1"),
        &whole.replace("0f", "0g"),
    ] {
        let told = verify(&[], &[text]);
        assert!(!told.is_done);
        let named = "--seal <CHAIN:NUMBER:MAC>";
        assert!(told.talk.contains(named), "{text}: {}", told.talk);
    }
}

/// How many entries the service's own chain has, and up to which it is sealed.
fn counts(settings: &[(&str, String)]) -> [u64; 2] {
    let told = verify(settings, &[]);
    assert!(told.is_whole(), "{}", told.talk);
    let numbers = told.chains[0][2].split(|letter: char| !letter.is_ascii_digit());
    let numbers: Vec<_> = numbers.filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().unwrap()
}

#[tokio::test]
async fn the_audit_of_a_service_is_proven_while_it_runs_and_sealed_when_it_starts_again() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let key = "a-secret-key-that-is-long-enough-for-this";
    let settings = [("SECRET_KEY", key.to_owned()), ("EVARA_DATA", data.clone())];
    let password = password(&["--data", &data], &[("SECRET_KEY", key)]);
    assert_eq!(counts(&settings), [1, 1], "who made the account sealed it");
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--data", &data];
    let serve = || Program::start_with(&arguments, &[("SECRET_KEY", key)]);
    let mut program = serve();
    let line = program.line_with("http://");
    Caller::of(&line, &password).await;
    let [entries, sealed] = counts(&settings);
    assert!(entries > sealed && sealed == 1, "{entries} {sealed}");
    // Killed: it seals nothing at its end.
    drop(program);
    assert_eq!(counts(&settings), [entries, sealed]);
    let mut program = serve();
    program.line_with("http://");
    eventually("what was left is sealed", async || {
        counts(&settings) == [entries; 2]
    })
    .await;
    program.terminate().await;
    let wrong = [("SECRET_KEY", key.repeat(2)), ("EVARA_DATA", data)];
    let told = verify(&wrong, &[]);
    assert!(told.fault_of(0).contains("SECRET_KEY_OLD"), "{}", told.talk);
}
