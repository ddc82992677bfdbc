//! The tree of actors: what runs, what the code draws, and what the architecture page draws, are one.

use std::collections::BTreeSet;
use std::time::Duration;

use evara_actors::tree::draw;
use serde_json::Value;

use super::harness::{Gauge, World, channel};
use super::tidy::root;

/// What the names of a parent and of its child begin with.
type Edge = (String, String);

/// `twin` for both `twin/{node}` and `twin/018f…`.
fn sort_of(name: &str) -> String {
    name.split('/').next().unwrap().to_owned()
}

/// The edges of the tree that the architecture page draws.
fn drawn() -> BTreeSet<Edge> {
    let page = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, chapter) = page.split_once("## The tree").unwrap();
    let (_, fenced) = chapter.split_once("```text\n").unwrap();
    let (tree, _) = fenced.split_once("```").unwrap();
    let mut path: Vec<String> = Vec::new();
    let mut edges = BTreeSet::new();
    for line in tree.lines() {
        let glyphs = line.chars().take_while(|c| " │├└─".contains(*c)).count();
        let words: String = line.chars().skip(glyphs).collect();
        let name = sort_of(words.split_whitespace().next().unwrap());
        path.truncate(glyphs / 3);
        if let Some(parent) = path.last() {
            edges.insert((parent.clone(), name.clone()));
        }
        path.push(name);
    }
    edges
}

/// The edges of the tree that an admin is shown.
fn shown(actor: &Value, edges: &mut BTreeSet<Edge>) {
    let name = sort_of(actor["id"].as_str().unwrap());
    for child in actor["children"].as_array().unwrap() {
        edges.insert((name.clone(), sort_of(child["id"].as_str().unwrap())));
        shown(child, edges);
    }
}

#[tokio::test(start_paused = true)]
async fn the_tree_that_runs_is_the_tree_of_the_architecture_page() {
    let world = World::of_fleet(24).await;
    world.run(Duration::from_secs(60)).await;
    let tree = world.face().get("/api/v1/admin/actors").await;
    let mut running = BTreeSet::new();
    shown(&tree.json, &mut running);
    assert_eq!(running, drawn());
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_what_is_drawn_for_the_nodes_that_there_are() {
    let gauge = Gauge::every(15);
    let mut world = World::of(&[gauge; 4]).await;
    world.create(gauge.node(9, channel(2))).await;
    let first = world.twin(0).id();
    world.remove(first).await;
    world.configure(gauge.node(2, channel(0))).await;
    world.run(Duration::from_secs(60)).await;
    let specs: Vec<_> = world.specs().cloned().collect();
    let drawing = draw(&specs, 1);
    assert_eq!(world.system().census().to_string(), drawing.to_string());
    assert_eq!(world.system().running().await.unwrap(), drawing.names());
}
