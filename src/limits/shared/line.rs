//! A connection to Redis that many ask over at once, and the script that each of them asks for.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisResult, ServerErrorKind, cmd};

use crate::limits::gcra::Quota;

const SCRIPT: &str = include_str!("take.lua");

/// Others may keep other things in the same database.
const PREFIX: &str = "evara:limit:";

/// See the module. Who asks has to say how long they wait.
pub(super) struct Line {
    connection: MultiplexedConnection,
    /// What Redis calls the script.
    digest: String,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// A connection of its own, over which the script is known.
    pub(super) async fn open(client: &Client) -> RedisResult<Self> {
        let untimed = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let opening = client.get_multiplexed_async_connection_with_config(&untimed);
        let mut connection = Box::pin(opening).await?;
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(SCRIPT);
        let digest = load.query_async(&mut connection).await?;
        Ok(Self { connection, digest })
    }

    /// Runs the script once; `now` is Redis's own time but for a law.
    pub(super) async fn take(
        &self,
        account: &str,
        quota: Quota,
        now: Option<u64>,
    ) -> RedisResult<u64> {
        let call = |name: &str, script: &str| {
            let mut call = cmd(name);
            call.arg(script).arg(1).arg(format!("{PREFIX}{account}"));
            call.arg(quota.interval()).arg(quota.window()).arg(now);
            call
        };
        let mut connection = self.connection.clone();
        let known = call("EVALSHA", &self.digest);
        match known.query_async(&mut connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                // Somebody flushed the scripts.
                let whole = call("EVAL", SCRIPT);
                whole.query_async(&mut connection).await
            }
            answer => answer,
        }
    }
}
