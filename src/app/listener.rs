//! A socket that is listened on: connections in, requests out, everything bounded.
//!
//! Knows nothing of what is asked. The server that axum brings has neither a limit of connections nor
//! one of the time that headers may take, which is why this one is here.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once that are asked by; the next ones wait in the system's queue. Each holds a descriptor and
/// up to 128 KiB. Those who listen give their place back, see [`Place`].
pub(crate) const MAX_CONNECTIONS: usize = 768;

/// Connections that wait in the system's queue, where it allows so many: all who listen may come back within a second. Who finds
/// it full tries again after a second, then after two, and so on.
const WAITING_CONNECTIONS: u32 = 4_096;

/// What the system keeps of what a client has not made room for yet; it would keep some megabytes by itself. What is under
/// way does not count, so that long lines are as fast as ever. Who listens and does not read is found out by then.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// A client sends its headers at once, or is holding a connection for the sake of it.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Head and unread body of a request in memory, per connection.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// After so long a connection answers what it was asked and is closed: clients that do not read, or
/// never leave, must not keep their place.
const CONNECTION_LIFE: Duration = Duration::from_secs(10 * 60);

/// How long a connection that is to close may take for the answer in hand.
const CLOSING_WITHIN: Duration = Duration::from_secs(10);

/// What the system says for want of descriptors passes; asking again at once would be a busy loop.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How much clients may take up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// How long the head of a request may take, and a connection may be idle.
    pub headers_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            headers_within: HEADERS_WITHIN,
        }
    }
}

/// The place of a connection among those that are asked by. Every request has it among its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    /// Gives the place back: the connection is asked nothing more, and whoever keeps it counts it among others.
    pub(crate) fn leave(&self) {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(place);
    }
}

/// How names of headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderNames {
    /// In lower case, as everyone does.
    Lower,
    /// Like-This: libraries of small devices look for `Content-Length:` letter by letter.
    Title,
}

/// A socket that answers.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be listened on{}", hint(source))]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

fn hint(source: &io::Error) -> &'static str {
    if source.kind() == io::ErrorKind::AddrInUse {
        ": is another process using the port?"
    } else if source.kind() == io::ErrorKind::PermissionDenied {
        ": ports below 1024 need a privilege"
    } else {
        ""
    }
}

/// Takes the address; nothing is answered yet.
///
/// # Errors
/// When another process has it, or it is none of this machine's.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let bound = bound(address);
    bound.map_err(|source| BindError { address, source })
}

fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Who comes after one that ended takes its port, whoever of its clients is still there.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_CONNECTIONS)
}

impl Listener {
    /// Has every request on `socket`, with the address it comes from, answered by `answer`.
    ///
    /// # Errors
    /// When the socket cannot tell its address.
    pub fn start<A, F>(socket: TcpListener, names: HeaderNames, answer: A) -> io::Result<Self>
    where
        A: Fn(Request, SocketAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        Self::start_within(Limits::default(), socket, names, answer)
    }

    /// [`Listener::start`], within other limits.
    ///
    /// # Errors
    /// When the socket cannot tell its address.
    pub fn start_within<A, F>(
        limits: Limits,
        socket: TcpListener,
        names: HeaderNames,
        answer: A,
    ) -> io::Result<Self>
    where
        A: Fn(Request, SocketAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let listener = Self {
            address: socket.local_addr()?,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (stop, tasks) = (listener.stop.clone(), listener.tasks.clone());
        listener.tasks.spawn(async move {
            let accepting = accept(&socket, &tasks, &stop, (limits, names), answer);
            // The socket is closed with this task: later connections are refused, not left waiting.
            stop.run_until_cancelled(accepting).await;
        });
        Ok(listener)
    }

    /// Where it is reached.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and waits for the answers in hand, `within` this time. Tells whether
    /// all of them were given.
    pub async fn drain(&self, within: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        timeout(within, self.tasks.wait()).await.is_ok()
    }
}

impl Drop for Listener {
    /// Nobody is left who could end it.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept<A, F>(
    socket: &TcpListener,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    terms: (Limits, HeaderNames),
    answer: A,
) where
    A: Fn(Request, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(terms.0.connections));
    loop {
        // Never closed, so that this is never an error.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match socket.accept().await {
            Ok((stream, peer)) => {
                let place = Place(Arc::new(Mutex::new(Some(place))));
                let connection = connection((stream, peer), terms, place.clone(), answer.clone());
                tasks.spawn(closed_in_time(connection, stop.clone(), place));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

fn connection<A, F>(
    (stream, peer): (TcpStream, SocketAddr),
    (limits, names): (Limits, HeaderNames),
    place: Place,
    answer: A,
) -> http1::UpgradeableConnection<
    TokioIo<TcpStream>,
    impl hyper::service::Service<
        hyper::Request<hyper::body::Incoming>,
        Response = Response,
        Error = Infallible,
        Future: Send,
    >,
>
where
    A: Fn(Request, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    hold_little_back(&stream);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(place.clone());
        let answered = answer(request, peer);
        async move { Ok(answered.await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers_within)
        .max_buf_size(MAX_BUFFER_BYTES)
        .title_case_headers(names == HeaderNames::Title)
        .serve_connection(TokioIo::new(stream), service)
        // What becomes of a connection that is upgraded is no affair of requests any more.
        .with_upgrades()
}

/// Where the system refuses, it stays as it is.
fn hold_little_back(stream: &TcpStream) {
    // Answers are written whole; waiting for more of them only delays the last part.
    let _as_it_is = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _as_it_is = SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
}

/// Serves a connection until it closes, is told to, or has lived long enough.
async fn closed_in_time<S>(
    connection: http1::UpgradeableConnection<TokioIo<TcpStream>, S>,
    stop: CancellationToken,
    _place: Place,
) where
    S: hyper::service::Service<
            hyper::Request<hyper::body::Incoming>,
            Response = Response,
            Error = Infallible,
        > + Send,
    S::Future: Send,
{
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that broke off is its own affair.
        _ended = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = sleep(CONNECTION_LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _cut_off = timeout(CLOSING_WITHIN, connection).await;
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;

    use super::*;

    const HERE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered_with_a_status_and_nothing_else() {
        let never = |_: Request, _: SocketAddr| async { "no request".into_response() };
        let socket = bind(HERE).await.unwrap();
        let listener = Listener::start(socket, HeaderNames::Title, never).unwrap();
        let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(MAX_BUFFER_BYTES));
        let long = &long[..MAX_BUFFER_BYTES];
        for (sent, status) in [
            ("GET / is no request\r\n\r\n", "400 Bad Request"),
            (long, "431 Request Header Fields Too Large"),
        ] {
            let mut stream = TcpStream::connect(listener.address()).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(
                head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{head}"
            );
            assert_eq!(body, "");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn of_what_is_not_read_the_system_keeps_little() {
        let socket = bind(HERE).await.unwrap();
        let reader = TcpSocket::new_v4().unwrap();
        reader.set_recv_buffer_size(4 * 1024).unwrap();
        let connecting = reader.connect(socket.local_addr().unwrap());
        let (_reader, accepted) = tokio::join!(connecting, socket.accept());
        let (stream, _) = accepted.unwrap();
        hold_little_back(&stream);
        let mut kept = 0;
        while let Ok(Ok(())) = timeout(Duration::from_millis(200), stream.writable()).await {
            kept += stream.try_write(&[0; 16 * 1024]).unwrap_or_default();
            assert!(kept < 4 * UNSENT_BYTES as usize, "{kept} bytes are kept");
        }
        assert!(kept >= 16 * 1024, "{kept} bytes are all that is taken");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_as_such() {
        let taken = bind(HERE).await.unwrap();
        let error = bind(taken.local_addr().unwrap()).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is another process using the port?"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn an_answer_in_hand_is_given_before_the_socket_ends() {
        let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (was_asked, may_go_on) = (Arc::clone(&asked), Arc::clone(&go_on));
        let answer = move |_: Request, _: SocketAddr| {
            let (asked, go_on) = (Arc::clone(&asked), Arc::clone(&go_on));
            async move {
                asked.notify_one();
                go_on.notified().await;
                "late but true".into_response()
            }
        };
        let socket = bind(HERE).await.unwrap();
        let listener = Listener::start(socket, HeaderNames::Title, answer).unwrap();
        let address = listener.address();
        let drained = async {
            was_asked.notified().await;
            let drained = listener.drain(Duration::from_secs(5));
            let finished = async {
                tokio::task::yield_now().await;
                may_go_on.notify_one();
            };
            tokio::join!(drained, finished).0
        };
        let (answer, drained) = tokio::join!(ask(address), drained);
        assert!(
            answer.contains("Content-Length: 13") && answer.ends_with("late but true"),
            "{answer}"
        );
        assert!(drained);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
