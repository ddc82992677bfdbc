//! Answers that go on for minutes, while whoever reads them loses what they tell.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use evara_actors::domain::{ChannelId, EntryId, Metric, NodeId, Revision, Source, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::time::advance;

use super::acts::kept;
use super::estate::{estate_with, id};
use super::live::Changing;
use super::scene::{PEER, Scene, request};
use crate::history::testing::Unrolled;
use crate::history::{Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing};
use crate::store::AuditLog as _;
use crate::store::conformance::audit::{MINE, noted};
use crate::store::conformance::fixtures::value;

/// A past without an end.
#[derive(Debug, Default)]
struct Endless(Unrolled);

impl History for Endless {
    fn samples(
        &self,
        _: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        let begun = span.after.map_or(span.from, |(at, _)| at).millis();
        let sample = |number: i64| PastSample {
            source: Source::ThingSpeak {
                channel: ChannelId(7),
                entry: EntryId(1),
            },
            source_at: Timestamp::from_millis(begun + number),
            received_at: Timestamp::from_millis(begun + number),
            revision: Revision(1),
            values: vec![value(Metric::LevelCm, 50.0)],
            derived: Vec::new(),
        };
        let page = (1..=i64::from(span.limit)).map(sample).collect();
        Box::pin(async { Ok(page) })
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        self.0.standing(node, from, to)
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        self.0.rollups(node, span)
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        self.0.checkpoint(node, at)
    }
}

/// What somebody is given who takes all that there is.
async fn export(who: &str, scene: &Scene, path: &str) -> Body {
    let mut asked = request(Method::GET, &format!("/api/v1{path}"), "");
    let headers = asked.headers_mut();
    headers.insert("authorization", format!("Bearer {who}").parse().unwrap());
    headers.insert("accept", "text/csv".parse().unwrap());
    let response = Arc::clone(&scene.edge).answer(asked, PEER).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

/// Takes a part a second, so many at most; how many came before it broke off.
async fn parts(export: &mut Body, most: usize) -> usize {
    for taken in 0..most {
        advance(Duration::from_secs(1)).await;
        let part = export.frame().await.expect("it looks complete");
        if part.is_err() {
            return taken;
        }
    }
    most
}

#[tokio::test(start_paused = true)]
async fn an_export_breaks_off_where_its_reader_loses_what_it_tells() {
    for lost in ["the session", "the role", "the node"] {
        let people = Arc::new(Changing::default());
        people.make("super_admin", "super_admin");
        people.make("mallory", "community_admin");
        let scene = estate_with(people.clone(), Arc::new(Endless::default())).await;
        let node = scene.tank("oht-1", Some("n1"), None).await;
        let path = format!("/nodes/{node}/telemetry");
        let mut export = export("mallory", &scene, &path).await;
        assert_eq!(parts(&mut export, 60).await, 60, "{lost}");
        match lost {
            "the session" => people.put_out("mallory"),
            "the role" => people.make("mallory", "user"),
            _ => {
                let there = json!({ "community_id": id("n2") }).to_string();
                let path = format!("/nodes/{node}");
                let moved = scene.ask("super_admin", Method::PATCH, &path, &there);
                assert_eq!(moved.await.status, StatusCode::OK);
            }
        }
        assert!(parts(&mut export, 60).await <= 1, "{lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_of_the_audit_breaks_off_where_its_reader_signs_out() {
    for goes in [false, true] {
        let scene = kept().await;
        let token = scene.token(&scene.root().await).await;
        let entries = (1..=1_500).flat_map(|_| noted(MINE, 1).records).collect();
        scene.rooms.store.write_audit(entries).await.unwrap();
        let mut export = export(&token, &scene, "/admin/audit").await;
        assert_eq!(parts(&mut export, 2).await, 2);
        if goes {
            let out = scene
                .ask_as(&token, Method::POST, "/auth/logout", None)
                .await;
            assert_eq!(out.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(parts(&mut export, 1).await, usize::from(!goes));
    }
}
