//! Who was long in saying what they want: by then they may have lost the right to it.

use std::time::Duration;

use axum::http::request::Parts;

use super::{Asked, recognised};
use crate::app::identity::Freshness;
use crate::http::problem::{Code, Problem};

/// A body that comes within it is of whoever was judged. Otherwise a request could be begun, and done after its right was
/// taken: as late as the deadline of requests allows.
const SOON: Duration = Duration::from_secs(1);

/// Refuses a request whose body was long in coming, where its caller is not what they were when it began. To be asked for
/// behind the body.
pub(crate) async fn still_themselves(parts: &Parts) -> Result<(), Problem> {
    let asked = parts.extensions.get::<Asked>();
    let Some(asked) = asked.filter(|asked| asked.at.elapsed() > SOON) else {
        return Ok(());
    };
    let now = recognised(&asked.app, &parts.headers, Freshness::Now).await?;
    if now == asked.caller {
        return Ok(());
    }
    let detail = "What you may was changed while the body was on its way: ask again.";
    Err(Problem::new(Code::Conflict, detail))
}
