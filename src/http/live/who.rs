//! Who listens, and whether he still may: looked up each second.

use std::time::Duration;

use tokio::time::Instant;

use crate::address::ClientAddress;
use crate::app::identity::Unknown;
use crate::auth::token::ACCESS_LIFE;
use crate::http::guard::Scope;
use crate::http::state::AppState;

/// How often it is looked: with the four seconds that who somebody is may be remembered, nobody sees for longer
/// than five what he no longer may.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who listens.
pub(crate) struct Who {
    token: String,
    client: ClientAddress,
    scope: Scope,
    looked_at: Instant,
    /// When that was last found out, and not only believed.
    known_at: Instant,
}

/// What was found.
pub(crate) enum Look {
    /// He is who he was, and sees what he saw.
    Same,
    /// He sees something else, perhaps.
    Other,
    /// He lost something that he might or saw.
    Demoted,
    /// His token is no use any more.
    Out,
    /// Where he is nobody is let in any more.
    KeptOut,
}

/// What is told to whoever lost something, who may come back as what he is.
pub(super) const DEMOTED: &str = "what the token is good for was changed";

/// What is told to whoever is where nobody is let in.
pub(super) const KEPT_OUT: &str = "requests from this address are not taken";

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Who")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Who {
    /// Whoever bears this token and is there, as he was found at that time.
    pub(crate) fn known(
        (token, client): (String, ClientAddress),
        scope: Scope,
        known_at: Instant,
    ) -> Self {
        Self {
            token,
            client,
            scope,
            looked_at: Instant::now(),
            known_at,
        }
    }

    /// What he sees, as far as is known.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When it is to be looked again.
    pub(crate) fn look_at(&self) -> Instant {
        self.looked_at + LOOK_EVERY
    }

    /// Looks who he is now.
    pub(crate) async fn look(&mut self, app: &AppState) -> Look {
        self.looked_at = Instant::now();
        if !app.border.gate().admits(self.client) {
            return Look::KeptOut;
        }
        let known = match app.identities.known(&self.token).await {
            Ok(known) => known,
            // Who was known is believed while nobody can be asked, as long as a token lives.
            Err(Unknown::Unavailable(_)) if self.known_at.elapsed() < ACCESS_LIFE => {
                return Look::Same;
            }
            Err(Unknown::Unavailable(_) | Unknown::Refused | Unknown::NoAccount) => {
                return Look::Out;
            }
        };
        self.known_at = known.at;
        let scope = Scope::of(app, known.person);
        if scope.is_same(&self.scope) {
            return Look::Same;
        }
        let is_less = !scope
            .person()
            .lost_nothing_of(self.scope.person(), scope.forest());
        self.scope = scope;
        if is_less { Look::Demoted } else { Look::Other }
    }
}
