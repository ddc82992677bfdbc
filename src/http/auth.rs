//! `/auth`: signing in and out, and what people do to their own account.
//!
//! No handler here takes the name of a person: each is about whoever bears the token.

use std::ops::ControlFlow;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{self, Answer};
use super::extract::{Json, NoQuery};
use super::guard::{Bearing, Knowing, NodeName as Id, Oneself, limits};
use super::problem::Problem;
use super::state::AppState;
use super::views::{List, LoginBody, MeView, RefreshBody, SessionView, SignedInView, UserView, id};
use crate::access::Principal;
use crate::address::ClientAddress;
use crate::app::accounts::{EmailAddress, Error as AccountsError, SignIn};
use crate::app::audit::{Fact, Witness, chain_of_reach};

/// Signs in. A password that was made for one is good once and for a week, and is changed by saying `new_password`, too;
/// without that the token is good for `/auth/me`, `/auth/password` and `/auth/logout` alone (`user.must_change_password`).
/// `Idempotency-Key` is not read here: tokens are in no answer that is kept, and each sign-in is a session of its own.
#[utoipa::path(post, path = "/auth/login", tag = "Identity", request_body = LoginBody, security(()),
    responses((status = 200, body = SignedInView<'_>),
              (status = 401, description = "Not right, or a code is needed: see errors."),
              (status = 422, description = "The new password is weak, or the other one was not made for one."),
              (status = 429, description = "Too many wrong guesses.")))]
pub(crate) async fn login(
    _: NoQuery,
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    witness: Witness,
    Json(body): Json<LoginBody>,
) -> Answer {
    let agent = headers.get(USER_AGENT);
    let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    // What is no address may be a password in the wrong field.
    let name = EmailAddress::parse(&body.email);
    let name = name.map_or_else(|_| "none".to_owned(), |email| email.to_string());
    let sign_in = SignIn {
        email: body.email,
        password: body.password.into(),
        new_password: body.new_password.map(SecretString::from),
        code: body.totp.map(SecretString::from),
        agent,
        address: Some(client.to_string()),
    };
    let signed_in = app.accounts.sign_in(sign_in, &witness).await;
    let signed_in = signed_in.inspect_err(|error| {
        if error.is_of_credentials() {
            let fact = Fact::new("session.begin", format!("email/{name}"));
            app.refusals().note(witness.clone(), fact);
        }
    })?;
    answer::json(&SignedInView::from(&signed_in))
}

/// Goes on with a session. The refresh token is good once: one that is used again ends the session. Counted as one of
/// the person's requests.
#[utoipa::path(post, path = "/auth/refresh", tag = "Identity", request_body = RefreshBody, security(()),
    responses((status = 200, body = SignedInView<'_>),
              (status = 401, description = "The session is over."),
              (status = 403, description = "The password was made for one, and has to be changed first.")))]
pub(crate) async fn refresh(
    _: NoQuery,
    State(app): State<AppState>,
    witness: Witness,
    Json(body): Json<RefreshBody>,
) -> Answer {
    // Whose it was meant to be is not known.
    let refused = |error: &AccountsError| {
        if error.is_of_credentials() {
            let fact = Fact::new("session.refresh", "session");
            app.refusals().note(witness.clone(), fact);
        }
    };
    let refreshing = app.accounts.refreshing(&body.refresh_token.into()).await;
    let refreshing = refreshing.inspect_err(refused)?;
    // Before the token is used up: whoever has to wait brings it again.
    if let ControlFlow::Break(refusal) = limits::count(&app, &refreshing.person()).await {
        return Ok(refusal);
    }
    let signed_in = app.accounts.refresh(refreshing, &witness).await;
    answer::json(&SignedInView::from(&signed_in.inspect_err(refused)?))
}

/// Signs out: the session, or where there is none the token, is over.
#[utoipa::path(post, path = "/auth/logout", tag = "Identity", responses((status = 204)))]
pub(crate) async fn logout(
    _: NoQuery,
    State(app): State<AppState>,
    witness: Witness,
    Bearing(borne): Bearing,
) -> Result<Response, Problem> {
    app.accounts.sign_out(&borne, &witness).await?;
    Ok(answer::no_content())
}

/// Tells who asks, and what they may.
#[utoipa::path(get, path = "/auth/me", tag = "Identity",
    responses((status = 200, body = MeView<'_>)))]
pub(crate) async fn me(
    _: NoQuery,
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    Bearing(borne): Bearing,
) -> Answer {
    if let ControlFlow::Break(refusal) = limits::count_bearer(&app, &borne, client).await {
        return Ok(refusal);
    }
    let account = match &borne.person {
        Some(person) => Some(app.accounts.own(person).await?),
        None => None,
    };
    answer::json(&MeView::new(&borne, account.as_ref()))
}

/// Makes the account of somebody who came by the Supabase project, or gives them the one that they were
/// invited to. Of a token nothing is taken but who it is and their address.
#[utoipa::path(post, path = "/auth/sync", tag = "Identity",
    responses((status = 200, body = UserView<'_>),
              (status = 409, description = "Another account has the address.")))]
pub(crate) async fn sync(
    _: NoQuery,
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    witness: Witness,
    Bearing(borne): Bearing,
) -> Answer {
    if let ControlFlow::Break(refusal) = limits::count_bearer(&app, &borne, client).await {
        return Ok(refusal);
    }
    let account = app.accounts.sync(&borne, &witness).await?;
    answer::json(&UserView::from(&account))
}

/// Lists where one is signed in, the newest first.
#[utoipa::path(get, path = "/auth/sessions", tag = "Identity",
    responses((status = 200, body = List<SessionView<'_>>)))]
pub(crate) async fn sessions(
    _: NoQuery,
    State(app): State<AppState>,
    Oneself(person): Oneself,
) -> Answer {
    let sessions = app.accounts.sessions(&person).await?;
    let view = |session| SessionView::new(session, person.session);
    answer::json(&List {
        items: sessions.iter().map(view).collect(),
        next_cursor: None,
    })
}

/// Ends a session of one's own.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "Identity", params(("id" = Uuid, Path)),
    responses((status = 204)))]
pub(crate) async fn end_session(
    _: NoQuery,
    State(app): State<AppState>,
    Oneself(person): Oneself,
    witness: Witness,
    Id(name): Id,
) -> Result<Response, Problem> {
    let session = id(&name)?;
    app.accounts.end_session(&person, session, &witness).await?;
    Ok(answer::no_content())
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub(crate) struct PasswordBody {
    #[schema(format = Password)]
    current_password: String,
    /// 12 to 128 characters, and none of the commonest.
    #[schema(format = Password, min_length = 12, max_length = 128)]
    new_password: String,
}

/// Changes one's password, and ends all of one's sessions: sign in anew.
#[utoipa::path(post, path = "/auth/password", tag = "Identity", request_body = PasswordBody,
    responses((status = 204), (status = 422, description = "The present one is wrong, or the new one weak."),
              (status = 429, description = "Too many wrong guesses.")))]
pub(crate) async fn password(
    _: NoQuery,
    State(app): State<AppState>,
    Knowing(person): Knowing,
    witness: Witness,
    Json(body): Json<PasswordBody>,
) -> Result<Response, Problem> {
    let both = (body.current_password.into(), body.new_password.into());
    let changed = app.accounts.change_password(&person, both, &witness);
    let unproven = unproven(&app, &person, &witness, "user.password");
    changed.await.inspect_err(unproven)?;
    Ok(answer::no_content())
}

/// A new authenticator.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpEnrolment)]
pub(crate) struct EnrolmentView<'a> {
    /// For a QR code, shown once.
    #[schema(example = "otpauth://totp/Evara:ana%40example.org?secret=…")]
    otpauth_uri: &'a str,
}

/// What begins to add an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpEnrolling)]
pub(crate) struct EnrolBody {
    /// One's own: a token alone must not add what it takes to sign in.
    #[schema(format = Password)]
    password: String,
}

/// Begins to add an authenticator, which counts once a code of it was confirmed.
#[utoipa::path(post, path = "/auth/totp/enroll", tag = "Identity", request_body = EnrolBody,
    responses((status = 200, body = EnrolmentView<'_>), (status = 409, description = "There is one."),
              (status = 422, description = "The password is wrong."),
              (status = 429, description = "Too many wrong guesses.")))]
pub(crate) async fn enroll(
    _: NoQuery,
    State(app): State<AppState>,
    Oneself(person): Oneself,
    witness: Witness,
    Json(body): Json<EnrolBody>,
) -> Answer {
    let enrolled = app.accounts.enrol(&person, body.password.into(), &witness);
    let unproven = unproven(&app, &person, &witness, "user.totp.enrol");
    let enrolment = enrolled.await.inspect_err(unproven)?;
    answer::json(&EnrolmentView {
        otpauth_uri: enrolment.uri.expose_secret(),
    })
}

/// A code of an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpCode)]
pub(crate) struct CodeBody {
    #[schema(example = "123456")]
    code: String,
}

/// What to keep in a drawer.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesView<'a> {
    /// Each is good once, in the place of a code; shown once.
    recovery_codes: Vec<&'a str>,
}

/// Has the authenticator count from now on.
#[utoipa::path(post, path = "/auth/totp/confirm", tag = "Identity", request_body = CodeBody,
    responses((status = 200, body = RecoveryCodesView<'_>), (status = 422, description = "The code is wrong."),
              (status = 429, description = "Too many wrong guesses.")))]
pub(crate) async fn confirm(
    _: NoQuery,
    State(app): State<AppState>,
    Oneself(person): Oneself,
    witness: Witness,
    Json(body): Json<CodeBody>,
) -> Answer {
    let code = body.code.into();
    let confirmed = app.accounts.confirm(&person, &code, &witness).await;
    let unproven = unproven(&app, &person, &witness, "user.totp.confirm");
    let codes = confirmed.inspect_err(unproven)?;
    answer::json(&RecoveryCodesView {
        recovery_codes: codes.iter().map(|code| code.expose_secret()).collect(),
    })
}

/// What takes an authenticator away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TotpDisabling)]
pub(crate) struct DisableBody {
    #[schema(format = Password)]
    password: String,
    /// A code of it, or a recovery code.
    code: String,
}

/// Takes the authenticator away.
#[utoipa::path(post, path = "/auth/totp/disable", tag = "Identity", request_body = DisableBody,
    responses((status = 204), (status = 422, description = "The password or the code is wrong."),
              (status = 429, description = "Too many wrong guesses.")))]
pub(crate) async fn disable(
    _: NoQuery,
    State(app): State<AppState>,
    Oneself(person): Oneself,
    witness: Witness,
    Json(body): Json<DisableBody>,
) -> Result<Response, Problem> {
    let (password, code) = (body.password.into(), body.code.into());
    let accounts = &app.accounts;
    let disabled = accounts.disable_authenticator(&person, password, &code, &witness);
    let unproven = unproven(&app, &person, &witness, "user.totp.disable");
    disabled.await.inspect_err(unproven)?;
    Ok(answer::no_content())
}

/// Writes down that whoever bears a person's token could not prove that they are that person.
fn unproven<'a>(
    app: &'a AppState,
    person: &'a Principal,
    witness: &'a Witness,
    action: &'static str,
) -> impl Fn(&AccountsError) + 'a {
    move |error| {
        if error.is_of_credentials() {
            let chain = chain_of_reach(&person.reach, &app.tenancy.forest());
            let fact = Fact::new(action, format!("user/{}", person.user)).of([chain]);
            app.refusals().note(witness.clone(), fact);
        }
    }
}
