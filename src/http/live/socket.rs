//! A WebSocket from the inside: what its client asks for, what he is told, and when it ends.
//!
//! One task, which either listens or speaks: while a client does not read, nothing is made for him, and what
//! he asks waits in his own connection. Whatever he says that is wrong costs him an answer and not the socket,
//! unless he floods; what breaks the protocol ends it, as RFC 6455 says.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use super::asked::{self, Asked};
use super::end::{
    self, CLOSED_WITHIN, Done, End, Frames, TOO_SLOW, broken, restarting, said, too_many,
};
use super::frame::Frame;
use super::seats::{Seat, Standing, given_away};
use super::topic::Topic;
use super::topics::Topics;
use super::watch::{Sight, Wanted};
use super::who::{DEMOTED, KEPT_OUT, LOOK_EVERY, Look, Who};
use super::ws::Visitor;
use crate::address::ClientAddress;
use crate::app::identity::{Known, Unknown};
use crate::http::guard::{Scope, limits as shares};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// Between two signs of life that are asked for; who misses two is taken for gone.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// For a client to say who he is.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// For a client to take what is sent to him: a phone in a tunnel may need so long.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// What one listens to at once: every node of a large community, one by one.
const MOST_TOPICS: usize = 1_000;

/// A WebSocket.
pub(super) struct Socket {
    app: AppState,
    socket: WebSocket,
    session: Uuid,
    client: ClientAddress,
    who: Option<(Who, Seat)>,
    /// While nobody is known.
    stranger: Option<Standing>,
    /// From the first of them on.
    topics: Option<Topics>,
    closing: signal::Receiver<bool>,
    began: Instant,
    /// At a stranger, for the last time.
    looked_at: Instant,
    heard_at: Instant,
    pinged_at: Instant,
    frames: Frames,
}

/// What there is to do.
enum Next {
    Hear(Option<Result<Message, axum::Error>>),
    Tell,
    Look,
    Beat,
    End(End),
}

impl Socket {
    pub(super) fn new(
        app: AppState,
        socket: WebSocket,
        (client, visitor): (ClientAddress, Visitor),
    ) -> Self {
        let now = Instant::now();
        let (who, stranger) = match visitor {
            Visitor::Known(who) => (Some(who), None),
            Visitor::Stranger(standing) => (None, Some(standing)),
        };
        Self {
            closing: app.live().closing.subscribe(),
            app,
            socket,
            session: Uuid::new_v4(),
            client,
            who,
            stranger,
            topics: None,
            began: now,
            looked_at: now,
            heard_at: now,
            pinged_at: now,
            frames: Frames::new(now),
        }
    }

    /// Serves it to its end.
    pub(super) async fn serve(&mut self) {
        let window = self.app.system.broadcast().bounds().span;
        let hello = Frame::hello(self.session, HEARTBEAT, window);
        let mut done = self.send(vec![hello]).await;
        while done.is_ok() {
            done = match self.what_is_next().await {
                // Apart: it takes more room than all else, and is seldom under way.
                Next::Hear(message) => Box::pin(self.hear(message)).await,
                Next::Tell => self.tell().await,
                Next::Look => self.look().await,
                Next::Beat => self.beat().await,
                Next::End(end) => Err(end),
            };
        }
        self.account(&done).await;
        if let Err(End::Said(code, reason)) = done {
            let reason = reason.into_owned().into();
            let last = CloseFrame { code, reason };
            let tally = &self.app.live().tally;
            end::close(&mut self.socket, last, (&mut self.closing, tally)).await;
        }
    }

    /// Whoever leaves without having said who he is counts as a stranger: so many may come from an address.
    async fn account(&mut self, done: &Done) {
        let is_ours = matches!(done, Err(End::Said(1012, _)));
        if self.stranger.take().is_some_and(|_| !is_ours) {
            let _counted = self.app.limits.stranger(self.client).await;
        }
    }

    async fn what_is_next(&mut self) -> Next {
        let now = Instant::now();
        let beat_at = self.pinged_at + HEARTBEAT;
        let look_at = match &self.who {
            Some((who, _)) => who.look_at(),
            None => (self.began + KNOWN_WITHIN).min(self.looked_at + LOOK_EVERY),
        };
        if now >= look_at {
            return Next::Look;
        }
        if now >= beat_at {
            return Next::Beat;
        }
        tokio::select! {
            _closing = self.closing.wait_for(|closing| *closing) => Next::End(restarting(self.session)),
            () = given_away(self.who.as_ref().map(|(_, seat)| seat)) => Next::End(said(4429, "idle while others wait")),
            message = self.socket.recv() => Next::Hear(message),
            () = news(self.topics.as_ref()) => Next::Tell,
            () = sleep_until(look_at.min(beat_at)) => Next::Beat,
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Done {
        let message = match message {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(message)) => message,
        };
        self.heard_at = Instant::now();
        self.frames.count(self.heard_at)?;
        match message {
            Message::Text(text) => match Asked::read(&text) {
                Ok(asked) => self.answer(asked).await,
                Err(misspelt) => self.invalid(&misspelt.to_string()).await,
            },
            Message::Binary(_) => self.invalid("Frames are text.").await,
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => {
                // It is answered while one goes on reading.
                let _answered = timeout(CLOSED_WITHIN, self.socket.recv()).await;
                Err(End::Gone)
            }
        }
    }

    async fn answer(&mut self, asked: Asked) -> Done {
        match asked {
            Asked::Auth { token } => self.know(token).await,
            Asked::Pong {} => Ok(()),
            Asked::Subscribe {
                topic,
                mode,
                fields,
                since,
            } => match asked::wanted(&topic, mode, fields.as_deref()) {
                Ok(wanted) => self.subscribe(wanted, since.as_deref()).await,
                Err(misspelt) => self.invalid(&misspelt.to_string()).await,
            },
            Asked::Unsubscribe { topic } => self.unsubscribe(&topic).await,
        }
    }

    /// Learns who he is, or hears that he still is.
    async fn know(&mut self, token: String) -> Done {
        // Where too many tokens were wrong, none is looked at for a while.
        let limits = &self.app.limits;
        let is_stranger = self.stranger.is_some();
        if is_stranger && limits.before_failure(self.client).refused.is_some() {
            return Err(said(4429, "too many wrong tokens"));
        }
        let Known { person, at } = match self.app.identities.known(&token).await {
            Ok(known) => known,
            Err(Unknown::Unavailable(_)) => return Err(restarting(self.session)),
            Err(Unknown::Refused | Unknown::NoAccount) => {
                if self.stranger.take().is_some() {
                    let _counted = limits.failure(self.client).await;
                }
                return Err(said(4401, "the token is no use"));
            }
        };
        if shares::count(&self.app, &person).await.is_break() {
            return Err(said(4429, "too many requests"));
        }
        let seat = match self.who.take() {
            Some((who, _)) if who.scope().person().user != person.user => {
                return Err(said(4403, "another person's token"));
            }
            Some((_, seat)) => seat,
            None => {
                let allowed = shares::seats(&self.app, &person);
                let seat = self.app.live().seats.take(&person, allowed);
                seat.map_err(|full| too_many(&full))?
            }
        };
        let scope = Scope::of(&self.app, person);
        let who = Who::known((token, self.client), scope, at);
        self.who = Some((who, seat));
        self.stranger = None;
        self.see().await?;
        self.send(vec![Frame::authenticated()]).await
    }

    async fn subscribe(&mut self, wanted: Wanted, since: Option<&str>) -> Done {
        let Some((who, seat)) = &self.who else {
            return self
                .refuse(Code::Unauthenticated, "Send an auth frame first.")
                .await;
        };
        let (scope, topic) = (who.scope().clone(), wanted.topic);
        if let Err(problem) = topic.check(&self.app, &scope) {
            return self.refuse_for(&problem).await;
        }
        let held = self.topics.as_ref();
        let is_one_more =
            held.is_some_and(|held| held.len() >= MOST_TOPICS && !held.contains(topic));
        if is_one_more {
            let why = "These are too many topics for one socket.";
            return self.refuse(Code::RateLimited, why).await;
        }
        let app = &self.app;
        let listened = || Topics::new(app.system.broadcast().listen(), seat.tally());
        let topics = self.topics.get_or_insert_with(listened);
        if topics.ready().await.is_err() {
            return self
                .refuse(Code::Unavailable, "Nothing can be told yet; ask again.")
                .await;
        }
        let frames = topics.begin(wanted, Sight::from(scope), since, app).await;
        self.is_active();
        self.send(frames).await
    }

    async fn unsubscribe(&mut self, name: &str) -> Done {
        let topic = asked::topic(name).ok();
        let ended = |topic: &Topic| self.topics.as_mut().is_some_and(|held| held.end(*topic));
        match topic.filter(ended) {
            Some(topic) => {
                self.is_active();
                self.send(vec![Frame::unsubscribed(topic)]).await
            }
            None => {
                self.refuse(Code::NotFound, "This topic is not listened to.")
                    .await
            }
        }
    }

    /// Tells the next of each topic, so that none waits for another to be done.
    async fn tell(&mut self) -> Done {
        let behind = self.topics.as_mut().map(Topics::behind);
        for topic in behind.unwrap_or_default() {
            // A reader who takes his time with one frame after another is told none that he may not see by then.
            if *self.closing.borrow() {
                return Ok(());
            }
            if self.is_to_be_looked_at() {
                self.look().await?;
            }
            let Some(topics) = &mut self.topics else {
                continue;
            };
            let frames = topics.next(topic, self.app.live());
            if !frames.is_empty() {
                self.is_active();
            }
            self.send(frames).await?;
        }
        Ok(())
    }

    /// He was told something, or asked for it.
    fn is_active(&self) {
        if let Some((_, seat)) = &self.who {
            seat.is_active(self.topics.as_ref().map_or(0, Topics::len));
        }
    }

    fn is_to_be_looked_at(&self) -> bool {
        let who = self.who.as_ref();
        who.is_some_and(|(who, _)| who.look_at() <= Instant::now())
    }

    async fn look(&mut self) -> Done {
        let Some((who, _)) = &mut self.who else {
            return self.look_at_stranger();
        };
        match who.look(&self.app).await {
            Look::Same => Ok(()),
            Look::Other => self.see().await,
            Look::Demoted => Err(said(4401, DEMOTED)),
            Look::Out => Err(said(4401, "the token is no use any more")),
            Look::KeptOut => Err(said(4403, KEPT_OUT)),
        }
    }

    fn look_at_stranger(&mut self) -> Done {
        self.looked_at = Instant::now();
        if !self.app.border.gate().admits(self.client) {
            return Err(said(4403, KEPT_OUT));
        }
        if self.began.elapsed() >= KNOWN_WITHIN {
            return Err(said(4401, "nobody said who he is"));
        }
        Ok(())
    }

    /// Has every topic be seen as he sees it now, and those that are not there for him any more end.
    async fn see(&mut self) -> Done {
        let (Some((who, _)), Some(topics)) = (&self.who, &mut self.topics) else {
            return Ok(());
        };
        let sight = Sight::from(who.scope().clone());
        let app = &self.app;
        let frames = topics.look(&sight, app.live(), |topic| {
            topic.check(app, &sight.scope).is_ok()
        });
        self.send(frames).await
    }

    /// Asks for a sign of life, and tells the places that he has come to while nothing happened that he sees.
    async fn beat(&mut self) -> Done {
        if self.heard_at.elapsed() > 2 * HEARTBEAT {
            return Err(said(TOO_SLOW, "no sign of life"));
        }
        if self.pinged_at.elapsed() < HEARTBEAT {
            return Ok(());
        }
        self.pinged_at = Instant::now();
        let live = self.app.live();
        let places = self.topics.as_mut().map(|topics| topics.cursors(live));
        let ping = Frame::ping(places.unwrap_or_default().into_iter());
        self.send(vec![ping]).await
    }

    async fn invalid(&mut self, why: &str) -> Done {
        self.refuse(Code::InvalidRequest, why).await
    }

    async fn refuse(&mut self, code: Code, why: &str) -> Done {
        self.send(vec![Frame::error(code, why)]).await
    }

    async fn refuse_for(&mut self, problem: &Problem) -> Done {
        let said = problem.view("");
        self.refuse(said.code, said.detail).await
    }

    async fn send(&mut self, frames: Vec<Frame>) -> Done {
        for frame in frames {
            let text = Message::Text(frame.json);
            match timeout(TAKEN_WITHIN, self.socket.send(text)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(End::Gone),
                Err(_elapsed) => return Err(said(TOO_SLOW, "too slow")),
            }
        }
        Ok(())
    }
}

/// Waits until there is something to tell; for ever where nobody listens to anything.
async fn news(topics: Option<&Topics>) {
    match topics {
        Some(topics) => topics.news().await,
        None => std::future::pending().await,
    }
}
