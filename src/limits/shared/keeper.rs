//! Looks for Redis while it is away, and after it while it is there, so that no request has to find out.

use std::sync::Arc;
use std::time::Duration;

use redis::Client;
use tokio::time::{sleep, timeout};

use super::line::Line;
use super::{Link, Silence};
use crate::limits::gcra::Quota;

/// A name, a connection and a handshake across a continent.
const OPENS_WITHIN: Duration = Duration::from_secs(2);

/// What a Redis that is away costs: a connection a second. One that answers the first question of each line
/// and no other keeps those waiting who ask at that moment, and nobody else until the next one.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How old it may be that Redis is said to be there, where nobody asks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The account that the keeper asks for: that it is level again tells that Redis takes what is written.
const OWN: &str = "keeper";

/// Goes on until it is dropped.
pub(super) async fn keep(link: Arc<Link>, client: Client) {
    let mut is_new = true;
    loop {
        match opened(&link, &client).await {
            Ok(line) => {
                tracing::info!("limits are shared through Redis");
                link.line.store(Some(Arc::clone(&line)));
                is_new = false;
                watched(&link, &line).await;
            }
            Err(silence) if is_new => {
                is_new = false;
                let why: &dyn std::error::Error = &silence;
                tracing::warn!(why, "Redis is not there: each process limits by itself");
            }
            Err(_still) => {}
        }
        sleep(AGAIN_AFTER).await;
    }
}

/// A line over which Redis has decided once.
async fn opened(link: &Link, client: &Client) -> Result<Arc<Line>, Silence> {
    let opening = timeout(OPENS_WITHIN, Line::open(client));
    let line = opening.await.map_err(|_elapsed| Silence::Late)??;
    link.asked(&line, OWN, Quota::MOST).await?;
    Ok(Arc::new(line))
}

/// Ends when the line is given up, by this or by somebody else.
async fn watched(link: &Link, line: &Arc<Line>) {
    loop {
        tokio::select! {
            () = link.broken.notified() => return,
            () = sleep(LOOK_EVERY) => {}
        }
        if let Err(silence) = link.asked(line, OWN, Quota::MOST).await {
            link.give_up(line, &silence);
        }
    }
}
