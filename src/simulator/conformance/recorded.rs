//! The recorded bodies, byte for byte, from a simulator put into the state they were recorded in.

use axum::http::Method;

use super::{Lab, labels, report};
use crate::simulator::fleet::Report;
use crate::simulator::zone::Zone;
use crate::simulator::{Knobs, Node};

const FEEDS_2023: &str =
    include_str!("../../../tests/fixtures/thingspeak/feeds-2023-results3.json");
const FEEDS_2019: &str =
    include_str!("../../../tests/fixtures/thingspeak/feeds-2019-null-field.json");
const FEEDS_2024: &str =
    include_str!("../../../tests/fixtures/thingspeak/feeds-2024-nan-and-crlf.json");
const FOLDED_2020: &str =
    include_str!("../../../tests/fixtures/thingspeak/fields-2020-average720-round2.json");
const STATUS_2014: &str = include_str!("../../../tests/fixtures/thingspeak/status-2014.json");
const PRIVATE: &str = include_str!("../../../tests/fixtures/thingspeak/private-no-key.json");
const TOO_SOON: &str = include_str!("../../../tests/fixtures/thingspeak/update-too-soon.txt");
const UPDATE_2017: &str = include_str!("../../../tests/fixtures/thingspeak/update-2017.json");
const CREATED_2023: &str =
    include_str!("../../../tests/fixtures/thingspeak/channel-2023-created.json");
const COMMAND_2018: &str =
    include_str!("../../../tests/fixtures/thingspeak/talkback-command-2018.json");
const ERROR_401: &str = include_str!("../../../tests/fixtures/thingspeak/error-401.json");

/// A channel as it was on the day of a recording.
struct Scene {
    id: u64,
    node: Node,
    created_at: &'static str,
    updated_at: &'static str,
    now: &'static str,
}

impl Scene {
    /// `reports` are the rows that were recorded; `before` rows came first and were not.
    fn set(self, before: usize, reports: Vec<Report>) -> Lab {
        let first_s = reports
            .first()
            .map_or_else(|| at(self.now), |report| report.created_at_s);
        let earlier = (0..before).map(|place| report(first_s - (before - place) as i64, "0"));
        let knobs = Knobs {
            first_channel_id: self.id,
            ..Knobs::default()
        };
        let reports = earlier.chain(reports).collect();
        let lab = Lab::with_script(knobs, vec![self.node], reports, at(self.now));
        let mut state = lab.simulator.state();
        let channel = state.channels.get_mut(&self.id).unwrap();
        (channel.created_at_s, channel.updated_at_s) = (at(self.created_at), at(self.updated_at));
        drop(state);
        lab
    }
}

fn at(text: &str) -> i64 {
    Zone::UTC.parse(text).unwrap()
}

fn at_origin(name: &str, names: &[&str]) -> Node {
    Node {
        name: name.to_owned(),
        labels: labels(names),
        latitude: Some("0.0".to_owned()),
        longitude: Some("0.0".to_owned()),
        ..Node::default()
    }
}

fn row(created_at: &str, values: &[&str]) -> Report {
    Report {
        device: 0,
        created_at_s: at(created_at),
        fields: labels(values),
    }
}

fn channel_86945() -> Scene {
    Scene {
        id: 86_945,
        node: Node {
            description: "Python thingspeak testing".to_owned(),
            ..at_origin("py thingspeak", &["cpu_pc", "mem_avail_mb"])
        },
        created_at: "2016-02-09T20:22:23Z",
        updated_at: "2017-02-11T21:40:41Z",
        now: "2019-02-20T22:08:00Z",
    }
}

#[tokio::test]
async fn the_feed_of_2023_is_answered_to_the_byte_with_its_etag() {
    let scene = Scene {
        id: 2_005_329,
        node: Node {
            description: "Default setup for Arduino ESP32 WiFiClient example".to_owned(),
            ..at_origin("WiFiCLient example", &["data0"])
        },
        created_at: "2023-01-11T15:56:08Z",
        updated_at: "2023-01-13T08:13:58Z",
        now: "2023-01-13T13:12:32Z",
    };
    let lab = scene.set(
        2_868,
        vec![
            row("2023-01-13T13:11:30Z", &["359"]),
            row("2023-01-13T13:11:57Z", &["361"]),
            row("2023-01-13T13:12:23Z", &["363"]),
        ],
    );
    let answer = lab.read("feeds.json?results=3").await;
    assert_eq!(answer.said(), (200, FEEDS_2023));
    assert_eq!(
        answer.header("etag"),
        Some("W/\"8e9c308fe2c50309f991586be1aff28d\"")
    );
}

#[tokio::test]
async fn a_field_that_was_not_written_is_null_as_in_2019() {
    let oldest = row("2016-02-09T20:25:53Z", &["9.2", "1000"]);
    let newest = row("2019-02-20T22:07:28Z", &["1"]);
    let between = (0..14).map(|day| report(oldest.created_at_s + 86_400 * (day + 1), "5"));
    let reports = [oldest.clone()]
        .into_iter()
        .chain(between)
        .chain([newest])
        .collect();
    let lab = channel_86945().set(0, reports);
    let whole = lab.read("feeds.json").await.json();
    let feeds = whole["feeds"].as_array().unwrap();
    let cut = serde_json::json!({
        "channel": whole["channel"],
        "feeds": [feeds.first(), feeds.last()],
    });
    let recorded: serde_json::Value = serde_json::from_str(FEEDS_2019).unwrap();
    assert_eq!(cut, recorded);
}

#[tokio::test]
async fn nan_and_line_ends_pass_through_as_in_2024() {
    let scene = Scene {
        id: 2_718_757,
        node: at_origin(
            "smart agriculture system",
            &["humidity", "temperature", "moisture", "raindrop"],
        ),
        created_at: "2024-10-27T09:10:11Z",
        updated_at: "2024-10-27T09:10:11Z",
        now: "2024-11-15T22:00:00Z",
    };
    let values = ["nan", "nan", "28", "0\r\n\r\n"];
    let lab = scene.set(48, vec![row("2024-11-15T21:10:11Z", &values)]);
    let answer = lab.read("feeds.json?results=1").await;
    assert_eq!(answer.said(), (200, FEEDS_2024));
}

#[tokio::test]
async fn folded_rows_have_no_entry_id_as_in_2020() {
    let scene = Scene {
        id: 495_353,
        node: at_origin("garden", &["humidity", "temperature"]),
        created_at: "2018-05-14T10:00:00Z",
        updated_at: "2018-05-14T10:00:00Z",
        now: "2020-12-20T13:00:00Z",
    };
    let cold = |created_at: &str, value: &str| Report {
        fields: [
            None,
            Some(value.to_owned()),
            None,
            None,
            None,
            None,
            None,
            None,
        ],
        ..row(created_at, &[])
    };
    let lab = scene.set(
        0,
        vec![
            cold("2020-12-19T11:00:00Z", "99"),
            cold("2020-12-19T14:00:00Z", "-1.437"),
            cold("2020-12-20T01:00:00Z", "-2.0"),
            cold("2020-12-20T02:00:00Z", "-2.2"),
            cold("2020-12-20T12:30:00Z", "-1.5"),
        ],
    );
    let answer = lab.read("fields/2.json?days=1&average=720&round=2").await;
    let (channel, feeds) = answer.body.split_once(",\"feeds\":").unwrap();
    assert_eq!(feeds, format!("{FOLDED_2020}}}"));
    assert!(
        channel.contains(r#""field1":"humidity","field2":"temperature""#),
        "{channel}"
    );
}

#[tokio::test]
async fn a_status_feed_names_no_id_and_no_fields_as_in_2014() {
    let scene = Scene {
        id: 1_417,
        node: Node {
            latitude: Some("40.5".to_owned()),
            longitude: Some("-80.22".to_owned()),
            ..at_origin("CheerLights", &["Last Command"])
        },
        created_at: "2010-12-14T01:20:06Z",
        updated_at: "2014-02-26T02:28:01Z",
        now: "2014-02-26T02:28:01Z",
    };
    let before_s = at("2014-02-26T02:28:01Z") - 2 * 86_400;
    let lab = scene.set(11_886, vec![report(before_s, "red")]);
    lab.write("?status=%40cheerlights%20green").await;
    assert_eq!(lab.read("status.json").await.said(), (200, STATUS_2014));
}

#[tokio::test]
async fn an_update_answers_with_all_eight_fields_as_in_2017() {
    let scene = Scene {
        now: "2017-02-11T21:40:41Z",
        ..channel_86945()
    };
    let lab = scene.set(12, Vec::new());
    assert_eq!(lab.write(".json?field1=1").await.said(), (200, UPDATE_2017));
    let soon = lab.write(".json?field1=2").await;
    assert_eq!(soon.said(), (200, TOO_SOON));
}

#[tokio::test]
async fn a_private_feed_without_its_key_is_the_recorded_minus_one() {
    let lab = channel_86945().set(0, Vec::new());
    let answer = lab.get("/channels/86945/feeds.json").await;
    assert_eq!(answer.said(), (400, PRIVATE));
    assert_eq!(answer.header("etag"), None);
}

#[tokio::test]
async fn a_created_channel_is_shown_to_its_owner_as_in_2023() {
    let scene = Scene {
        id: 2_033_570,
        node: Node::default(),
        created_at: "2023-02-14T19:33:17Z",
        updated_at: "2023-02-14T19:33:17Z",
        now: "2023-02-14T19:33:17Z",
    };
    let lab = scene.set(0, Vec::new());
    let form = format!("api_key={}&name=example", lab.simulator.user_api_key());
    let answer = lab.call(Method::POST, "/channels.json", &form).await;
    let card = lab.simulator.channels().remove(1);
    let body = answer
        .body
        .replace(&card.write_api_key, "AAAAAAAAAAAAAAAA")
        .replace(&card.read_api_key, "BBBBBBBBBBBBBBBB");
    assert_eq!((answer.status, body.as_str()), (200, CREATED_2023));
}

#[tokio::test]
async fn a_queued_command_is_shown_as_in_2018() {
    let scene = Scene {
        now: "2018-01-01T20:03:51Z",
        ..channel_86945()
    };
    let lab = scene.set(0, Vec::new());
    let talkback = lab.card().talkback.unwrap();
    let path = format!("/talkbacks/{}/commands.json", talkback.id);
    let form = format!("api_key={}&command_string=setledon", talkback.api_key);
    let answer = lab.call(Method::POST, &path, &form).await;
    let body = answer.body.replace("10600001", "10601519");
    assert_eq!((answer.status, body.as_str()), (200, COMMAND_2018));
}

#[tokio::test]
async fn a_wrong_key_is_told_so_by_the_documented_object() {
    let lab = channel_86945().set(0, Vec::new());
    let rows = r#"{"write_api_key":"WRONG","updates":[{"delta_t":0,"field1":1}]}"#;
    let answer = lab
        .call_json(Method::POST, "/channels/86945/bulk_update.json", rows)
        .await;
    assert_eq!(answer.said(), (401, ERROR_401));
}
