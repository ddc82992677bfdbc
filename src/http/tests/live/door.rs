//! The door to what is told: who is let in, who is counted, and who has to make room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evara_actors::ports::BoxFuture;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, advance, timeout};

use super::super::people::OneOperator;
use super::super::scene::{Scene, TOKEN, empty_inside, operator};
use super::socket::Door;
use crate::access::Principal;
use crate::app::identity::{Freshness, Identities, Known, Unknown};
use crate::app::listener::{HeaderNames, Limits as Connections, Listener, bind};
use crate::auth::token::ACCESS_LIFE;
use crate::http::{Inside, Room};
use crate::limits::{Limits, Quota, Quotas};

/// What does not happen within it does not happen.
const PATIENCE: Duration = Duration::from_secs(20);

async fn with(quotas: Quotas, room: Room, people: Arc<dyn Identities>) -> Scene {
    Scene::of(Inside {
        limits: Limits::new(quotas),
        room,
        ..empty_inside(people).await
    })
}

fn few(requests: u32) -> Quota {
    Quota::per_minute(requests).unwrap()
}

#[tokio::test]
async fn strangers_who_leave_without_a_word_are_let_in_no_more_after_a_while() {
    let quotas = Quotas {
        address: few(6),
        ..Quotas::MOST
    };
    let door = Door::of(with(quotas, Room::default(), operator()).await).await;
    let knocking = async {
        let mut let_in = 0;
        loop {
            match door.knock(&[]).await {
                Ok(socket) => drop(socket),
                Err(429) => return let_in,
                Err(other) => panic!("{other}"),
            }
            let_in += 1;
            // He is counted once he is gone.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let let_in = timeout(PATIENCE, knocking).await.expect("a refusal");
    assert!((6..40).contains(&let_in), "{let_in}");
    let token = format!("Bearer {TOKEN}");
    assert!(
        door.knock(&[("authorization", &token)]).await.is_ok(),
        "who brings a token is no stranger"
    );
}

#[tokio::test]
async fn strangers_who_say_nothing_leave_room_to_stand_and_all_others_in() {
    let door = Door::of(with(Quotas::MOST, Room::default(), operator()).await).await;
    let mut silent = Vec::new();
    let refused = loop {
        match door.knock(&[]).await {
            Ok(socket) => silent.push(socket),
            Err(status) => break status,
        }
    };
    assert_eq!((refused, silent.len()), (503, 8));
    door.enter(TOKEN).await;
}

#[tokio::test]
async fn whoever_knocks_with_a_token_is_counted_as_himself_by_header_and_by_frame() {
    let quotas = Quotas {
        person: few(4),
        ..Quotas::MOST
    };
    let door = Door::of(with(quotas, Room::default(), operator()).await).await;
    let token = format!("Bearer {TOKEN}");
    for _ in 0..2 {
        assert!(door.knock(&[("authorization", &token)]).await.is_ok());
        let mut stranger = door.stranger().await;
        stranger
            .say(&json!({ "type": "auth", "token": TOKEN }))
            .await;
        stranger.until("authenticated").await;
    }
    let refused = door.knock(&[("authorization", &token)]).await;
    assert_eq!(refused.err(), Some(429));
    let mut stranger = door.stranger().await;
    stranger
        .say(&json!({ "type": "auth", "token": TOKEN }))
        .await;
    assert_eq!(stranger.end().await.0, 4429);
}

#[tokio::test(start_paused = true)]
async fn where_all_seats_are_taken_who_is_idle_for_longest_is_sent_away_for_who_comes() {
    let room = Room {
        sockets: 2,
        ..Room::default()
    };
    let scene = with(Quotas::MOST, room, operator()).await;
    let mut first = scene.listen(TOKEN, "topic=fleet", None).await;
    first.until_current().await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    let mut second = scene.listen(TOKEN, "topic=fleet", None).await;
    second.until_current().await;
    assert_eq!(
        scene.refusal(TOKEN, "topic=fleet").await.code(),
        "busy",
        "nobody is idle"
    );
    tokio::time::sleep(Duration::from_secs(30)).await;
    let mut third = scene.listen(TOKEN, "topic=fleet", None).await;
    third.until_current().await;
    assert!(first.frame().await.is_none());
    assert!(first.retry_ms.is_some(), "he may come back");
    let more = timeout(Duration::from_secs(5), second.frame()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_socket_that_was_just_answered_hears_that_the_service_ends_and_no_other_is_let_in() {
    for _ in 0..10 {
        let door = Door::of(Scene::empty().await).await;
        let token = format!("Bearer {TOKEN}");
        let mut socket = door.knock(&[("authorization", &token)]).await.unwrap();
        door.scene.state.drain();
        let left = timeout(PATIENCE, door.scene.state.left()).await;
        left.expect("no socket is left");
        assert_eq!(socket.end().await.0, 1012);
        let late = door.knock(&[("authorization", &token)]).await;
        assert_eq!(late.err(), Some(503));
    }
}

#[tokio::test]
async fn whoever_listens_gives_his_place_back_to_those_who_ask_and_keeps_none_when_he_ends() {
    let scene = Scene::empty().await;
    let edge = Arc::clone(&scene.edge);
    let answer = move |request, from| Arc::clone(&edge).answer(request, from);
    let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let one = Connections {
        connections: 1,
        ..Connections::default()
    };
    let listener = Listener::start_within(one, socket, HeaderNames::Lower, answer).unwrap();
    let ask = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
    };
    let mut listening = TcpStream::connect(listener.address()).await.unwrap();
    let wish = ask("/api/v1/stream?topic=fleet");
    listening.write_all(wish.as_bytes()).await.unwrap();
    let mut asking = TcpStream::connect(listener.address()).await.unwrap();
    asking
        .write_all(ask("/health/live").as_bytes())
        .await
        .unwrap();
    let mut answer = [0; 15];
    let answered = timeout(PATIENCE, asking.read_exact(&mut answer)).await;
    assert!(answered.is_ok(), "his place was not given back");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    scene.state.drain();
    let mut told = String::new();
    let ended = timeout(PATIENCE, listening.read_to_string(&mut told)).await;
    assert!(ended.is_ok(), "the connection outlives the stream");
    assert!(
        told.contains("connection: close") && told.contains("retry: "),
        "{told}"
    );
}

/// People who are believed since a time, until nobody can be asked.
#[derive(Debug)]
struct Believed {
    since: Instant,
    is_away: AtomicBool,
}

impl Identities for Believed {
    fn person<'a>(
        &'a self,
        token: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        if self.is_away.load(Ordering::Relaxed) {
            return Box::pin(async { Err(Unknown::Unavailable("away".into())) });
        }
        OneOperator.person(token, freshness)
    }

    fn known<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Known, Unknown>> {
        Box::pin(async move {
            let person = self.person(token, Freshness::Recent).await?;
            let at = self.since;
            Ok(Known { person, at })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_while_the_store_is_away_is_believed_for_as_long_as_a_token_lives_and_no_longer()
 {
    let people = Arc::new(Believed {
        since: Instant::now(),
        is_away: AtomicBool::new(false),
    });
    let scene = Scene::empty_for(people.clone()).await;
    advance(ACCESS_LIFE - Duration::from_secs(30)).await;
    let mut client = scene.listen(TOKEN, "topic=fleet", None).await;
    client.until_current().await;
    people.is_away.store(true, Ordering::Relaxed);
    let ended = timeout(Duration::from_secs(40), client.until("error")).await;
    assert_eq!(ended.expect("an end")["code"], "unauthenticated");
    let since = people.since.elapsed();
    assert!((ACCESS_LIFE..ACCESS_LIFE + Duration::from_secs(3)).contains(&since));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_no_use_any_more_is_taken_from_the_browser() {
    let scene = Scene::empty().await;
    let mut client = scene.listen(TOKEN, "topic=fleet", Some("nonsense")).await;
    client.cursor = Some("nonsense".to_owned());
    client.until("resync").await;
    assert_eq!(client.cursor, None);
    client.until_current().await;
    assert!(client.cursor.is_some());
}
