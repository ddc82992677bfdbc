//! A connection that is listened on: a WebSocket or a stream of server-sent events, with the same frames.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Client;
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::stream::Stream;

/// For a door to open, or for a word to be taken: who is not answered by then comes back.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// What is held of what was sent and not read, at most: little, so that who does not read is felt.
const NARROW_BYTES: u32 = 4 * 1024;

/// What is read and written at once: there are many in one process.
const BUFFER_BYTES: usize = 4 * 1024;

/// What somebody knocks with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub(super) address: SocketAddr,
    pub(super) token: &'a str,
    /// Whether he says who he is once he is in, and not at the door.
    pub(super) is_stranger: bool,
}

/// There is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shut {
    /// Nobody answered.
    Silent,
    /// The status of the refusal.
    Refused(u16),
}

/// What came over a connection.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Utf8Bytes),
    /// It was closed, by this code and with this reason, or without a word.
    End(Option<(u16, String)>),
}

/// See the module.
#[derive(Debug)]
pub(super) enum Line {
    Socket(Box<WebSocketStream<TcpStream>>),
    Stream(Box<Stream>),
}

impl Line {
    /// A WebSocket; a narrow one holds little of what is not read.
    pub(super) async fn socket(visitor: Visitor<'_>, is_narrow: bool) -> Result<Self, Shut> {
        let opening = timeout(ANSWERED_WITHIN, Box::pin(open(visitor, is_narrow))).await;
        let mut line = opening.unwrap_or(Err(Shut::Silent))?;
        if visitor.is_stranger {
            line.auth(visitor.token).await;
        }
        Ok(line)
    }

    /// Says who he is, or still is.
    pub(super) async fn auth(&mut self, token: &str) {
        self.say(json!({ "type": "auth", "token": token }).to_string())
            .await;
    }

    /// A stream of a topic.
    pub(super) async fn stream(
        visitor: Visitor<'_>,
        client: &Client,
        (topic, mode, since): (&str, &str, Option<&str>),
    ) -> Result<Self, Shut> {
        let Visitor { address, token, .. } = visitor;
        let url = format!("http://{address}/api/v1/stream?topic={topic}&mode={mode}");
        let request = client.get(url).bearer_auth(token);
        let opening = timeout(ANSWERED_WITHIN, Stream::open(request, since)).await;
        match opening {
            Ok(Ok(stream)) => Ok(Self::Stream(Box::new(stream))),
            Ok(Err(Some(status))) => Err(Shut::Refused(status.as_u16())),
            Ok(Err(None)) | Err(_) => Err(Shut::Silent),
        }
    }

    /// Asks for a topic, where the door did not ask already.
    pub(super) async fn subscribe(&mut self, topic: &str, mode: &str, since: Option<&str>) {
        let mut asked = json!({ "type": "subscribe", "topic": topic, "mode": mode });
        if let Some(since) = since {
            asked["since"] = since.into();
        }
        self.say(asked.to_string()).await;
    }

    /// Gives the sign of life that was asked for.
    pub(super) async fn pong(&mut self) {
        self.say(json!({ "type": "pong" }).to_string()).await;
    }

    async fn say(&mut self, text: String) {
        if let Self::Socket(socket) = self {
            // Where it is not taken, that is heard of next.
            let _taken = timeout(ANSWERED_WITHIN, socket.send(Message::text(text))).await;
        }
    }

    /// Says that he leaves, as polite people do.
    pub(super) async fn leave(mut self) {
        if let Self::Socket(socket) = &mut self {
            let _taken = timeout(ANSWERED_WITHIN, socket.close()).await;
        }
    }

    /// What comes next. Whoever stops waiting for it loses nothing.
    pub(super) async fn next(&mut self) -> Heard {
        let socket = match self {
            Self::Stream(stream) => {
                let next = stream.next().await;
                return next.map_or(Heard::End(None), |text| Heard::Frame(text.into()));
            }
            Self::Socket(socket) => socket,
        };
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Heard::Frame(text),
                Some(Ok(Message::Close(close))) => {
                    let told = |it: tokio_tungstenite::tungstenite::protocol::CloseFrame| {
                        (it.code.into(), it.reason.to_string())
                    };
                    return Heard::End(close.map(told));
                }
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_),
                )) => {}
                Some(Err(_)) | None => return Heard::End(None),
            }
        }
    }
}

async fn open(visitor: Visitor<'_>, is_narrow: bool) -> Result<Line, Shut> {
    let Visitor { address, token, .. } = visitor;
    let socket = TcpSocket::new_v4().map_err(|_| Shut::Silent)?;
    if is_narrow {
        let narrowed = socket.set_recv_buffer_size(NARROW_BYTES);
        narrowed.map_err(|_| Shut::Silent)?;
    }
    let stream = socket.connect(address).await.map_err(|_| Shut::Silent)?;
    let request = format!("ws://{address}/api/v1/ws").into_client_request();
    let mut request = request.map_err(|_| Shut::Silent)?;
    if !visitor.is_stranger {
        let bearer = format!("Bearer {token}").parse();
        let bearer = bearer.map_err(|_| Shut::Silent)?;
        request.headers_mut().insert("authorization", bearer);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(Line::Socket(Box::new(socket))),
        Err(Error::Http(answer)) => Err(Shut::Refused(answer.status().as_u16())),
        Err(_) => Err(Shut::Silent),
    }
}
