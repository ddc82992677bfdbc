//! The listener: connections in, each served by the edge, none for longer than it may.
//!
//! Owns every connection's task. A client that sends slowly, or one that opens connections by the
//! thousand, must never keep others from being served.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Edge;

/// How the listener deals with its clients.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Connections at once. What comes beyond waits in the kernel's queue: each costs some 20 KB here.
    pub connections: usize,
    /// How long the head of a request may take to arrive, and how long a connection may be idle.
    pub header_read_timeout: Duration,
    /// How long requests in flight are waited for at the end.
    pub grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_read_timeout: Duration::from_secs(10),
            // Longer than any request may take.
            grace: super::edge::DEADLINE + Duration::from_secs(2),
        }
    }
}

/// The head of a request: names, values and path together. Ours are far smaller.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// More headers than this are an attack.
const MAX_HEADERS: usize = 100;

/// After accepting failed, for want of file descriptors as a rule: trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener that serves, until it is told to stop.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
    grace: Duration,
}

impl Server {
    /// Listens at `address` and serves from now on; port 0 takes any.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(
        address: SocketAddr,
        edge: Arc<Edge>,
        settings: ServerSettings,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let server = Self {
            address: listener.local_addr()?,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            grace: settings.grace,
        };
        let listening = Listening {
            edge,
            builder: builder(&settings),
            seats: Arc::new(Semaphore::new(settings.connections)),
            tasks: server.tasks.clone(),
            stop: server.stop.clone(),
            cut: server.cut.clone(),
        };
        server.tasks.spawn(listening.accept(listener));
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, ends those that are idle, waits for requests in flight as long as the
    /// grace lasts, and drops the rest. Answers whether all of them ended by themselves.
    pub async fn stop(self) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let in_time = tokio::time::timeout(self.grace, self.tasks.wait())
            .await
            .is_ok();
        self.cut.cancel();
        self.tasks.wait().await;
        in_time
    }
}

fn builder(settings: &ServerSettings) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(true)
        .half_close(false);
    builder
}

struct Listening {
    edge: Arc<Edge>,
    builder: Builder,
    seats: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Listening {
    async fn accept(self, listener: TcpListener) {
        loop {
            let seated = async {
                let seat = Arc::clone(&self.seats).acquire_owned().await;
                (seat, listener.accept().await)
            };
            let (seat, accepted) = tokio::select! {
                seated = seated => seated,
                () = self.stop.cancelled() => return,
            };
            match (seat, accepted) {
                (Ok(seat), Ok((stream, _))) => self.seat(stream, seat),
                (_, Err(error)) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                (Err(_closed), Ok(_)) => return,
            }
        }
    }

    fn seat(&self, stream: TcpStream, seat: OwnedSemaphorePermit) {
        // Answers are written whole: to wait for more would only delay them.
        let _kept_slow = stream.set_nodelay(true);
        let edge = Arc::clone(&self.edge);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = Arc::clone(&edge).answer(request.map(Body::new));
            async move { Ok::<_, std::convert::Infallible>(answer.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let (stop, cut) = (self.stop.clone(), self.cut.clone());
        self.tasks.spawn(async move {
            let _seat = seat;
            let mut connection = pin!(connection);
            tokio::select! {
                // A client that breaks off is no event here.
                _ended = connection.as_mut() => return,
                () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                _ended = connection => {}
                () = cut.cancelled() => {}
            }
        });
    }
}
