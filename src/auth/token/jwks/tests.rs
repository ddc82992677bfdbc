//! When a project is asked for its keys, and what is done with its answer, in virtual time.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use evara_actors::testing::VirtualClock;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::auth::token::forged::{jwks_of, sets};

const ISSUER: &str = "https://project.example/auth/v1";
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// What the project does when it is asked.
#[derive(Debug, Clone)]
enum Answer {
    Keys(&'static [&'static str]),
    Document(&'static str),
    Refusal,
    Silence,
}

/// A project that takes a second for an answer.
#[derive(Debug)]
struct Project {
    asked: AtomicUsize,
    answer: Mutex<Answer>,
}

impl Project {
    fn turn(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl JwksSource for Project {
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, JwksError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move {
            sleep(SECOND).await;
            match answer {
                Answer::Keys(ids) => Ok(Bytes::from(jwks_of(ids))),
                Answer::Document(text) => Ok(Bytes::from(text)),
                Answer::Refusal => Err(JwksError::Status(503)),
                Answer::Silence => pending().await,
            }
        })
    }
}

fn scene(answer: Answer) -> (Jwks, Arc<Project>) {
    let project = Arc::new(Project {
        asked: AtomicUsize::new(0),
        answer: Mutex::new(answer),
    });
    let clock = Arc::new(VirtualClock::default());
    (
        Jwks::new(ISSUER.to_owned(), project.clone(), clock),
        project,
    )
}

async fn refusal(jwks: &Jwks, id: &str) -> Option<Refused> {
    jwks.key(id, Algorithm::Es256).await.err()
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_when_they_are_needed_and_used_for_ten_minutes() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    assert_eq!(project.asked(), 0);
    assert_eq!(refusal(&jwks, "one").await, None);
    advance(10 * MINUTE - Duration::from_millis(1)).await;
    assert_eq!(refusal(&jwks, "one").await, None);
    assert_eq!(project.asked(), 1);
    project.turn(Answer::Keys(&["two"]));
    advance(Duration::from_millis(1)).await;
    assert_eq!(refusal(&jwks, "one").await, Some(Refused::UnknownKey));
    assert_eq!(refusal(&jwks, "two").await, None);
    assert_eq!(project.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_are_used_for_an_hour_while_the_project_is_away_and_no_longer() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    assert_eq!(refusal(&jwks, "one").await, None);
    project.turn(Answer::Refusal);
    advance(59 * MINUTE).await;
    assert_eq!(refusal(&jwks, "one").await, None);
    assert_eq!(project.asked(), 2);
    advance(MINUTE).await;
    assert_eq!(refusal(&jwks, "one").await, Some(Refused::KeysAway));
    project.turn(Answer::Keys(&["one"]));
    advance(30 * SECOND).await;
    assert_eq!(refusal(&jwks, "one").await, None);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_is_asked_for_once_in_half_a_minute_whoever_makes_it_up() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    assert_eq!(refusal(&jwks, "one").await, None);
    for second in 1..=120 {
        assert_eq!(
            refusal(&jwks, &format!("made-up-{second}")).await,
            Some(Refused::UnknownKey)
        );
        advance(SECOND).await;
    }
    assert!((4..=5).contains(&project.asked()), "{}", project.asked());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_project_turned_to_is_found_half_a_minute_after_the_last_look() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    assert_eq!(refusal(&jwks, "one").await, None);
    project.turn(Answer::Keys(&["one", "two"]));
    advance(30 * SECOND).await;
    assert_eq!(refusal(&jwks, "two").await, None);
    assert_eq!(project.asked(), 2);
}

/// A hundred people whose tokens need the key.
fn crowd(jwks: &Jwks) -> JoinSet<Option<Refused>> {
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let jwks = jwks.clone();
        asking.spawn(async move { refusal(&jwks, "one").await });
    }
    asking
}

#[tokio::test(start_paused = true)]
async fn many_who_need_keys_at_once_wait_for_one_fetch() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    let mut asking = crowd(&jwks);
    sleep(SECOND / 2).await;
    assert_eq!(refusal(&jwks, "one").await, None, "who comes later");
    while let Some(refused) = asking.join_next().await {
        assert_eq!(refused.unwrap(), None);
    }
    assert_eq!(project.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_everybody_who_waited_for_it_has_left() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    let mut asking = crowd(&jwks);
    sleep(SECOND / 2).await;
    asking.abort_all();
    while asking.join_next().await.is_some() {}
    sleep(SECOND).await;
    let began = Instant::now();
    assert_eq!(refusal(&jwks, "one").await, None);
    assert_eq!((project.asked(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_project_that_never_answers_is_waited_for_once_for_three_seconds() {
    let (jwks, project) = scene(Answer::Silence);
    let began = Instant::now();
    assert_eq!(refusal(&jwks, "one").await, Some(Refused::KeysAway));
    assert_eq!(began.elapsed(), DEADLINE);
    assert_eq!(refusal(&jwks, "one").await, Some(Refused::KeysAway));
    assert_eq!((began.elapsed(), project.asked()), (DEADLINE, 1));
}

#[tokio::test(start_paused = true)]
async fn a_document_that_cannot_be_trusted_replaces_no_keys() {
    for document in sets::REFUSED {
        let (jwks, project) = scene(Answer::Keys(&["one"]));
        assert_eq!(refusal(&jwks, "one").await, None);
        project.turn(Answer::Document(document));
        advance(11 * MINUTE).await;
        assert_eq!(refusal(&jwks, "one").await, None, "{document}");
        assert_eq!(project.asked(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_algorithm_is_no_reason_to_ask_again() {
    let (jwks, project) = scene(Answer::Keys(&["one"]));
    assert_eq!(refusal(&jwks, "one").await, None);
    advance(MINUTE).await;
    let other = jwks.key("one", Algorithm::Rs256).await;
    assert_eq!(other.err(), Some(Refused::Algorithm));
    assert_eq!(project.asked(), 1);
}

#[test]
fn of_published_keys_only_those_that_may_prove_signatures_and_are_strong_are_read() {
    let made = sets::keys();
    for (name, jwk, is_read) in &made {
        let document = format!(r#"{{"keys":[{jwk}],"more":1}}"#);
        let set = KeySet::read(document.as_bytes(), ISSUER).unwrap();
        let found = [Algorithm::Es256, Algorithm::Rs256].map(|algorithm| set.get("id", algorithm));
        let is_found = found
            .iter()
            .any(|found| matches!(found, set::Found::Key(_)));
        assert_eq!(is_found, *is_read, "{name}");
    }
    // One that is not understood stands in nobody's way.
    let all = made.iter().filter(|(.., is_read)| !is_read);
    let mut all: Vec<_> = all.map(|(_, jwk, _)| jwk.as_str()).collect();
    all.push(
        made.iter()
            .find(|(.., is_read)| *is_read)
            .map(|(_, jwk, _)| jwk.as_str())
            .unwrap(),
    );
    let document = format!(r#"{{"keys":[{}]}}"#, all.join(","));
    assert!(KeySet::read(document.as_bytes(), ISSUER).is_ok());
}

#[test]
fn a_set_of_more_than_32_keys_or_of_two_keys_by_one_id_is_refused() {
    let ids: Vec<_> = (0..33).map(|index| format!("id-{index}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    assert!(KeySet::read(jwks_of(&ids[..32]).as_bytes(), ISSUER).is_ok());
    let many = KeySet::read(jwks_of(&ids).as_bytes(), ISSUER);
    assert_eq!(many.err(), Some(set::SetError::TooMany));
    let twice = KeySet::read(jwks_of(&["id", "id"]).as_bytes(), ISSUER);
    assert_eq!(twice.err(), Some(set::SetError::Twice));
}
