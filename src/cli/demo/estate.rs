//! The tenants of a demonstration, made through the public API: a distributor with two communities in two
//! regions, and customers in each. What is there already, by its name, is left as it is.

use anyhow::{Context as _, anyhow};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::{Person, person};
use super::provision::{Api, TIME_ZONE};
use crate::access::{Role, Tenants};
use crate::app::App;

/// Two communities, each with the region that it is in.
const COMMUNITIES: [(&str, &str); 2] = [("Lake View", "north"), ("Hill Side", "south")];

/// The customers of each.
const CUSTOMERS: [&str; 2] = ["School", "Clinic"];

/// Where a node stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) community: Uuid,
    pub(super) customer: Uuid,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Estate {
    distributor: Uuid,
    /// Never empty; the communities in turn.
    homes: Vec<Home>,
}

impl Estate {
    /// Makes what is not there yet.
    pub(super) async fn settled(api: &Api) -> anyhow::Result<Self> {
        let plan = found(api, "/admin/plans", "pro").await?;
        let distributor = made(api, "/admin/distributors", json!({ "name": "Demo Water" })).await?;
        let mut communities = Vec::new();
        for (name, region) in COMMUNITIES {
            let body = json!({
                "name": name,
                "region": region,
                "distributor_id": distributor,
                "time_zone": TIME_ZONE,
                "plan_id": plan,
            });
            communities.push(made(api, "/admin/communities", body).await?);
        }
        let mut homes = Vec::new();
        for customer in CUSTOMERS {
            for ((place, _), community) in COMMUNITIES.iter().zip(&communities) {
                let name = format!("{customer} of {place}");
                let body = json!({ "name": name, "community_id": community });
                homes.push(Home {
                    community: *community,
                    customer: made(api, "/admin/customers", body).await?,
                });
            }
        }
        Ok(Self { distributor, homes })
    }

    /// The home of node number `index`.
    pub(super) fn home(&self, index: usize) -> Home {
        self.homes[index % self.homes.len()]
    }

    /// Somebody of every role below those who run the service, with those of the first community.
    pub(super) async fn people(&self, app: &App) -> anyhow::Result<Vec<Person>> {
        let (distributor, home) = (Some(self.distributor), self.home(0));
        let region = Some(COMMUNITIES[0].1.to_owned());
        let community = || Tenants {
            community: Some(home.community),
            ..Tenants::default()
        };
        let all = [
            (
                Role::Distributor,
                Tenants {
                    distributor,
                    ..Tenants::default()
                },
            ),
            (
                Role::RegionAdmin,
                Tenants {
                    distributor,
                    region,
                    ..Tenants::default()
                },
            ),
            (Role::CommunityAdmin, community()),
            (Role::Operator, community()),
            (
                Role::User,
                Tenants {
                    customer: Some(home.customer),
                    ..Tenants::default()
                },
            ),
        ];
        let mut people = Vec::new();
        for (role, tenants) in all {
            let email = format!("{role}@demo.example").replace('_', "-");
            people.push(person(app, &email, role.name(), role, tenants).await?);
        }
        Ok(people)
    }
}

/// The id of what bears the name that `body` says, made where it is not there.
async fn made(api: &Api, path: &str, body: Value) -> anyhow::Result<Uuid> {
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    if let Ok(id) = found(api, path, &name).await {
        return Ok(id);
    }
    let made = api.told(Method::POST, path, Some(&body)).await?;
    id_of(&made).with_context(|| format!("{path}: {name}"))
}

async fn found(api: &Api, path: &str, name: &str) -> anyhow::Result<Uuid> {
    let page = api
        .told(Method::GET, &format!("{path}?limit=200"), None)
        .await?;
    let items = page["items"].as_array().into_iter().flatten();
    let mut named = items.filter(|item| item["name"] == name);
    let found = named
        .next()
        .with_context(|| format!("no {name} in {path}"))?;
    id_of(found)
}

fn id_of(json: &Value) -> anyhow::Result<Uuid> {
    let id = json["id"].as_str().ok_or_else(|| anyhow!("no id"))?;
    Ok(id.parse()?)
}
