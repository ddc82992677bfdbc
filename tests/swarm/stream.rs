//! Server-sent events, as programs read them.

use reqwest::{RequestBuilder, Response, StatusCode};

/// One who listens to server-sent events.
#[derive(Debug)]
pub(crate) struct Stream {
    answer: Response,
    unread: String,
    /// The place of the newest event that had one.
    pub(crate) cursor: Option<String>,
}

impl Stream {
    /// Asks for a stream, behind a place.
    ///
    /// # Errors
    /// The status of a refusal; none where nobody answers.
    pub(crate) async fn open(
        request: RequestBuilder,
        cursor: Option<&str>,
    ) -> Result<Self, Option<StatusCode>> {
        let request = match cursor {
            Some(cursor) => request.header("last-event-id", cursor),
            None => request,
        };
        let answer = request.send().await.map_err(|_| None)?;
        if answer.status() != StatusCode::OK {
            return Err(Some(answer.status()));
        }
        Ok(Self {
            answer,
            unread: String::new(),
            cursor: cursor.map(str::to_owned),
        })
    }

    /// The next frame; `None` at the end. Whoever stops waiting for it loses nothing.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            while let Some(end) = self.unread.find("\n\n") {
                let event: String = self.unread.drain(..end + 2).collect();
                if let Some(data) = self.read(&event) {
                    return Some(data);
                }
            }
            let part = self.answer.chunk().await.ok()??;
            self.unread.push_str(std::str::from_utf8(&part).ok()?);
        }
    }

    /// As browsers do: the place is taken over also where nothing is said.
    fn read(&mut self, event: &str) -> Option<String> {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        if let Some(cursor) = field("id:") {
            self.cursor = Some(cursor.trim().to_owned()).filter(|it| !it.is_empty());
        }
        field("data: ").map(str::to_owned)
    }
}
