//! Reads: which rows, in which order, with which keys, for whom.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;

use super::{Lab, NEW_YEAR_S, node, report};
use crate::simulator::knobs::{DataAge, DeniedEntry, MissingEntry, UnknownChannel};
use crate::simulator::{Knobs, Node};

#[tokio::test]
async fn without_parameters_the_newest_hundred_come_oldest_first() {
    let lab = Lab::with_rows(Knobs::default(), 150);
    let ids = lab.read("feeds.json").await.entry_ids();
    assert_eq!(ids, (51..=150).collect::<Vec<u64>>());
}

#[tokio::test]
async fn results_are_capped_at_eight_thousand_and_may_be_none() {
    let knobs = Knobs {
        keep_entries: 8_100,
        ..Knobs::default()
    };
    let lab = Lab::with_rows(knobs, 8_100);
    let ids = lab.read("feeds.json?results=9999").await.entry_ids();
    assert_eq!((ids.len(), ids[0]), (8_000, 101));
    let none = lab.read("feeds.json?results=0").await.json();
    assert_eq!(none["feeds"], serde_json::json!([]));
    assert_eq!(none["channel"]["last_entry_id"], 8_100);
}

#[tokio::test]
async fn a_window_lifts_the_default_of_a_hundred() {
    let lab = Lab::with_rows(Knobs::default(), 3_000);
    assert_eq!(lab.read("feeds.json?days=1").await.entry_ids().len(), 1_441);
    assert_eq!(
        lab.read("feeds.json?minutes=10").await.entry_ids().len(),
        11
    );
    let named = "feeds.json?start=2025-12-31%2023:50:00&end=2025-12-31%2023:54:59";
    assert_eq!(lab.read(named).await.entry_ids().len(), 5);
    let local = "feeds.json?start=2026-01-01%2005:20:00&timezone=Asia/Kolkata";
    assert_eq!(lab.read(local).await.entry_ids().len(), 11);
}

#[tokio::test]
async fn results_are_counted_before_rows_are_folded() {
    let lab = Lab::with_rows(Knobs::default(), 200);
    let folded = lab.read("feeds.json?results=120&sum=60").await.json();
    let feeds = folded["feeds"].as_array().unwrap();
    assert_eq!(feeds.len(), 3);
    assert!(feeds.iter().all(|feed| feed.get("entry_id").is_none()));
    assert_eq!(feeds[1]["created_at"], "2025-12-31T23:00:00Z");
}

#[tokio::test]
async fn a_late_row_is_placed_by_its_time_and_keeps_its_id() {
    let lab = Lab::with_rows(Knobs::default(), 2);
    lab.write("?field1=late&created_at=2025-12-31T23:59:30Z")
        .await;
    assert_eq!(lab.read("feeds.json").await.entry_ids(), [1, 3, 2]);
    let newest = lab.read("feeds/last.json").await.json();
    assert_eq!(newest["entry_id"], 2);
}

#[tokio::test]
async fn fields_without_a_label_and_empty_keys_are_left_out() {
    let gaps = Node {
        labels: [
            Some("a".into()),
            None,
            Some("c".into()),
            None,
            None,
            None,
            None,
            None,
        ],
        ..node("gaps")
    };
    let rows = vec![report(NEW_YEAR_S, "1")];
    let lab = Lab::with_script(Knobs::default(), vec![gaps], rows, NEW_YEAR_S);
    assert_eq!(
        lab.read("feeds.json").await.body,
        r#"{"channel":{"id":2000001,"name":"gaps","field1":"a","field3":"c","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","last_entry_id":1},"feeds":[{"created_at":"2026-01-01T00:00:00Z","entry_id":1,"field1":"1","field3":null}]}"#
    );
}

#[tokio::test]
async fn an_empty_channel_has_no_feeds_and_a_null_id() {
    let lab = Lab::new(Knobs::default());
    let json = lab.read("feeds.json").await.json();
    assert_eq!(json["feeds"], serde_json::json!([]));
    assert_eq!(
        json["channel"].get("last_entry_id"),
        Some(&serde_json::Value::Null)
    );
    assert_eq!(lab.read("feeds/last.json").await.said(), (200, r#""-1""#));
    assert_eq!(lab.read("feeds/7.json").await.said(), (200, r#""-1""#));
}

#[tokio::test]
async fn single_entries_are_bare_objects() {
    let lab = Lab::with_rows(Knobs::default(), 3);
    let whole = r#"{"created_at":"2026-01-01T00:00:00Z","entry_id":3,"field1":"2","field2":null}"#;
    assert_eq!(lab.read("feeds/last.json").await.body, whole);
    assert_eq!(lab.read("feeds/3.json").await.body, whole);
    let one = r#"{"created_at":"2026-01-01T00:00:00Z","entry_id":3,"field1":"2"}"#;
    assert_eq!(lab.read("fields/1/last.json").await.body, one);
    assert_eq!(lab.read("fields/1/last").await.body, "2");
    assert_eq!(
        lab.read("fields/1/last.txt?prepend=[&append=]").await.body,
        "[2]"
    );
    assert_eq!(lab.read("fields/2/last.json").await.body, r#""-1""#);
}

#[tokio::test]
async fn the_last_of_a_field_skips_rows_in_which_it_is_null() {
    let lab = Lab::with_rows(Knobs::default(), 3);
    lab.write("?field2=7").await;
    assert_eq!(lab.read("fields/1/last.json").await.json()["entry_id"], 3);
    assert_eq!(lab.read("fields/2/last.json").await.json()["entry_id"], 4);
}

#[tokio::test]
async fn last_txt_carries_json_with_status_and_place() {
    let lab = Lab::new(Knobs::default());
    lab.write("?field1=1&status=ok&lat=53.48&long=-2.24&elevation=38")
        .await;
    let answer = lab.read("feeds/last.txt?status=true&location=TRUE").await;
    assert_eq!(
        answer.body,
        r#"{"created_at":"2026-01-01T00:00:00Z","entry_id":1,"field1":"1","field2":null,"latitude":"53.48","longitude":"-2.24","elevation":"38","status":"ok"}"#
    );
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[tokio::test]
async fn min_and_max_ask_numbers_only_and_round_keeps_zeros() {
    let rows = (0..4).zip(["1", "nan", "5", "9"]);
    let rows = rows
        .map(|(place, value)| report(NEW_YEAR_S - 10 + place, value))
        .collect();
    let lab = Lab::with_script(Knobs::default(), vec![node("n")], rows, NEW_YEAR_S);
    assert_eq!(lab.read("feeds.json?min=2&max=6").await.entry_ids(), [2, 3]);
    let rounded = lab.read("feeds.json?round=2").await.json();
    assert_eq!(rounded["feeds"][2]["field1"], "5.00");
    assert_eq!(rounded["feeds"][1]["field1"], "nan");
}

#[tokio::test]
async fn metadata_is_shown_for_the_exact_word_only() {
    let noted = Node {
        metadata: Some("tank=7".into()),
        ..node("n")
    };
    let lab = Lab::with_script(Knobs::default(), vec![noted], Vec::new(), NEW_YEAR_S);
    let shown = lab.read("feeds.json?metadata=true").await.json();
    assert_eq!(shown["channel"]["metadata"], "tank=7");
    let hidden = lab.read("feeds.json?metadata=TRUE").await.json();
    assert_eq!(hidden["channel"].get("metadata"), None);
}

#[tokio::test]
async fn times_bear_the_offset_that_was_asked_for() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let json = lab.read("feeds.json?offset=-5").await.json();
    assert_eq!(json["feeds"][0]["created_at"], "2025-12-31T19:00:00-05:00");
    assert_eq!(json["channel"]["created_at"], "2025-12-31T19:00:00-05:00");
    let unknown = lab.read("feeds.json?timezone=Nowhere").await.json();
    assert_eq!(unknown["feeds"][0]["created_at"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn csv_and_xml_carry_the_same_rows() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    assert_eq!(
        lab.read("feeds.csv").await.body,
        "created_at,entry_id,field1,field2\n2026-01-01 00:00:00 UTC,1,0,\n"
    );
    let xml = lab.read("feeds.xml").await.body;
    assert!(
        xml.contains("<entry-id type=\"integer\">1</entry-id>"),
        "{xml}"
    );
    assert!(xml.contains("<field2 nil=\"true\"/>"), "{xml}");
}

#[tokio::test]
async fn a_callback_wraps_the_answer() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let plain = lab.read("feeds/last.json").await.body;
    let wrapped = lab.read("feeds/last.json?callback=show").await.body;
    assert_eq!(wrapped, format!("show({plain})"));
}

#[tokio::test]
async fn more_than_a_hundred_rows_are_five_minutes_old_and_fewer_are_live() {
    let lab = Lab::with_rows(Knobs::default(), 101);
    let count = |ids: Vec<u64>| ids.len();
    assert_eq!(
        count(lab.read("feeds.json?results=200").await.entry_ids()),
        101
    );
    lab.pass(20);
    lab.write("?field1=new").await;
    assert_eq!(lab.read("feeds.json?results=1").await.entry_ids(), [102]);
    lab.pass(279);
    assert_eq!(
        count(lab.read("feeds.json?results=200").await.entry_ids()),
        101
    );
    lab.pass(1);
    assert_eq!(
        count(lab.read("feeds.json?results=200").await.entry_ids()),
        102
    );
}

#[tokio::test]
async fn a_cached_feed_is_not_shown_to_a_caller_without_a_key() {
    let lab = Lab::with_rows(Knobs::default(), 101);
    lab.read("feeds.json?results=200").await;
    let path = format!("/channels/{}/feeds.json?results=200", lab.card().id);
    assert_eq!(lab.get(&path).await.said(), (400, "-1"));
}

#[tokio::test]
async fn every_way_of_giving_a_key_opens_a_private_channel() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let card = lab.card();
    let path = format!("/channels/{}/feeds.json", card.id);
    for key in [&card.read_api_key, &card.write_api_key] {
        for name in ["api_key", "key", "apikey"] {
            assert_eq!(lab.get(&format!("{path}?{name}={key}")).await.status, 200);
        }
        for name in ["THINGSPEAKAPIKEY", "X-THINGSPEAKAPIKEY"] {
            let request = Request::get(&path)
                .header(name, key)
                .body(Body::empty())
                .unwrap();
            assert_eq!(lab.ask(request).await.status, 200);
        }
    }
    for wrong in ["", "WRONG", &lab.simulator.user_api_key()] {
        assert_eq!(
            lab.get(&format!("{path}?api_key={wrong}")).await.said(),
            (400, "-1")
        );
    }
}

#[tokio::test]
async fn a_public_channel_ignores_keys() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let id = lab.card().id;
    assert!(lab.simulator.set_public(id, true));
    let asked = lab
        .get(&format!("/channels/{id}/feeds.json?api_key=public"))
        .await;
    assert_eq!(asked.status, 200);
    let listed = lab.get("/channels/public.json").await.json();
    assert_eq!(listed["pagination"]["total_entries"], 1);
    assert_eq!(listed["channels"][0]["id"], id);
}

#[tokio::test]
async fn settings_of_a_private_channel_are_refused_to_its_read_key() {
    let lab = Lab::new(Knobs::default());
    let (id, user) = (lab.card().id, lab.simulator.user_api_key());
    let with = |key: &str| format!("/channels/{id}.json?api_key={key}");
    assert_eq!(lab.get(&with(&lab.card().read_api_key)).await.status, 400);
    let settings = lab.get(&with(&user)).await.json();
    assert_eq!(settings["api_keys"][1]["api_key"], lab.card().read_api_key);
    assert_eq!(settings.get("latitude"), Some(&serde_json::Value::Null));
}

#[tokio::test]
async fn an_unknown_channel_and_an_unknown_page_are_404() {
    let lab = Lab::new(Knobs::default());
    for path in [
        "/channels/0/feeds.json",
        "/channels/9/fields/1/last.txt",
        "/nowhere",
    ] {
        assert_eq!(lab.get(path).await.status, 404, "{path}");
    }
    let told = lab.get("/channels/0/feeds.json").await.json();
    assert_eq!(told["status"], "404");
    let text = lab.get("/channels/0/fields/1/last.txt").await;
    assert_eq!(text.body, "error_resource_not_found");
}

#[tokio::test]
async fn what_nobody_recorded_follows_its_knob() {
    let knobs = Knobs {
        unknown_channel: UnknownChannel::MinusOne,
        missing_entry: MissingEntry::EmptyObject,
        denied_entry: DeniedEntry::QuotedMinusOne,
        data_age: DataAge::Bare,
        ..Knobs::default()
    };
    let lab = Lab::new(knobs);
    assert_eq!(lab.get("/channels/0/feeds.json").await.said(), (404, "-1"));
    assert_eq!(lab.read("feeds/last.json").await.said(), (200, "{}"));
    let denied = format!("/channels/{}/feeds/last.json", lab.card().id);
    assert_eq!(lab.get(&denied).await.said(), (200, r#""-1""#));
    lab.write("?field1=1").await;
    lab.pass(258);
    let age = lab.read("fields/1/last_data_age.json").await;
    assert_eq!(age.body, r#"{"last_data_age":258}"#);
}

#[tokio::test]
async fn a_status_feed_looks_back_one_day_unless_told_otherwise() {
    let lab = Lab::with_rows(Knobs::default(), 3_000);
    assert_eq!(
        lab.read("status.json?results=8000").await.entry_ids().len(),
        1_441
    );
    let longer = lab.read("status.json?results=2000&days=2").await;
    assert_eq!(longer.entry_ids().len(), 2_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_question_breaks_the_simulator(
        part in "(feeds|feed|fields/[0-9]|status|)(/last|/last_data_age|/[0-9]{1,3}|)(\\.json|\\.csv|\\.xml|\\.txt|)",
        name in "results|days|minutes|start|end|timezone|offset|min|max|round|average|sum|timescale|callback",
        value in "[-+]?[0-9]{0,20}|daily|Asia/Kolkata|nan|1440|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let status = runtime.block_on(async {
            let lab = Lab::with_rows(Knobs::default(), 150);
            lab.read(&format!("{part}?average=60&{name}={value}")).await.status
        });
        prop_assert!(status < 500);
    }
}
