//! A Redis of a test's own: in memory alone, on a free port, gone with the value.
//!
//! It ends with the process that began it, however that ends: its keeper waits for the end of a pipe.
//! Made by blocking calls, before a test's own time begins. Where the machine has no Redis, the test
//! fails and says what to install; it is never passed over.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Between two looks at a server that starts.
const LOOK: Duration = Duration::from_millis(20);

/// A server is up at once; on a busy machine it takes longer: a minute of looks.
const LOOKS: u32 = 3_000;

/// A server that is up answers within it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Kills the server at once when standard input ends, which it does with the process that holds it.
const KEEPER: &str = r#"exec 3<&0; "$@" </dev/null & server=$!; read -r _ <&3; kill -KILL "$server"; wait "$server""#;

/// A running, or stopped, server.
#[derive(Debug)]
pub(crate) struct Redis {
    port: u16,
    keeper: Option<Child>,
}

impl Redis {
    /// An empty server, ready for connections.
    pub(crate) fn start() -> Self {
        let mut server = Self {
            port: free_port(),
            keeper: None,
        };
        server.start_again();
        server
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The port it listens on, also when it is started again.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash would: what it knew is gone, connections break.
    pub(crate) fn stop_immediately(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _status = keeper.wait();
        }
    }

    /// Starts it, on the same port and empty.
    ///
    /// # Panics
    /// When it is not there, or does not come up within a minute.
    pub(crate) fn start_again(&mut self) {
        assert!(
            Command::new("redis-server")
                .arg("--version")
                .output()
                .is_ok(),
            "redis-server is not there: install Redis 5 or newer (Debian: redis-server)"
        );
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh", "redis-server"]);
        keeper.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        keeper.args(["--save", "", "--appendonly", "no"]);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null());
        self.keeper = Some(keeper.spawn().unwrap());
        self.wait_until_ready();
    }

    /// What it answers to a command in one line, as a person with `telnet` would see it.
    pub(crate) fn say(&self, command: &str) -> io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWERS_WITHIN)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        write!(stream, "{command}\r\n")?;
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    fn wait_until_ready(&mut self) {
        for _ in 0..LOOKS {
            if self.say("PING").is_ok_and(|answer| answer == "+PONG\r\n") {
                return;
            }
            let keeper = self.keeper.as_mut();
            if keeper.is_some_and(|keeper| keeper.try_wait().unwrap().is_some()) {
                break;
            }
            pause();
        }
        panic!("Redis did not start");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop_immediately();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, before a test's own time begins"
)]
fn pause() {
    std::thread::sleep(LOOK);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
