//! The truth checker: what the simulator's channels hold, what the store holds, and that these agree.
//!
//! It reads texts by itself, without the service's own normalising, so that a mistake in that is seen.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use evara::simulator::{FaultOrder, router};
use evara::thingspeak::{Limits, Request, RouterTransport, Transport};
use evara_actors::domain::{
    ChannelId, EntryId, FieldRule, Metric, NodeId, NodeSpec, Revision, Source, StatusState,
    Timestamp,
};
use evara_actors::ports::{Archive, Point, Saved, TelemetryQuery};
use evara_actors::twin::Twin;

use super::World;

/// A row of a channel, as its device wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrueRow {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) fields: [Option<String>; 8],
}

/// What a node has of one row.
type Stored = BTreeMap<(EntryId, Timestamp), Vec<Point>>;

/// More than any test writes.
const ALL: u32 = 1_000_000;

/// More than a channel ever waits to be asked.
const LONGEST_SILENCE: Duration = Duration::from_secs(17 * 60);

/// How often twins judge their age, and then some.
const STATUS_LAG: Duration = Duration::from_secs(3);

impl World {
    /// Every row that a channel holds, oldest first, bent by no fault.
    pub(crate) async fn rows(&self, channel: ChannelId) -> Vec<TrueRow> {
        let cards = self.simulator.channels();
        let card = cards.iter().find(|card| card.id == channel.0).unwrap();
        let clean = [&card.faults, &self.simulator.host_faults()];
        assert!(
            clean.iter().all(|order| **order == FaultOrder::default()),
            "a broken simulator tells no truth"
        );
        let limits = Limits {
            body_bytes: usize::MAX,
            ..Limits::STANDARD
        };
        let simulator = RouterTransport::with_limits(router(self.simulator.clone()), limits);
        // So that no answer to somebody else comes from the cache.
        let now = self.now().millis();
        let url = format!("http://localhost/channels/{channel}/feeds.json?results=8000&now={now}");
        let key = card.read_api_key.clone().into();
        let request = Request::new(url.parse().unwrap(), Some(key));
        let answer = simulator.get(request).await.unwrap();
        let feed: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        feed["feeds"].as_array().unwrap().iter().map(row).collect()
    }

    /// Asserts that the store holds what the devices wrote, each reading once; that the twins stand
    /// where their channels stand; and that nobody was asked too often.
    pub(crate) async fn verify(&self) {
        let wire = self.wire.most_a_minute();
        assert!(wire <= 15, "a channel was asked {wire} times in a minute");
        let views = self.views();
        assert_eq!(views.len(), self.specs.len());
        let read_until = self.read_until();
        for (id, begun) in &self.begun {
            let twin = self.system().twin(*id).unwrap();
            assert!(twin.committed(Duration::from_secs(5)).await, "not written");
            self.verify_log(&views[id]).await;
            let spec = &self.specs[id];
            let Some(binding) = &spec.channel else {
                continue;
            };
            let channel = binding.channel_id;
            let stored = self.stored(*id, channel).await;
            let mut rows = self.rows(channel).await;
            self.verify_origin(spec, &rows, &stored);
            rows.retain(|row| row.at < read_until[&channel]);
            self.verify_rows(spec, *begun, &rows, &stored);
            verify_twin(&views[id], &rows, self.bent.contains(&channel));
        }
        self.verify_status();
        self.verify_saved().await;
    }

    /// Up to when each channel was read, which must be not long ago.
    fn read_until(&self) -> HashMap<ChannelId, Timestamp> {
        let pollers = self.system().pollers();
        let views = pollers.iter().map(|poller| poller.view());
        let until = views.map(|view| {
            let until = view.last_success_at.unwrap();
            let silence = self.now().since(until);
            assert!(silence < LONGEST_SILENCE, "{view:?} for {silence:?}");
            assert_eq!(view.missed_entries, 0, "{view:?}");
            (view.channel, until)
        });
        until.collect()
    }

    /// What a node has of a channel, as stored.
    pub(crate) async fn stored(&self, node: NodeId, channel: ChannelId) -> Stored {
        let query = TelemetryQuery {
            metric: None,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            limit: ALL,
            after: None,
        };
        let mut stored = Stored::new();
        for point in self.shelf().telemetry(node, query).await.unwrap() {
            let Source::ThingSpeak { channel: of, entry } = point.source else {
                panic!("nobody pushed {point:?}");
            };
            if of == channel {
                let points = stored.entry((entry, point.source_at)).or_default();
                let twice = points.iter().any(|other| other.metric == point.metric);
                assert!(!twice, "twice in the store: {point:?}");
                points.push(point);
            }
        }
        stored
    }

    fn verify_rows(&self, spec: &NodeSpec, begun: u64, rows: &[TrueRow], stored: &Stored) {
        let binding = spec.channel.as_ref().unwrap();
        let bent = self.bent.contains(&binding.channel_id);
        let speaks = |row: &&TrueRow| {
            let mut fields = binding.field_map.keys();
            fields.any(|field| row.field(*field).is_some())
        };
        for row in rows.iter().filter(speaks).filter(|row| row.id > begun) {
            let points = match bent {
                false => stored.get(&(EntryId(row.id), row.at)),
                true => stored
                    .iter()
                    .find_map(|((id, _), points)| (id.0 == row.id).then_some(points)),
            };
            let points = points.unwrap_or_else(|| panic!("{} has no {row:?}", spec.key));
            if !bent {
                for (field, rule) in &binding.field_map {
                    verify_value(row, *field, rule, points);
                }
            }
        }
    }

    /// What is stored was written by the device, and is there as often as that wrote it.
    fn verify_origin(&self, spec: &NodeSpec, rows: &[TrueRow], stored: &Stored) {
        let channel = spec.channel.as_ref().unwrap().channel_id;
        let bent = self.bent.contains(&channel);
        let former = self.former.get(&channel).into_iter().flatten();
        let mut written: HashMap<u64, Vec<Timestamp>> = HashMap::new();
        for row in rows.iter().chain(former) {
            written.entry(row.id).or_default().push(row.at);
        }
        let mut seen: HashMap<EntryId, usize> = HashMap::new();
        for ((id, at), points) in stored {
            let times = written.get(&id.0).map_or(&[][..], Vec::as_slice);
            assert!(bent || times.contains(at), "{} has {points:?}", spec.key);
            let count = seen.entry(*id).or_default();
            *count += 1;
            assert!(
                *count <= times.len(),
                "{} has it twice: {points:?}",
                spec.key
            );
        }
    }

    /// Every revision of a twin is in its log, once.
    async fn verify_log(&self, twin: &Twin) {
        let node = twin.spec().id;
        let log = self.shelf().changes(node, Revision::ZERO, ALL).await;
        let revisions = log.unwrap().into_iter().map(|entry| entry.revision.0);
        let revisions: Vec<u64> = revisions.collect();
        let expected: Vec<u64> = (1..=revisions.len() as u64).collect();
        assert_eq!(revisions, expected, "{} has a gap", twin.spec().key);
        assert!(
            revisions.last() >= Some(&twin.revision().0),
            "not all of it"
        );
    }

    /// Every node is as alive as the age of what its twin heard last.
    pub(crate) fn verify_status(&self) {
        let now = self.now();
        for twin in self.views().values() {
            let earlier = now.minus(STATUS_LAG);
            let possible = [due_state(twin, now), due_state(twin, earlier)];
            let state = twin.status().state;
            assert!(
                possible.contains(&state),
                "{} is {state:?}, not {possible:?}",
                twin.spec().key
            );
        }
    }

    /// What a start begins from is not ahead of the rows and changes that led to it.
    pub(crate) async fn verify_saved(&self) {
        let saved = self.shelf().load().await.unwrap();
        for (node, twin) in &saved.twins {
            let log = self.shelf().changes(*node, Revision::ZERO, ALL).await;
            let newest = log.unwrap().last().map(|entry| entry.revision);
            let snapshot = twin.snapshot.as_ref().map(|row| row.revision);
            assert!(snapshot <= newest, "{snapshot:?} is ahead of {newest:?}");
        }
        self.verify_cursors(&saved).await;
    }

    async fn verify_cursors(&self, saved: &Saved) {
        for cursor in saved.cursors.values() {
            let rows = self.rows(cursor.channel).await;
            for spec in self.specs.values() {
                let binding = spec.channel.as_ref();
                let Some(binding) = binding.filter(|it| it.channel_id == cursor.channel) else {
                    continue;
                };
                let stored = self.stored(spec.id, cursor.channel).await;
                let begun = self.begun[&spec.id];
                for row in rows.iter().filter(|row| row.id > begun) {
                    let speaks = binding.field_map.keys().any(|it| row.field(*it).is_some());
                    let behind = row.id <= cursor.last_entry.0;
                    let has = stored.keys().any(|(id, _)| id.0 == row.id);
                    assert!(!speaks || !behind || has, "{cursor:?} is ahead of {row:?}");
                }
            }
        }
    }
}

impl TrueRow {
    fn field(&self, number: u8) -> Option<&str> {
        self.fields[usize::from(number) - 1].as_deref()
    }

    fn number(&self, metric: &Metric, spec: &NodeSpec) -> Option<f64> {
        let map = &spec.channel.as_ref()?.field_map;
        let (field, rule) = map.iter().find(|(_, rule)| rule.metric == *metric)?;
        plain(self.field(*field)?).map(|number| number * rule.scale + rule.offset)
    }
}

fn row(json: &serde_json::Value) -> TrueRow {
    let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
    TrueRow {
        id: json["entry_id"].as_u64().unwrap(),
        at: text("created_at").unwrap().parse().unwrap(),
        fields: std::array::from_fn(|index| text(&format!("field{}", index + 1))),
    }
}

/// The number that a text is at first sight.
fn plain(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

/// A field is kept as the number that it is, or as the text.
fn verify_value(row: &TrueRow, field: u8, rule: &FieldRule, points: &[Point]) {
    let point = points.iter().find(|point| point.metric == rule.metric);
    let Some(text) = row.field(field) else {
        assert!(point.is_none(), "nobody wrote {point:?}");
        return;
    };
    let point = point.unwrap_or_else(|| panic!("{row:?} lost {}", rule.metric));
    match (plain(text), point.number) {
        (Some(number), Some(stored)) => {
            let expected = number * rule.scale + rule.offset;
            let close = (stored - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            assert!(close, "{row:?} became {point:?}");
        }
        // A text with a unit may have become a number.
        (None, Some(_)) => {}
        (_, None) => assert_eq!(point.raw.as_deref(), Some(text), "{point:?}"),
    }
}

/// A twin stands where its channel stands.
fn verify_twin(twin: &Twin, rows: &[TrueRow], bent: bool) {
    let spec = twin.spec();
    let newest = rows.iter().map(|row| row.at).max();
    assert!(
        twin.last_seen_at() >= newest || newest.is_none(),
        "{} is behind",
        spec.key
    );
    for property in twin.reported().iter().filter(|_| !bent) {
        let known = rows
            .iter()
            .filter_map(|row| Some((row, row.number(&property.metric, spec)?)));
        let Some((row, number)) = known.max_by_key(|(row, _)| (row.at, row.id)) else {
            continue;
        };
        if property.source_at == row.at {
            let close = (property.number - number).abs() <= 1e-9 * number.abs().max(1.0);
            assert!(close, "{}: {property:?} is not {row:?}", spec.key);
        } else {
            assert!(
                property.source_at > row.at,
                "{}: {property:?} {row:?}",
                spec.key
            );
        }
    }
}

/// What the age of the newest reading makes of a node.
fn due_state(twin: &Twin, now: Timestamp) -> StatusState {
    let config = &twin.spec().config;
    let Some(seen) = twin.last_seen_at() else {
        return StatusState::Provisioning;
    };
    let interval = f64::from(config.expected_interval_s.unwrap());
    let age = now.since(seen).as_secs_f64();
    if age > config.offline_after * interval {
        StatusState::Offline
    } else if age > config.late_after * interval {
        StatusState::Late
    } else {
        StatusState::Online
    }
}
