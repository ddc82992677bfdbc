//! A process that is a simulated ThingSpeak: channels that all speak at the fastest pace, by turns.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use evara::app::clock::SystemClock;
use evara::app::listener::{HeaderNames, Listener, bind};
use evara::simulator::fleet::Report;
use evara::simulator::{Knobs, Node, Simulator, World, router};
use evara_actors::ports::Clock as _;
use tower::ServiceExt as _;

/// Makes this program such a process: `--simulate CHANNELS`.
pub(crate) const CHILD: &str = "--simulate";

/// Between two entries of a channel: the fastest that ThingSpeak takes.
pub(crate) const INTERVAL: Duration = Duration::from_secs(15);

/// What a channel holds at the start: enough entries to tell its rhythm.
const PAST_S: i64 = 300;

/// Each device speaks once in [`INTERVAL`], and each second as many as in any other.
struct Steady {
    devices: usize,
    told_to_s: i64,
}

impl World for Steady {
    fn nodes(&self) -> Vec<Node> {
        let node = |number| Node {
            kind: "tank".to_owned(),
            name: format!("Tank {number}"),
            labels: std::array::from_fn(|field| (field < 2).then(|| format!("field {field}"))),
            ..Node::default()
        };
        (0..self.devices).map(node).collect()
    }

    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        let interval = INTERVAL.as_secs() as usize;
        for created_at_s in self.told_to_s + 1..=now_s {
            let turn = created_at_s.rem_euclid(interval as i64) as usize;
            for device in (turn..self.devices).step_by(interval) {
                let mut fields = [const { None }; 8];
                fields[0] = Some(format!("{:.1}", 120.0 + turn as f64));
                fields[1] = Some("24.5".to_owned());
                emit(Report {
                    device,
                    created_at_s,
                    fields,
                });
            }
        }
        self.told_to_s = self.told_to_s.max(now_s);
    }
}

/// How many channels this process was started to be, if it is such a child.
pub(crate) fn as_child(args: &[String]) -> Option<usize> {
    let [flag, channels] = args else {
        return None;
    };
    (flag == CHILD).then(|| channels.parse().ok())?
}

/// Tells where it is, and answers until it is killed.
pub(crate) async fn serve(channels: usize) {
    let clock = Arc::new(SystemClock::new());
    let told_to_s = clock.now().millis() / 1_000 - PAST_S;
    let world = Steady {
        devices: channels,
        told_to_s,
    };
    let knobs = Knobs {
        first_channel_id: 1,
        public_channels: true,
        keep_entries: 100,
        ..Knobs::default()
    };
    let simulator = Arc::new(Simulator::with_world(world, knobs, clock));
    let routes = router(simulator);
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = bind(here).await.expect("there is a free port");
    let answer = move |request, _from| {
        let routes = routes.clone();
        async move {
            let Ok(response) = routes.oneshot(request).await;
            response
        }
    };
    let listener = Listener::start(socket, HeaderNames::Title, answer);
    let listener = listener.expect("a socket has an address");
    println!("http://{}", listener.address());
    std::future::pending::<()>().await;
}
