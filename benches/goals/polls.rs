//! Whether two thousand channels are polled as often as they speak, and what that costs.
//!
//! The simulator is another process, reached by HTTP as the hosted service is; from the poller to the
//! sink everything here is what runs in the service. The host's budget is raised: by default, no host is
//! asked more often than a hundred times a second, and this needs more.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use evara::app::clock::SystemClock;
use evara::thingspeak::{BaseUrl, HttpTransport, Keyring, ThingSpeak};
use evara_actors::domain::{ChannelId, Kind, NodeSpec, Timestamp};
use evara_actors::ingest::{Budget, GateSettings};
use evara_actors::ports::Clock;
use evara_actors::system::{Settings, System};
use tokio::time::{Instant, sleep};

use crate::measure::cpu_seconds;
use crate::steady::{CHILD, INTERVAL};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime, world};

/// Until every poller has learnt its channel's rhythm from what the channel holds.
const WARM_UP: Duration = Duration::from_secs(5);

/// A poll that is later than this is behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// For a host that may be asked ten times as often.
const GATE: GateSettings = GateSettings {
    host: Budget::try_new(60_000, 6_000).expect("a burst is less than a minute's"),
    channel: Budget::CHANNEL,
};

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let (channels, span) = (size.pick(2_000, 200), size.pick(60, 12));
    let mut simulator = Simulator::start(channels);
    let seen = runtime().block_on(watch(&simulator.url, channels, Duration::from_secs(span)));
    simulator.stop();
    let row = |what: &str, figure, ceiling: Option<f64>, goals| Row {
        what: what.to_owned(),
        figure: Figure::once(figure),
        ceiling: ceiling.map(Figure::once),
        goals,
    };
    let polls = format!("polls of {channels} channels in {span} s, beside those due every 15 s");
    vec![
        row(
            &polls,
            seen.polls,
            Some(seen.polls_due),
            vec![Goal::RatioAtLeast(0.95)],
        ),
        row(
            "entries read meanwhile, beside those written",
            seen.entries,
            Some(seen.entries_due),
            Vec::new(),
        ),
        row(
            "pollers more than 1 s late at the end, or failing",
            seen.behind,
            None,
            vec![Goal::AtMost(0.0)],
        ),
        row(
            "CPU of the service meanwhile, % of one core",
            seen.cpu_percent,
            None,
            Vec::new(),
        ),
    ]
}

/// What came of it.
struct Seen {
    polls: f64,
    polls_due: f64,
    entries: f64,
    entries_due: f64,
    behind: f64,
    cpu_percent: f64,
}

async fn watch(url: &str, channels: usize, span: Duration) -> Seen {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let system = system(url, channels, Arc::clone(&clock)).await;
    sleep(WARM_UP).await;
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (polls, entries) = counts(&system);
    sleep(span).await;
    let (polls_after, entries_after) = counts(&system);
    let (elapsed, cpu_after) = (start.elapsed().as_secs_f64(), cpu_seconds());
    let due = channels as f64 * elapsed / INTERVAL.as_secs_f64();
    Seen {
        polls: polls_after - polls,
        polls_due: due,
        entries: entries_after - entries,
        entries_due: due,
        behind: behind(&system, clock.now()) as f64,
        cpu_percent: (cpu_after - cpu) / elapsed * 100.0,
    }
}

async fn system(url: &str, channels: usize, clock: Arc<dyn Clock>) -> Arc<System> {
    let url = BaseUrl::parse(url).expect("the simulator has an address");
    let transport = HttpTransport::reaching(&url).expect("no TLS is needed");
    let keys = Arc::new(Keyring::new(None));
    let feed = Arc::new(ThingSpeak::new(url, Arc::new(transport), keys));
    let settings = Settings {
        gate: GATE,
        ..Settings::default()
    };
    let nodes = (0..channels).map(node).collect();
    world::start(feed, clock, settings, nodes).await
}

/// Each has a channel of its own.
fn node(number: usize) -> NodeSpec {
    let mut spec = world::node(Kind::Tank, number);
    if let Some(binding) = &mut spec.channel {
        binding.channel_id = ChannelId(1 + number as u64);
    }
    spec
}

/// Polls and entries so far, of all pollers.
fn counts(system: &System) -> (f64, f64) {
    let views = system.pollers().into_iter().map(|poller| poller.view());
    views.fold((0.0, 0.0), |(polls, entries), view| {
        let counts = &view.counts;
        (polls + counts.polls as f64, entries + counts.entries as f64)
    })
}

fn behind(system: &System, now: Timestamp) -> usize {
    let late = |at: Timestamp| now.since(at) > PATIENCE;
    let views = system.pollers().into_iter().map(|poller| poller.view());
    views
        .filter(|view| view.consecutive_failures > 0 || view.next_poll_at.is_some_and(late))
        .count()
}

/// The process that is polled.
struct Simulator {
    process: Child,
    url: String,
}

impl Simulator {
    fn start(channels: usize) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program);
        child
            .args([CHILD, &channels.to_string()])
            .stdout(Stdio::piped());
        let mut process = child.spawn().expect("this program can be started again");
        let output = process.stdout.take().expect("it is piped");
        let mut url = String::new();
        let told = BufReader::new(output).read_line(&mut url);
        told.expect("the simulator tells where it is");
        let url = url.trim().to_owned();
        Self { process, url }
    }

    fn stop(&mut self) {
        self.process.kill().expect("the simulator runs until now");
        self.process.wait().expect("the simulator ends");
    }
}
