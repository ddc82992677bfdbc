//! The house rules that no lint can say: who may know whom, and how large a file may be.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folders`, with its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "nothing below {folders:?}");
    found
}

/// The lines that are code, and not in a file's tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    body.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn assert_never(folders: &[&str], words: &[&str], why: &str) {
    for (name, text) in sources(folders) {
        if name.contains("tests") || name.contains("laws") {
            continue;
        }
        for line in code(&text) {
            for word in words {
                assert!(!line.contains(word), "{name}: `{word}` {why}:\n{line}");
            }
        }
    }
}

/// What a pure file must not name.
const IMPURE: &[&str] = &[
    "tokio",
    "ractor",
    "tracing",
    ".await",
    "async ",
    "SystemTime",
    "Instant",
    "rand::",
    "std::env",
    "std::fs",
    "std::net",
    "Mutex",
    "panic!",
    "unwrap()",
    "println!",
];

#[test]
fn the_pure_core_names_no_runtime_no_clock_and_no_chance() {
    let pure = [
        "actors/src/domain",
        "actors/src/water",
        "actors/src/normalise",
        "actors/src/twin/apply.rs",
        "actors/src/twin/calendar.rs",
        "actors/src/twin/derive.rs",
        "actors/src/twin/event.rs",
        "actors/src/twin/judge.rs",
        "actors/src/twin/property.rs",
        "actors/src/twin/slots.rs",
        "actors/src/twin/snapshot.rs",
        "actors/src/twin/state.rs",
        "actors/src/twin/status.rs",
        "actors/src/twin/window.rs",
        "actors/src/ingest/breaker.rs",
        "actors/src/ingest/cadence.rs",
        "actors/src/ingest/cursor.rs",
        "actors/src/ingest/limiter.rs",
        "actors/src/tree/restart.rs",
        "actors/src/watchers/broadcast/fold.rs",
        "actors/src/watchers/broadcast/log.rs",
        "actors/src/watchers/broadcast/update.rs",
        "src/access",
        "src/audit",
        "src/auth/lockout.rs",
        "src/auth/password/rules.rs",
        "src/auth/token/candidate.rs",
        "src/auth/token/claims.rs",
        "src/auth/token/compact.rs",
        "src/auth/token/header.rs",
        "src/auth/token/json.rs",
        "src/auth/token/jwks/held.rs",
        "src/auth/token/jwks/set.rs",
        "src/history/aggregate.rs",
        "src/history/grid.rs",
        "src/history/lttb.rs",
        "src/history/plan.rs",
        "src/history/register.rs",
        "src/history/retention.rs",
        "src/history/select.rs",
        "src/history/summary.rs",
        "src/http/live/asked.rs",
        "src/http/live/asyncapi.rs",
        "src/http/live/frame.rs",
        "src/http/live/said.rs",
        "src/http/live/step.rs",
        "src/http/live/topic.rs",
        "src/http/live/watch.rs",
    ];
    assert_never(&pure, IMPURE, "has no place in a pure file");
    // The fleet draws its chances from a seed: its randomness is data.
    let seeded: Vec<_> = IMPURE
        .iter()
        .copied()
        .filter(|word| *word != "rand::")
        .collect();
    assert_never(
        &["src/simulator/fleet"],
        &seeded,
        "has no place in a pure file",
    );
}

#[test]
fn the_domain_knows_nobody() {
    let others = [
        "crate::ingest",
        "crate::normalise",
        "crate::twin",
        "crate::tree",
        "crate::ports",
    ];
    assert_never(&["actors/src/domain"], &others, "is further down the path");
}

#[test]
fn the_twin_system_knows_no_http_no_sql_and_no_environment() {
    let outside = [
        "axum", "hyper", "reqwest", "rusqlite", "SELECT ", "std::env", "http::",
    ];
    assert_never(&["actors/src"], &outside, "belongs to the service");
}

#[test]
fn no_adapter_knows_another() {
    let adapters = ["thingspeak", "store", "simulator", "http"];
    for adapter in adapters {
        let others: Vec<_> = adapters
            .iter()
            .filter(|other| **other != adapter)
            .map(|other| format!("crate::{other}"))
            .collect();
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        assert_never(&[&format!("src/{adapter}")], &others, "is another adapter");
    }
}

#[test]
fn only_configuration_reads_the_environment() {
    for (name, text) in sources(&["src", "actors/src"]) {
        let reads = code(&text).any(|line| line.contains("env::var"));
        assert!(
            !reads || name.starts_with("src/config/"),
            "{name} reads the environment"
        );
    }
}

/// Longer files hold more than one idea.
const MOST_LINES: usize = 400;

#[test]
fn every_file_says_what_it_is_and_holds_one_idea() {
    for (name, text) in sources(&["src", "actors/src", "tests", "benches", "examples"]) {
        assert!(
            text.starts_with("//!"),
            "{name} does not begin with what it is"
        );
        let lines = text
            .split("#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        assert!(
            lines <= MOST_LINES,
            "{name} has {lines} lines without its tests"
        );
    }
}
