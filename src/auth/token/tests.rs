//! What tokens prove, against the whole table of those that must not.

use std::collections::HashSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use evara_actors::domain::Timestamp;
use evara_actors::testing::VirtualClock;
use proptest::prelude::*;
use tokio::time::advance;

use super::forged::{self, Counted, NOW};
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

struct Scene {
    tokens: Tokens,
    source: Arc<Counted>,
    clock: Arc<VirtualClock>,
}

/// With the project's keys fetched already.
async fn scene() -> Scene {
    let source = Arc::new(Counted::default());
    let clock = Arc::new(VirtualClock::default());
    assert_eq!(clock.now(), NOW);
    let tokens = forged::tokens(source.clone(), clock.clone());
    for (name, token) in forged::good() {
        let proven = tokens.verify(&token).await;
        assert!(proven.is_ok(), "{name}: {proven:?}");
    }
    assert_eq!(source.asked(), 1);
    Scene {
        tokens,
        source,
        clock,
    }
}

fn good(name: &str) -> Vec<u8> {
    let all = forged::good();
    all.into_iter().find(|(known, _)| known == name).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn no_token_of_the_table_is_accepted_and_each_is_refused_for_its_own_reason() {
    let Scene { tokens, source, .. } = scene().await;
    let bad = forged::bad();
    assert!(bad.len() >= 1_000, "{} tokens", bad.len());
    let names: HashSet<_> = bad.iter().map(|bad| &bad.name).collect();
    assert_eq!(names.len(), bad.len(), "a name twice");
    let mut wrong = Vec::new();
    for forged::Bad {
        name,
        token,
        refused,
    } in &bad
    {
        // One poll: a token that cannot be good waits for nothing.
        let asked = pin!(tokens.verify(token)).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(answer) = asked else {
            panic!("{name} waits");
        };
        if answer.as_ref().err() != Some(refused) {
            wrong.push(format!("{name}: {answer:?}, not {refused:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(source.asked(), 1, "a bad token was worth a request");
}

/// Held by no cache and no pause, the project is asked for a key as soon as one could be the token's.
#[tokio::test(start_paused = true)]
async fn only_a_token_that_breaks_no_other_rule_is_worth_a_request() {
    let source = Arc::new(Counted::default());
    let tokens = forged::tokens(source.clone(), Arc::new(VirtualClock::default()));
    let is_for_keys_to_tell = |bad: &forged::Bad| {
        matches!(bad.refused, Refused::Signature | Refused::UnknownKey)
            || bad.name.ends_with("by the id of another family")
    };
    let (by_key, by_rule): (Vec<_>, Vec<_>) =
        forged::bad().into_iter().partition(is_for_keys_to_tell);
    assert!(by_rule.len() >= 900, "{} tokens", by_rule.len());
    for bad in by_rule {
        assert_eq!(tokens.verify(&bad.token).await, Err(bad.refused));
        assert_eq!(source.asked(), 0, "{}", bad.name);
    }
    for bad in by_key {
        assert_eq!(tokens.verify(&bad.token).await, Err(bad.refused));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_proven_needs_no_key_again() {
    let Scene { tokens, source, .. } = scene().await;
    // Signed anew each time, since chance is in a signature of ECDSA.
    let token = good("Ec of a week");
    assert!(tokens.verify(&token).await.is_ok());
    advance(11 * MINUTE).await;
    assert!(tokens.verify(&token).await.is_ok());
    assert_eq!(source.asked(), 1);
    assert!(tokens.verify(&forged::turned(&token)).await.is_ok());
    assert_eq!(source.asked(), 2, "a token that was not seen before");
}

#[tokio::test(start_paused = true)]
async fn no_token_of_the_table_is_accepted_where_there_is_no_project() {
    let clock = Arc::new(VirtualClock::default());
    let local = LocalKeys::derive(&forged::secret("current")).unwrap();
    let tokens = Tokens::new(local, None, clock);
    for bad in forged::bad() {
        assert!(tokens.verify(&bad.token).await.is_err(), "{}", bad.name);
    }
    assert_eq!(tokens.verify(&good("Rsa")).await, Err(Refused::Issuer));
    assert!(tokens.verify(&good("Local")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_shared_secret_that_is_not_set_proves_nothing() {
    let clock = Arc::new(VirtualClock::default());
    let local = LocalKeys::derive(&forged::secret("current")).unwrap();
    let url = ProjectUrl::parse(forged::URL).unwrap();
    let source = Arc::new(Counted::default());
    let supabase = Supabase::new(&url, None, source, clock.clone()).unwrap();
    let tokens = Tokens::new(local, Some(supabase), clock);
    assert_eq!(
        tokens.verify(&good("Shared")).await,
        Err(Refused::Algorithm)
    );
    assert!(tokens.verify(&good("Ec")).await.is_ok());
}

#[test]
fn a_shared_secret_that_could_be_guessed_is_refused() {
    let clock: Arc<dyn Clock> = Arc::new(At(NOW));
    let url = ProjectUrl::parse(forged::URL).unwrap();
    let with = |bytes: usize| {
        let secret = SecretString::from("s".repeat(bytes));
        let source = Arc::new(Counted::default());
        Supabase::new(&url, Some(&secret), source, Arc::clone(&clock)).map(drop)
    };
    assert_eq!(with(MIN_SHARED_BYTES - 1), Err(SharedSecretError));
    assert_eq!(with(MIN_SHARED_BYTES), Ok(()));
}

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_ours_proves_whom_it_was_made_for_until_it_ends() {
    let Scene { tokens, clock, .. } = scene().await;
    let (user, session) = (Uuid::new_v4(), Uuid::new_v4());
    let issued = tokens.issue(user, session, ACCESS_LIFE).unwrap();
    let token = issued.token.expose_secret().as_bytes();
    let claims = tokens.verify(token).await.unwrap();
    assert_eq!(claims.issuer, Issuer::Local);
    assert_eq!((claims.subject, claims.session), (user, Some(session)));
    assert_eq!(claims.jti, Some(issued.jti));
    assert_eq!(claims.issued_at, NOW);
    assert_eq!(claims.expires_at, issued.expires_at);
    assert_eq!(issued.expires_at, NOW.plus(15 * MINUTE));
    advance(15 * MINUTE + Duration::from_millis(29_999)).await;
    assert_eq!(tokens.verify(token).await.unwrap(), claims);
    advance(Duration::from_millis(1)).await;
    assert!(claims.has_expired(clock.now()));
    assert_eq!(tokens.verify(token).await, Err(Refused::Expired));
}

#[tokio::test(start_paused = true)]
async fn what_a_project_says_of_a_person_is_read_but_only_a_hook_can_say_confirmed() {
    let Scene { tokens, .. } = scene().await;
    let claims = tokens.verify(&good("Ec")).await.unwrap();
    assert_eq!(claims.issuer, Issuer::Supabase);
    let email = claims.email.clone().unwrap();
    assert_eq!(
        (email.address.as_str(), email.verified),
        ("ana@example.org", false)
    );
    let phone = tokens
        .verify(&good("Ec with an empty email"))
        .await
        .unwrap();
    assert_eq!(phone.email, None);
}

#[tokio::test(start_paused = true)]
async fn no_token_outlives_the_key_that_signed_it() {
    let clock = Arc::new(VirtualClock::default());
    let of = |secret| {
        let local = LocalKeys::derive(&forged::secret(secret)).unwrap();
        Tokens::new(local, None, clock.clone())
    };
    let before = of("old");
    let issued = before
        .issue(Uuid::new_v4(), Uuid::new_v4(), ACCESS_LIFE)
        .unwrap();
    let token = issued.token.expose_secret().as_bytes();
    assert!(before.verify(token).await.is_ok());
    assert_eq!(of("current").verify(token).await, Err(Refused::UnknownKey));
}

#[test]
fn keys_of_ours_come_from_secrets_that_nobody_guesses() {
    let derive = |secret: String| LocalKeys::derive(&SecretString::from(secret)).map(drop);
    assert_eq!(derive("s".repeat(31)), Err(LocalKeysError::TooShort));
    assert_eq!(derive("s".repeat(32)), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_known_by_what_was_signed_however_its_signature_is_turned() {
    let Scene { tokens, .. } = scene().await;
    let token = good("Ec");
    let turned = forged::turned(&token);
    assert_ne!(token, turned);
    let (one, other) = (tokens.verify(&token).await, tokens.verify(&turned).await);
    assert_eq!(one.unwrap().digest, other.unwrap().digest);
}

#[test]
fn nothing_of_a_key_is_shown() {
    let local = LocalKeys::derive(&forged::secret("current")).unwrap();
    let shown = format!("{local:?}");
    assert!(shown.starts_with("LocalKeys { id: \""), "{shown}");
    assert!(!shown.contains("SECRET_KEY"), "{shown}");
    let key = Key::shared(forged::SHARED.as_bytes(), "issuer");
    assert_eq!(format!("{key:?}"), "Key { algorithms: [HS256], .. }");
}

/// Asks about each token, from a scene of its own.
fn answers(tokens: impl IntoIterator<Item = Vec<u8>>) -> Vec<Result<Arc<Claims>, Refused>> {
    let builder = &mut tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let Scene { tokens: known, .. } = scene().await;
        let mut answers = Vec::new();
        for token in tokens {
            answers.push(known.verify(&token).await);
        }
        answers
    })
}

#[test]
fn a_good_token_with_any_one_byte_changed_is_refused() {
    let mut changed = Vec::new();
    for name in ["Local", "Shared", "Rsa", "Ec"] {
        let token = good(name);
        for at in 0..token.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut token = token.clone();
                token[at] ^= flip;
                changed.push(token);
            }
        }
    }
    assert!(changed.len() > 10_000);
    for (answer, token) in answers(changed.clone()).into_iter().zip(changed) {
        assert!(answer.is_err(), "{}", String::from_utf8_lossy(&token));
    }
}

proptest! {
    // Each case asks about 100 tokens or more.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_refused_and_none_panics(
        random in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 50),
        near in prop::collection::vec("[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}", 50),
        texts in prop::collection::vec("\\PC{0,40}", 50),
    ) {
        let near = near.into_iter().map(String::into_bytes);
        let parts = texts.into_iter().map(|text| forged::of_texts(&text, &text));
        let all: Vec<_> = random.into_iter().chain(near).chain(parts).collect();
        for answer in answers(all) {
            prop_assert!(answer.is_err());
        }
    }

    #[test]
    fn a_good_token_with_any_byte_replaced_put_in_or_taken_out_is_refused(
        which in 0..4_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 100),
    ) {
        let token = good(["Local", "Shared", "Rsa", "Ec"][which]);
        let edited = |(at, byte, how): (prop::sample::Index, u8, u8)| {
            let mut token = token.clone();
            let at = at.index(token.len());
            match how {
                0 => token[at] = byte,
                1 => token.insert(at, byte),
                _ => drop(token.remove(at)),
            }
            token
        };
        let all: Vec<_> = edits.into_iter().map(edited).filter(|edited| *edited != token).collect();
        for answer in answers(all) {
            prop_assert!(answer.is_err());
        }
    }
}
