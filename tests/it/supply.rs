//! The bans and floors of `deny.toml`, held without cargo-deny, which wants a network.

use std::collections::BTreeMap;
use std::process::Command;

use super::tidy::root;

fn read(name: &str) -> toml::Table {
    std::fs::read_to_string(root().join(name))
        .unwrap()
        .parse()
        .unwrap()
}

fn bans(kind: &str) -> Vec<(String, Option<String>)> {
    let deny = read("deny.toml");
    let list = deny["bans"][kind].as_array().unwrap();
    let spec = |entry: &toml::Value| {
        let text = entry["crate"].as_str().unwrap();
        match text.split_once('@') {
            Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
            None => (text.to_owned(), None),
        }
    };
    list.iter().map(spec).collect()
}

/// Every crate that some build of ours contains, on any target, with its version.
fn built() -> Vec<(String, String)> {
    let tree = [
        "tree",
        "--workspace",
        "--target",
        "all",
        "--edges",
        "normal,build,dev",
    ];
    let output = Command::new(env!("CARGO"))
        .args(tree)
        .args([
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--locked",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split_whitespace().next()?.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map(|part| part.parse().unwrap()).collect()
}

#[test]
fn no_banned_crate_is_built_and_none_is_older_than_its_floor() {
    let (built, bans) = (built(), bans("deny"));
    assert!(
        built.len() > 100 && bans.len() > 5,
        "read {} crates",
        built.len()
    );
    for (name, version) in &built {
        for (banned, below) in bans.iter().filter(|(banned, _)| banned == name) {
            let floor = below
                .as_ref()
                .map(|below| numbers(below.trim_start_matches('<')));
            let allowed = floor.is_some_and(|floor| numbers(version) >= floor);
            assert!(allowed, "{name} {version} is banned: {banned} {below:?}");
        }
    }
}

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let lock = read("Cargo.lock");
    let mut versions = BTreeMap::<&str, Vec<&str>>::new();
    for package in lock["package"].as_array().unwrap() {
        let (name, version) = (&package["name"], &package["version"]);
        versions
            .entry(name.as_str().unwrap())
            .or_default()
            .push(version.as_str().unwrap());
    }
    let skips = bans("skip");
    let skipped = |name: &str, version: &str| {
        let mut skips = skips.iter().filter(|(skip, _)| skip == name);
        skips.any(|(_, at)| {
            at.as_ref()
                .is_none_or(|at| version.starts_with(at.as_str()))
        })
    };
    for (name, mut versions) in versions {
        versions.retain(|version| !skipped(name, version));
        assert!(versions.len() <= 1, "{name} is there in {versions:?}");
    }
}
