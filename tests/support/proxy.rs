//! A way to a server that a test can break: it passes bytes on, delays them, loses them without a word, or
//! is not there.
//!
//! Runs on the test's own runtime and ends with the value. What is sent while bytes are lost never arrives,
//! as with a firewall that forgot the connection: no reset, no end, also not afterwards.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What is read at once.
const PORTION_BYTES: usize = 64 * 1024;

/// Portions on their way, each way of a connection.
const ON_THE_WAY: usize = 64;

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They arrive.
    Open,
    /// They arrive so much later, in either direction.
    Slow(Duration),
    /// They are taken and never arrive; connections are taken, too.
    Lost,
    /// There is no connection, and those that there were are broken.
    Closed,
}

/// A listener in front of a server.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    way: watch::Sender<Way>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// In front of the server on `port` of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = watch::Sender::new(Way::Open);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, server, way.subscribe()));
        Self {
            port,
            way,
            _tasks: tasks,
        }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on, bytes go this way; also those of connections that are open.
    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, way: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        // One that is dropped at once looks to the client like a server that has gone.
        if *way.borrow() != Way::Closed {
            connections.spawn(connected(client, server, way.clone()));
        }
    }
}

async fn connected(client: TcpStream, server: SocketAddr, mut way: watch::Receiver<Way>) {
    let mut closed = way.clone();
    let both = async {
        // A connection that begins while bytes are lost reaches nobody before they are not.
        drop(way.wait_for(|way| *way != Way::Lost).await);
        let Ok(server) = TcpStream::connect(server).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = pass(from_client, to_server, way.clone()) => {}
            () = pass(from_server, to_client, way.clone()) => {}
        }
    };
    tokio::select! {
        () = both => {}
        _ = closed.wait_for(|way| *way == Way::Closed) => {}
    }
}

/// Bytes, and when they arrive.
type Portion = (Instant, Vec<u8>);

/// Ends when either side does.
async fn pass(from: OwnedReadHalf, to: OwnedWriteHalf, way: watch::Receiver<Way>) {
    let (sender, receiver) = mpsc::channel(ON_THE_WAY);
    tokio::join!(send_off(from, sender, way), deliver(receiver, to));
}

async fn send_off(
    mut from: OwnedReadHalf,
    on_the_way: mpsc::Sender<Portion>,
    way: watch::Receiver<Way>,
) {
    let mut buffer = vec![0; PORTION_BYTES];
    let mut is_lost = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let now = *way.borrow();
        let delay = match now {
            Way::Slow(delay) => delay,
            Way::Open | Way::Lost | Way::Closed => Duration::ZERO,
        };
        // What follows on lost bytes makes no sense to the other side.
        is_lost |= now == Way::Lost;
        let portion = (Instant::now() + delay, buffer[..length].to_vec());
        if !is_lost && on_the_way.send(portion).await.is_err() {
            return;
        }
    }
    // The end is lost like everything else.
    if is_lost || *way.borrow() == Way::Lost {
        std::future::pending::<()>().await;
    }
}

async fn deliver(mut on_the_way: mpsc::Receiver<Portion>, mut to: OwnedWriteHalf) {
    while let Some((at, bytes)) = on_the_way.recv().await {
        sleep_until(at).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
