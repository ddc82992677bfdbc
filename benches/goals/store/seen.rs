//! What it costs that people see only what is theirs: a twin, asked for by its owner as often as can be,
//! beside a bare handler that returns the same bytes; and what a list of ten thousand asks the database.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::database::Server;
use super::pusher::Pusher;
use super::service::{Directory, Service};
use super::{fleet, person};
use crate::client::{self, Target};
use crate::measure::in_turns;
use crate::table::{Figure, Goal, Row};
use crate::{Size, http, runtime};

/// The longest page.
const PAGE: usize = 200;

/// For how long it has to be quiet.
const LOOK: Duration = Duration::from_secs(1);

/// The tenants are read anew now and then, and whoever asks is known for five seconds.
const NEXT_TO_NOTHING: f64 = 20.0;

/// Many times what ten thousand nodes take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Until every twin has something to tell.
const WARM_UP: Duration = Duration::from_secs(10);

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let nodes = size.pick(fleet::NODES, 500);
    let (server, data, runtime) = (Server::start(), Directory::new(), runtime());
    let database = server.database("service");
    let owned = |number| person::owned(fleet::node(number));
    runtime.block_on(async {
        person::move_in(&database).await;
        fleet::provision_postgres(&database, 0..nodes, owned).await;
    });
    let service = Service::start_with_log(Some(&database), &data);
    let token = person::residents_token();
    let owner = |path: &str| Target::new(service.address(), &format!("/api/v1{path}"), &token);
    runtime.block_on(quiet(&service));
    let asked = || runtime.block_on(asked(&service));
    let before = asked();
    let listed = runtime.block_on(listed(&owner));
    let queries = asked() - before;
    assert_eq!(listed, nodes, "the owner sees all of them");
    let mut pusher = Pusher::start(service.address(), nodes);
    pusher.bulks(size.pick(WARM_UP, WARM_UP / 10));
    let twin = owner(&format!("/nodes/{}/twin", fleet::node_id(0)));
    let body = runtime.block_on(client::get(&twin));
    let listener = runtime.block_on(http::bare(body));
    let bare = Target::new(listener.address(), "/", "none");
    let answers = |target| http::answers(&runtime, target, size.pick(3, 1));
    let (figure, ceiling) = in_turns(size.pick(7, 1), || answers(&twin), || answers(&bare));
    let (tool, connections) = (http::tool(), http::CONNECTIONS);
    let pages = nodes.div_ceil(PAGE);
    vec![
        Row {
            what: format!(
                "`GET /nodes/{{id}}/twin` by its owner, counted, log at info, requests/s, {tool}, {connections} connections"
            ),
            figure: Figure::median(&figure),
            ceiling: Some(Figure::median(&ceiling)),
            goals: vec![Goal::RatioAtLeast(0.5)],
        },
        Row {
            what: format!(
                "queries of the database while an owner lists {nodes} nodes on {pages} pages"
            ),
            figure: Figure::once(queries),
            ceiling: None,
            goals: vec![Goal::AtMost(pages as f64)],
        },
    ]
}

/// Waits until the service asks its database for next to nothing by itself: it looks at each node once after
/// it started, and what is pushed is rolled up.
async fn quiet(service: &Service) {
    let begun = Instant::now();
    loop {
        let before = asked(service).await;
        sleep(LOOK).await;
        if asked(service).await - before < NEXT_TO_NOTHING {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the service comes to rest");
    }
}

/// How many queries the service has asked its database so far.
async fn asked(service: &Service) -> f64 {
    let queries = read(&service.target("/admin/queries")).await;
    let queries = queries["items"].as_array().expect("it is a list").iter();
    let counts = queries.map(|query| query["count"].as_u64().expect("it is counted"));
    counts.sum::<u64>() as f64
}

/// How many nodes there are on all pages of the list.
async fn listed(owner: &impl Fn(&str) -> Target) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = read(&owner(&format!("/nodes?limit={PAGE}{cursor}"))).await;
        count += page["items"].as_array().expect("it is a list").len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

async fn read(target: &Target) -> Value {
    let body = client::get(target).await;
    serde_json::from_slice(&body).expect("it is JSON")
}
