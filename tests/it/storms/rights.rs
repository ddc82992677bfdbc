//! Some of those who listen are put out, and some are moved to where they see something else.

use std::collections::BTreeSet;

use evara::app::clock::SystemClock;
use evara_actors::ports::Clock as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::program::Caller;
use super::super::swarm::{Hidden, Nodes, Person};
use super::fleet::Fleet;
use super::storm::{Site, Storm};
use super::{CLIENTS, ROUNDS, nothing_is_wrong};

/// Until the five seconds are over within which it takes effect, and some more.
const AFTERWARDS: u32 = 2 * ROUNDS;

/// Somebody who was invited.
struct Guest {
    path: String,
    token: String,
}

async fn make(caller: &Caller, what: &str, body: Value) -> Value {
    let path = format!("/api/v1/admin/{what}");
    let made = caller.send("POST", &path, &body.to_string()).await;
    made["id"].clone()
}

async fn invite(site: &Site, name: &str, community: &Value) -> Guest {
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "name": name, "role": "operator", "community_id": community,
                       "with_password": true });
    let (caller, body) = (&site.caller, body.to_string());
    let made = caller.send("POST", "/api/v1/admin/users", &body).await;
    let password = made["one_time_password"].as_str().unwrap();
    let guest = Caller::signed_in(&site.line, &email, password).await;
    Guest {
        path: format!("/api/v1/admin/users/{}", made["id"].as_str().unwrap()),
        token: guest.token,
    }
}

/// Changes what somebody may, and says what he must not be told of from now on.
async fn change(caller: &Caller, guest: &Guest, patch: &Value, nodes: &[Uuid]) -> Option<Hidden> {
    let changed = caller.ask("PATCH", &guest.path, &patch.to_string()).await;
    assert_eq!(changed.status(), StatusCode::OK);
    Some(Hidden {
        nodes: nodes.iter().copied().collect(),
        since: SystemClock::new().now(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_see_something_no_more_is_told_nothing_of_it_five_seconds_later() {
    let site = Site::start(&[], &[]).await;
    let caller = &site.caller;
    let distributor = make(caller, "distributors", json!({ "name": "North" })).await;
    // Without one they are held to a few sockets each.
    let plan = make(caller, "plans", json!({ "name": "no limits" })).await;
    let village =
        |name: &str| json!({ "name": name, "distributor_id": distributor, "plan_id": plan });
    let upper = make(caller, "communities", village("Upper village")).await;
    let lower = make(caller, "communities", village("Lower village")).await;
    let fleet = Fleet::made(caller, &[upper.clone(), lower.clone()]).await;
    let all = fleet.staying.clone();
    let of_upper: Vec<Uuid> = all.iter().copied().step_by(2).collect();
    let out = invite(&site, "out", &upper).await;
    let moved = invite(&site, "moved", &upper).await;
    let people = [&caller.token, &out.token, &moved.token];
    let people = people.map(|token| Person::with(token)).to_vec();
    let mut storm = Storm::of(CLIENTS, site, fleet, people);
    storm.blow(ROUNDS).await;

    storm.swarm().set(|stage| {
        for person in &mut stage.people[1..] {
            person.is_changing = true;
        }
    });
    let disabled = json!({ "disabled": true });
    let elsewhere = json!({ "community_id": lower });
    let (of_out, of_moved) = tokio::join!(
        change(storm.caller(), &out, &disabled, &all),
        change(storm.caller(), &moved, &elsewhere, &of_upper)
    );
    storm.swarm().set(|stage| {
        stage.people[1].is_out = true;
        stage.people[1].hidden = of_out;
        stage.people[2].hidden = of_moved;
    });
    storm.blow(AFTERWARDS).await;
    let of_upper: BTreeSet<Uuid> = of_upper.into_iter().collect();
    let findings = storm.settle_as(|truth| {
        let is_of_lower = |id: &Uuid| all.contains(id) && !of_upper.contains(id);
        let of_lower = truth.clone().into_iter().filter(|(id, _)| is_of_lower(id));
        let of_lower: Nodes = of_lower.collect();
        vec![truth, Nodes::new(), of_lower]
    });
    let findings = findings.await;
    nothing_is_wrong(&findings);
    let put_out = findings.ends[&4401] as usize;
    assert!(put_out > CLIENTS / 6, "{findings}");
}
