//! How long a day of one node takes to read over HTTP out of ten million rows, and a year of its days.
//!
//! Beside each, how long a bare client takes to read the same rows from the database and do nothing with them.

use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::database::{self, Server};
use super::service::{Directory, Service};
use super::{fleet, plans};
use crate::client::{Connection, Target};
use crate::measure::{Rounds, in_turns};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime};

/// Days of readings, of which each has 1,440.
const DAYS: usize = 7;

/// Questions of a round, each for another node and day.
const ASKED: usize = 200;

/// A reading a minute up to the last midnight, of `$COUNT` tanks.
const FILL_MINUTES: &str = "INSERT INTO telemetry_tank \
    (node, source_at, source, received_at, revision, distance_cm, temperature_c, level_pct, volume_l) \
    SELECT id, at, '\\x00'::bytea || int8send(1) || int8send(minute), at + interval '1 s', minute, \
           170 + 90 * sin(minute / 240.0), 24, 50 - 30 * sin(minute / 240.0), 6000 - 4000 * sin(minute / 240.0) \
    FROM (SELECT id FROM nodes ORDER BY id OFFSET $FIRST LIMIT $COUNT) AS node, \
         generate_series(0, $DAYS * 1440 - 1) AS minute, \
         LATERAL (SELECT $MIDNIGHT - make_interval(mins => $DAYS * 1440 - minute) AS at) AS time";

/// What each of the last `$SPANS` spans comes to, by two metrics.
const FILL_ROLLUPS: &str = "INSERT INTO $TABLE \
    (node, at, metric, until, count, sum, min, max, first_at, first, last_at, last, passed, refused) \
    SELECT id, at, metric, at + $SPAN, $MINUTES, $MINUTES * 170, 80, 260, \
           at, 170, at + $SPAN - interval '1 min', 171, 0, 0 \
    FROM nodes, unnest(ARRAY['distance_cm', 'temperature_c']) AS metric, generate_series(1, $SPANS) AS span, \
         LATERAL (SELECT $MIDNIGHT - span * $SPAN AS at) AS time \
    ORDER BY id, at, metric";

/// That these were made by the nodes' own rule.
const FILL_RULES: &str = "INSERT INTO rollup_rules (node, zone, terms, since) \
    SELECT id, spec #>> '{config,time_zone}', (spec #> '{config,meter}')::text, '2000-01-01' FROM nodes";

/// The last midnight of the nodes' zone, which has no summer time.
const MIDNIGHT: &str =
    "(date_trunc('day', now() AT TIME ZONE 'Asia/Kolkata') AT TIME ZONE 'Asia/Kolkata')";

/// Nodes whose rows a statement writes.
const AT_ONCE: usize = 50;

const BARE_DAY: &str = "SELECT source_at::text, received_at::text, distance_cm, temperature_c FROM telemetry_tank \
    WHERE node = $1::text::uuid AND source_at >= $2::text::timestamptz AND source_at < $3::text::timestamptz \
    ORDER BY source_at";

const BARE_YEAR: &str = "SELECT * FROM rollup_days \
    WHERE node = $1::text::uuid AND at >= $2::text::timestamptz AND at < $3::text::timestamptz \
    ORDER BY at, metric";

/// Questions of one sort.
struct Asking {
    what: String,
    /// What follows the span in the query.
    query: &'static str,
    accept: &'static str,
    bare: &'static str,
    days: usize,
}

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let nodes = size.pick(1_000, 10);
    let (server, data, runtime) = (Server::start(), Directory::new(), runtime());
    let url = server.database("service");
    runtime.block_on(fleet::provision_postgres(&url, 0..nodes, fleet::tank));
    let readings = fill(&server, nodes);
    let midnight = server.ask(
        "service",
        &format!("SELECT extract(epoch FROM {MIDNIGHT})::bigint"),
    );
    let plans = plans::row(&server, readings);
    let scene = Scene {
        service: Service::start(Some(&url), &data),
        client: runtime.block_on(database::connect(&url)),
        runtime,
        nodes,
        midnight_s: midnight.trim().parse().expect("it is a number"),
        rounds: size.pick(5, 1),
    };
    let day = Asking {
        what: format!("a day of one node, 1,440 readings of {readings}, ms"),
        query: "",
        accept: "application/x-ndjson",
        bare: BARE_DAY,
        days: 1,
    };
    let year = Asking {
        what: "a year of one node by day, two metrics, ms".to_owned(),
        query: "&metric=distance_cm,temperature_c&bucket=1d&agg=min,max,avg",
        accept: "application/json",
        bare: BARE_YEAR,
        days: 365,
    };
    [scene.rows(&day), scene.rows(&year)]
        .into_iter()
        .flatten()
        .chain([plans])
        .collect()
}

/// Writes all readings, and tells how many they are.
fn fill(server: &Server, nodes: usize) -> usize {
    let midnight = |sql: &str| {
        sql.replace("$MIDNIGHT", MIDNIGHT)
            .replace("$DAYS", &DAYS.to_string())
    };
    let month = format!("SELECT make_telemetry_month(({MIDNIGHT} - interval '{DAYS} days')::date)");
    server.ask("service", &month);
    for first in (0..nodes).step_by(AT_ONCE) {
        let sql = midnight(FILL_MINUTES).replace("$FIRST", &first.to_string());
        server.ask("service", &sql.replace("$COUNT", &AT_ONCE.to_string()));
    }
    for (table, minutes, spans) in [("rollup_hours", 60, DAYS * 24), ("rollup_days", 1_440, 365)] {
        let sql = midnight(FILL_ROLLUPS)
            .replace("$TABLE", table)
            .replace("$SPANS", &spans.to_string())
            .replace("$SPAN", &format!("interval '{minutes} min'"))
            .replace("$MINUTES", &minutes.to_string());
        server.ask("service", &sql);
    }
    server.ask("service", FILL_RULES);
    server.ask("service", "VACUUM ANALYZE");
    server.number("service", "SELECT count(*) FROM telemetry_tank") as usize
}

struct Scene {
    service: Service,
    client: Client,
    runtime: Runtime,
    nodes: usize,
    midnight_s: i64,
    rounds: usize,
}

impl Scene {
    fn rows(&self, asking: &Asking) -> Vec<Row> {
        let (mut halves, mut lasts, mut asked) = (Vec::new(), Vec::new(), 0);
        let (figure, ceiling) = in_turns(
            self.rounds,
            || {
                asked += ASKED;
                let took = self.runtime.block_on(self.ask(asking, asked));
                halves.push(took.percentile(0.5));
                lasts.push(took.percentile(0.99));
                took.percentile(0.95)
            },
            || {
                self.runtime
                    .block_on(self.ask_bare(asking))
                    .percentile(0.95)
            },
        );
        let row = |part: &str, figure, ceiling, goals| Row {
            what: format!("{}, {part}", asking.what),
            figure,
            ceiling,
            goals,
        };
        let beside = |rounds: Vec<f64>| Figure::median(&Rounds::new(rounds));
        let goals = vec![Goal::AtMost(20.0)];
        vec![
            row(
                "p95",
                Figure::median(&figure),
                Some(Figure::median(&ceiling)),
                goals,
            ),
            row("p50", beside(halves), None, Vec::new()),
            row("p99", beside(lasts), None, Vec::new()),
        ]
    }

    /// The node and the span of a question, the same ones in no order.
    fn choice(&self, asking: &Asking, question: usize) -> (String, String, String) {
        /// A prime, so that every node has its turn.
        const STEP: usize = 7_919;
        const DAY_S: i64 = 24 * 3600;
        let node = fleet::node_id(question * STEP % self.nodes);
        let newest = question % (DAYS + 1 - asking.days.min(DAYS));
        let to = self.midnight_s - newest as i64 * DAY_S;
        let text = |seconds| evara_actors::domain::Timestamp::from_secs(seconds).to_string();
        (
            node.to_string(),
            text(to - asking.days as i64 * DAY_S),
            text(to),
        )
    }

    /// How long each of some questions takes, in milliseconds.
    async fn ask(&self, asking: &Asking, from: usize) -> Rounds {
        let connection = &mut Connection::open(&self.service.target("/")).await;
        let mut took = Vec::with_capacity(ASKED);
        for question in from..from + ASKED {
            let (node, first, last) = self.choice(asking, question);
            let query = asking.query;
            let path = format!("/nodes/{node}/telemetry?from={first}&to={last}{query}");
            let target: Target = self.service.target(&path).accepting(asking.accept);
            let begun = Instant::now();
            let answer = connection.get(&target).await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            let told = String::from_utf8_lossy(answer);
            assert!(
                told.len() > asking.days * 100,
                "there is more to tell: {told}"
            );
        }
        Rounds::new(took)
    }

    async fn ask_bare(&self, asking: &Asking) -> Rounds {
        let statement = self.client.prepare(asking.bare).await;
        let statement = statement.expect("the tables are there");
        let mut took = Vec::with_capacity(ASKED);
        for question in 0..ASKED {
            let (node, first, last) = self.choice(asking, question);
            let begun = Instant::now();
            let rows = self.client.query(&statement, &[&node, &first, &last]).await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            assert!(!rows.expect("the tables are there").is_empty());
        }
        Rounds::new(took)
    }
}
