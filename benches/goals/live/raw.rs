//! The least that telling many of something takes: one event after another, written to each of as many sockets and
//! read from them, by a process that knows them all and one that looks at nothing.

use std::io::{self, BufRead as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::measure::per_second;
use crate::store::child::Child;

/// Makes this program who writes: `--write SOCKETS BYTES`.
pub(super) const WRITES: &str = "--write";

/// Makes this program who reads: `--read ADDRESS SOCKETS`.
pub(super) const READS: &str = "--read";

/// What is read at once.
const PORTION: usize = 64 * 1024;

/// Both processes.
#[derive(Debug)]
pub(super) struct Raw {
    writer: Child,
    _reader: Child,
}

impl Raw {
    /// Over so many sockets, events of so many bytes.
    pub(super) fn over(sockets: usize, bytes: usize) -> Self {
        let (sockets, bytes) = (sockets.to_string(), bytes.to_string());
        let mut writer = Child::of_this_program(&[WRITES, &sockets, &bytes]);
        let address = writer.line();
        let reader = Child::of_this_program(&[READS, &address, &sockets]);
        assert_eq!(writer.line(), "connected");
        Self {
            writer,
            _reader: reader,
        }
    }

    /// Events a second, written for so long.
    pub(super) fn events_per_second(&mut self, span: Duration) -> f64 {
        let said = self.writer.ask(&span.as_millis().to_string());
        said.parse().expect("a rate is told")
    }
}

/// Writes for as long as it is told to, each time that it is.
pub(super) fn write(runtime: &Runtime, sockets: &str, bytes: &str) {
    let bytes = bytes.parse().expect("a number of bytes");
    let sockets: usize = sockets.parse().expect("a number of sockets");
    let streams = runtime.block_on(async {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(here).await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        println!("{address}");
        let mut streams = Vec::new();
        while streams.len() < sockets {
            let (stream, _) = listener.accept().await.expect("somebody connects");
            stream.set_nodelay(true).expect("it is a TCP socket");
            streams.push(stream);
        }
        streams
    });
    println!("connected");
    let mut streams = streams;
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let span = Duration::from_millis(line.parse().expect("a number"));
        let (rate, back) = runtime.block_on(written(streams, bytes, span));
        streams = back;
        println!("{rate}");
        io::stdout().flush().expect("somebody listens");
    }
}

async fn written(streams: Vec<TcpStream>, bytes: usize, span: Duration) -> (f64, Vec<TcpStream>) {
    let (count, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut stream in streams {
        let (count, is_over) = (Arc::clone(&count), Arc::clone(&is_over));
        tasks.spawn(async move {
            let event = vec![b'x'; bytes];
            while !is_over.load(Ordering::Relaxed) {
                stream.write_all(&event).await.expect("somebody reads");
                count.fetch_add(1, Ordering::Relaxed);
            }
            stream
        });
    }
    sleep(span).await;
    is_over.store(true, Ordering::Relaxed);
    let rate = per_second(count.load(Ordering::Relaxed), start);
    (rate, tasks.join_all().await)
}

/// Reads for ever.
pub(super) async fn read(address: &str, sockets: &str) {
    let sockets: usize = sockets.parse().expect("a number of sockets");
    let mut tasks = JoinSet::new();
    for _ in 0..sockets {
        let stream = TcpStream::connect(address).await;
        let mut stream = stream.expect("the writer takes connections");
        tasks.spawn(async move {
            let mut portion = vec![0; PORTION];
            while stream.read(&mut portion).await.is_ok_and(|read| read > 0) {}
        });
    }
    tasks.join_all().await;
}
