//! Who bears a token: the signature first, then what the store knows of its person.
//!
//! A token of the Supabase project whose person has no account is proven and still lets nobody in: its
//! bearer may ask who they are, and for an account.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::ports::BoxFuture;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::refresh::sha256;
use super::{Accounts, Error};
use crate::access::{Principal, Reach, UserId};
use crate::app::audit::Witness;
use crate::app::identity::{Freshness, Identities, Known, Unknown};
use crate::auth::token::{Claims, Issuer, Refused};
use crate::store::{AccountName, AccountsError, Bearer, SESSION_LIFE, Standing};

/// What a read waits for the store where it could do without: many times what an answer takes.
const PATIENCE: Duration = Duration::from_millis(250);

/// Whoever bears a token that was proven.
#[derive(Debug, Clone)]
pub struct Borne {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The person; none where the project's person has no account here.
    pub person: Option<Arc<Principal>>,
    /// When it was found out who it is.
    pub known_at: Instant,
}

impl Identities for Accounts {
    fn person<'a>(
        &'a self,
        token: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        Box::pin(async move {
            let borne = self.borne(token, freshness).await?;
            borne.person.ok_or(Unknown::NoAccount)
        })
    }

    fn is_proven<'a>(&'a self, token: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(self.0.tokens.is_proven(token.as_bytes()))
    }

    fn known<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Known, Unknown>> {
        Box::pin(async move {
            let borne = self.borne(token, Freshness::Recent).await?;
            let (person, at) = (borne.person, borne.known_at);
            let person = person.ok_or(Unknown::NoAccount)?;
            Ok(Known { person, at })
        })
    }
}

impl Accounts {
    /// Who bears `token`, as of now or of a moment ago.
    ///
    /// # Errors
    /// When it proves nothing or was given up, and when that cannot be known.
    pub async fn borne(&self, token: &str, freshness: Freshness) -> Result<Borne, Unknown> {
        let claims = self.0.tokens.verify(token.as_bytes()).await;
        let claims = claims.map_err(refused)?;
        let recent = &self.0.recent;
        let held = match freshness {
            Freshness::Recent => recent.get(&claims.digest).await,
            Freshness::Now => None,
        };
        let now = Instant::now();
        let borne = |claims, person, known_at| Borne {
            claims,
            person,
            known_at,
        };
        let Some(held) = held else {
            let person = self.asked(&claims).await?;
            return Ok(borne(claims, person, now));
        };
        let person = Some(Arc::clone(&held.person));
        if recent.is_enough(&held) {
            return Ok(borne(claims, person, held.known_at()));
        }
        match timeout(PATIENCE, self.asked_to_the_end(&claims)).await {
            Ok(Ok(person)) => Ok(borne(claims, person, now)),
            Ok(Err(Unknown::Unavailable(_))) | Err(_) => {
                recent.is_away();
                Ok(borne(claims, person, held.known_at()))
            }
            Ok(Err(unknown)) => Err(unknown),
        }
    }

    /// [`asked`](Self::asked), to its end though nobody waits for it any more: a question that is cut off
    /// costs a connection, and a store that is slow has none to spare.
    async fn asked_to_the_end(
        &self,
        claims: &Arc<Claims>,
    ) -> Result<Option<Arc<Principal>>, Unknown> {
        let broke = |error: Box<dyn std::error::Error + Send + Sync>| Unknown::Unavailable(error);
        let turn = Arc::clone(&self.0.turns).acquire_owned().await;
        let turn = turn.map_err(|closed| broke(Box::new(closed)))?;
        let (accounts, claims) = (self.clone(), Arc::clone(claims));
        let asked = self.0.asking.spawn(async move {
            let _turn = turn;
            accounts.asked(&claims).await
        });
        asked.await.map_err(|ended| broke(Box::new(ended)))?
    }

    /// The person as the store has them.
    async fn asked(&self, claims: &Claims) -> Result<Option<Arc<Principal>>, Unknown> {
        let recent = &self.0.recent;
        let asked = recent.asking();
        let standing = self.0.store.standing(named(claims), self.now()).await;
        let standing = standing.map_err(|error| Unknown::Unavailable(Box::new(error)))?;
        let person = judged(claims, standing).ok_or(Unknown::Refused)?;
        let person = person.map(Arc::new);
        if let Some(person) = &person {
            recent.keep(claims.digest, asked, person).await;
        }
        Ok(person)
    }

    /// Has the token, and the session that it is of, let in nobody any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, borne: &Borne, witness: &Witness) -> Result<(), Error> {
        let claims = &borne.claims;
        let reach = borne.person.as_ref().map(|person| &person.reach);
        let session = claims
            .session
            .map_or_else(|| "token".to_owned(), |id| format!("session/{id}"));
        let fact = self.fact("session.end", session, reach.unwrap_or(&Reach::Nothing));
        let act = match &borne.person {
            Some(person) => witness.of_person(person.user, person.session).act(fact),
            None => witness.act(fact),
        };
        let done = match (claims.issuer, &borne.person, claims.session) {
            (Issuer::Local, Some(person), Some(session)) => {
                let ended = self
                    .0
                    .store
                    .end_session(person.user, session, self.now(), act);
                match ended.await {
                    // Somebody was quicker.
                    Err(AccountsError::NotFound) => Ok(()),
                    done => done,
                }
            }
            (Issuer::Supabase, _, Some(session)) => {
                // There are other tokens of it, and the project goes on to make some until it is told, too.
                let (digest, until) = (of_session(session), self.now().plus(SESSION_LIFE));
                self.0.store.deny_token(digest, until, act).await
            }
            (Issuer::Local | Issuer::Supabase, _, _) => {
                let until = claims.unheard_of_at();
                self.0.store.deny_token(claims.digest, until, act).await
            }
        };
        self.0.recent.forget();
        Ok(done?)
    }
}

fn refused(refused: Refused) -> Unknown {
    tracing::debug!(reason = %refused, "a token was refused");
    match refused {
        Refused::KeysAway => Unknown::Unavailable(Box::new(refused)),
        Refused::TooLarge
        | Refused::Shape
        | Refused::Json
        | Refused::HeaderMember
        | Refused::Type
        | Refused::Algorithm
        | Refused::KeyId
        | Refused::Issuer
        | Refused::Audience
        | Refused::Claim(_)
        | Refused::Expired
        | Refused::NotYet
        | Refused::UnknownKey
        | Refused::Signature => Unknown::Refused,
    }
}

fn named(claims: &Claims) -> Bearer {
    let name = match claims.issuer {
        Issuer::Local => AccountName::Id(UserId(claims.subject)),
        Issuer::Supabase => AccountName::External(claims.subject),
    };
    let elsewhere = match claims.issuer {
        Issuer::Supabase => claims.session.map(of_session),
        Issuer::Local => None,
    };
    Bearer {
        name,
        session: claims.session,
        digests: [claims.digest, elsewhere.unwrap_or(claims.digest)],
    }
}

/// By which a session of the project is known as given up; no token has it.
fn of_session(id: Uuid) -> [u8; 32] {
    sha256(format!("session/{id}").as_bytes())
}

/// The person that the claims are about, as they stand; none where they are let in nowhere, and `Some(None)`
/// where they are proven and nobody here.
fn judged(claims: &Claims, standing: Standing) -> Option<Option<Principal>> {
    if standing.is_denied {
        return None;
    }
    let Some(account) = standing.account else {
        return (claims.issuer == Issuer::Supabase).then_some(None);
    };
    let (is_good, session) = match claims.issuer {
        // Whether it was begun before a change is known of a session to the millisecond, of a token to
        // the second.
        Issuer::Local => (account.has_session, claims.session),
        Issuer::Supabase => (claims.issued_at >= account.valid_from, None),
    };
    let person = Principal {
        user: account.id,
        session,
        role: account.role,
        reach: account.reach,
        // Those of the project came by no password of ours.
        must_change_password: account.must_change_password && claims.issuer == Issuer::Local,
    };
    (is_good && !account.is_disabled).then_some(Some(person))
}
