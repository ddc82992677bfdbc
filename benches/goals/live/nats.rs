//! What a NATS server makes of the same: it tells a thousand subscribers what one publisher says, an event at a time.
//!
//! Printed beside, where `nats-server` is installed. Knows just enough of its protocol: it is lines.

use std::io::{self, BufRead as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child as Process, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::measure::per_second;
use crate::runtime;
use crate::store::child::Child;

/// Makes this program those who subscribe: `--subscribe ADDRESS SOCKETS BYTES`.
pub(super) const CHILD: &str = "--subscribe";

/// Events that are published before the server is asked whether it has them: what is not taken is cut off, and
/// this is far less than what it holds for a slow subscriber.
const AT_ONCE: usize = 64;

/// What is read at once.
const PORTION: usize = 64 * 1024;

/// For the server to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A server of the measure's own.
struct Server(Process);

impl Drop for Server {
    fn drop(&mut self) {
        let _has_ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Events a second that so many subscribers are told for so long; none where there is no such server.
pub(super) fn events_per_second(sockets: usize, bytes: usize, span: Duration) -> Option<f64> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    let address = free.expect("there is a free port");
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", &address.port().to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Server(command.spawn().ok()?);
    let runtime = runtime();
    let mut publisher = runtime.block_on(connected(address));
    let (at, count, size) = (address.to_string(), sockets.to_string(), bytes.to_string());
    let mut subscribers = Child::of_this_program(&[CHILD, &at, &count, &size]);
    assert_eq!(subscribers.line(), "subscribed");
    let publishing = async {
        let event = [
            format!("PUB e {bytes}\r\n").as_bytes(),
            &vec![b'x'; bytes],
            b"\r\n",
        ]
        .concat();
        let burst = [event.repeat(AT_ONCE), b"PING\r\n".to_vec()].concat();
        loop {
            publisher.write_all(&burst).await.expect("it is taken");
            until(&mut publisher, b"PONG\r\n").await;
        }
    };
    let told = std::thread::scope(|scope| {
        let counting = scope.spawn(|| subscribers.ask(&span.as_millis().to_string()));
        runtime.block_on(async { timeout(span, publishing).await.is_err() });
        counting.join().expect("a rate is told")
    });
    told.parse().ok()
}

/// A connection to a server that is on its way up.
async fn connected(address: SocketAddr) -> TcpStream {
    let connecting = async {
        loop {
            if let Ok(mut stream) = TcpStream::connect(address).await {
                let said = stream
                    .write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n")
                    .await;
                said.expect("it is taken");
                until(&mut stream, b"PONG\r\n").await;
                return stream;
            }
            sleep(LOOK).await;
        }
    };
    let connected = timeout(PATIENCE, connecting).await;
    connected.expect("the server comes up")
}

/// Reads up to these letters.
async fn until(stream: &mut TcpStream, end: &[u8]) {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        read.push(stream.read_u8().await.expect("the server goes on"));
    }
}

/// Subscribes, and counts what comes whenever it is told for how long.
pub(super) fn obey(address: &str, sockets: &str, bytes: &str) {
    let address: SocketAddr = address.parse().expect("an address");
    let sockets: usize = sockets.parse().expect("a number of sockets");
    let bytes: usize = bytes.parse().expect("a number of bytes");
    let message = format!("MSG e 1 {bytes}\r\n").len() + bytes + 2;
    let (runtime, heard) = (runtime(), Arc::<AtomicUsize>::default());
    let mut tasks = JoinSet::new();
    runtime.block_on(async {
        for _ in 0..sockets {
            let mut stream = connected(address).await;
            let subscribed = stream.write_all(b"SUB e 1\r\nPING\r\n").await;
            subscribed.expect("it is taken");
            until(&mut stream, b"PONG\r\n").await;
            let heard = Arc::clone(&heard);
            tasks.spawn(async move {
                let mut portion = vec![0; PORTION];
                while let Ok(read @ 1..) = stream.read(&mut portion).await {
                    heard.fetch_add(read, Ordering::Relaxed);
                }
            });
        }
    });
    println!("subscribed");
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let span = Duration::from_millis(line.parse().expect("a number"));
        let before = heard.load(Ordering::Relaxed);
        let start = Instant::now();
        runtime.block_on(async { sleep(span).await });
        let events = (heard.load(Ordering::Relaxed) - before) / message;
        println!("{}", per_second(events, start));
        io::stdout().flush().expect("somebody listens");
    }
}
