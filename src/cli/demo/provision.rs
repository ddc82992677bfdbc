//! Makes the fleet's nodes through the service's public API, as any client would.
//!
//! What is there already is left as it is, so that it may be done again after it was cut off anywhere.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::task::{JoinError, JoinSet};

use super::estate::{Estate, Home};
use crate::simulator::ChannelCard;
use crate::simulator::fleet::{Device, DeviceKind, DeviceModel, TankShape};

/// Longer than the service takes for any request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Nodes made at once: while one is synced to the disk, others are read.
const AT_ONCE: usize = 8;

/// The campus is in Hyderabad.
pub(super) const TIME_ZONE: &str = "Asia/Kolkata";

/// Nearer than this an ultrasonic sensor hears itself; the fleet's hang higher above the water.
const BLIND_ZONE_M: f64 = 0.2;

/// The API of a service on this machine.
#[derive(Debug, Clone)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: SecretString,
}

impl Api {
    pub(super) fn new(address: SocketAddr, token: &SecretString) -> anyhow::Result<Self> {
        let client = Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .timeout(ANSWER_WITHIN)
            .build()?;
        Ok(Self {
            client,
            base: format!("http://{address}/api/v1"),
            token: token.clone(),
        })
    }

    /// Makes a node of each device, reading the channel at the same place of `channels`.
    pub(super) async fn provision(
        &self,
        devices: &[Device],
        channels: &[ChannelCard],
        estate: &Estate,
    ) -> anyhow::Result<()> {
        let mut under_way = JoinSet::new();
        let pairs = devices.iter().cloned().zip(channels.iter().cloned());
        for (index, (device, channel)) in pairs.enumerate() {
            let home = estate.home(index);
            if under_way.len() == AT_ONCE {
                ended(under_way.join_next().await)?;
            }
            let api = self.clone();
            under_way.spawn(async move {
                let named = || format!("node {}", device.key);
                api.provision_one(&device, &channel, home)
                    .await
                    .with_context(named)
            });
        }
        while let Some(one) = under_way.join_next().await {
            ended(Some(one))?;
        }
        Ok(())
    }

    async fn provision_one(
        &self,
        device: &Device,
        channel: &ChannelCard,
        home: Home,
    ) -> anyhow::Result<()> {
        let key = &device.key;
        if !self.exists(&format!("/nodes/key:{key}")).await? {
            self.send(Method::POST, "/nodes", &node(device, home))
                .await?;
        }
        let path = format!("/devices/key:{key}/channel");
        if !self.exists(&path).await? {
            self.send(Method::PUT, &path, &binding(device, channel))
                .await?;
        }
        Ok(())
    }

    async fn exists(&self, path: &str) -> anyhow::Result<bool> {
        match self.ask(Method::GET, path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(false),
            (status, _) if status.is_success() => Ok(true),
            (status, problem) => Err(anyhow!("GET {path} answered {status}: {problem}")),
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
        self.told(method, path, Some(body)).await.map(|_told| ())
    }

    /// What is answered, if that is what was asked for.
    pub(super) async fn told(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, text) = self.ask(method.clone(), path, body).await?;
        if status.is_success() {
            return Ok(serde_json::from_str(&text)?);
        }
        Err(anyhow!("{method} {path} answered {status}: {text}"))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, String)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            let json = reqwest::header::HeaderValue::from_static("application/json");
            request = request
                .header(reqwest::header::CONTENT_TYPE, json)
                .body(body.to_string());
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

/// How one of the nodes fared, if it was waited for.
fn ended(one: Option<Result<anyhow::Result<()>, JoinError>>) -> anyhow::Result<()> {
    one.map_or(Ok(()), |one| one.context("a node was cut off")?)
}

fn node(device: &Device, home: Home) -> Value {
    let kind = match device.kind {
        DeviceKind::Tank => "tank",
        DeviceKind::Flow => "flow",
        DeviceKind::Deep => "deep",
    };
    let mut config = config(&device.model);
    config["expected_interval_s"] = device.interval_s.into();
    config["time_zone"] = TIME_ZONE.into();
    json!({
        "node_key": device.key,
        "label": device.name,
        "kind": kind,
        "category": device.category,
        "community_id": home.community,
        "customer_id": home.customer,
        "lat": device.latitude,
        "lng": device.longitude,
        "config": config,
    })
}

fn config(model: &DeviceModel) -> Value {
    match model {
        DeviceModel::Tank {
            shape,
            sensor_height_m,
            full_height_m,
        } => json!({
            "tank": {
                "geometry": geometry(shape),
                "full_height_m": full_height_m,
                "sensor_height_m": sensor_height_m,
                "blind_zone_m": BLIND_ZONE_M,
            },
        }),
        DeviceModel::Flow {
            modulus_l,
            max_flow_lpm,
            ..
        } => json!({
            "meter": { "modulus_l": modulus_l, "max_flow_lpm": max_flow_lpm },
        }),
        DeviceModel::Deep {
            probe_depth_m,
            pump_intake_m,
            ..
        } => json!({
            "well": { "probe_depth_m": probe_depth_m, "intake_depth_m": pump_intake_m },
        }),
    }
}

fn geometry(shape: &TankShape) -> Value {
    match *shape {
        TankShape::Rectangular {
            length_m, width_m, ..
        } => {
            json!({ "shape": "rectangular", "length_m": length_m, "width_m": width_m })
        }
        TankShape::VerticalCylinder { radius_m, .. } => {
            json!({ "shape": "vertical_cylinder", "radius_m": radius_m })
        }
        TankShape::HorizontalCylinder { radius_m, length_m } => {
            json!({ "shape": "horizontal_cylinder", "radius_m": radius_m, "length_m": length_m })
        }
        TankShape::Sphere { radius_m } => json!({ "shape": "sphere", "radius_m": radius_m }),
        TankShape::HorizontalCapsule { radius_m, length_m } => {
            json!({ "shape": "horizontal_capsule", "radius_m": radius_m, "cylinder_m": length_m })
        }
        TankShape::VerticalCapsule { radius_m, length_m } => {
            json!({ "shape": "vertical_capsule", "radius_m": radius_m, "cylinder_m": length_m })
        }
    }
}

fn binding(device: &Device, channel: &ChannelCard) -> Value {
    let rule = |map: &crate::simulator::fleet::FieldMapEntry| {
        let rule = json!({ "metric": map.metric, "scale": map.scale, "offset": map.offset });
        (format!("field{}", map.field), rule)
    };
    let rules: serde_json::Map<_, _> = device.maps.iter().map(rule).collect();
    json!({
        "channel_id": channel.id,
        "read_api_key": channel.read_api_key,
        "field_map": rules,
    })
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::{Metric, NodeConfig};

    use super::*;
    use crate::simulator::fleet::Fleet;

    #[test]
    fn every_device_of_a_fleet_has_a_description_that_the_service_can_use() {
        for device in Fleet::new(1, 48, 0).devices() {
            let mut described = config(&device.model);
            // The stored form has no defaults inside of a tank, a meter or a well; the API has.
            for (part, field, value) in [
                ("tank", "dead_height_m", json!(0.0)),
                ("meter", "bidirectional", json!(false)),
                ("meter", "resets_on_restart", json!(false)),
                ("well", "settle_minutes", json!(120)),
            ] {
                if let Some(part) = described.get_mut(part) {
                    part[field] = value;
                }
            }
            let read: NodeConfig = serde_json::from_value(described).unwrap();
            assert_eq!(read.check(), [], "{}", device.key);
            for map in &device.maps {
                let metric: Metric = map.metric.parse().unwrap();
                assert!(Metric::KNOWN.contains(&metric), "{metric}");
            }
        }
    }
}
