//! Edges of what ThingSpeak answers, by recorded body where there is one.

use super::*;

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/thingspeak/", $name))
    };
}

fn answered(status: u16, body: impl AsRef<[u8]>) -> Result<Page, FeedError> {
    read(&Response {
        status,
        body: body.as_ref().to_vec().into(),
        ..Response::default()
    })
}

fn rows(rows: &str) -> Page {
    answered(
        200,
        format!(r#"{{"channel":{{"last_entry_id":9}},"feeds":[{rows}]}}"#),
    )
    .unwrap()
}

fn ids(page: &Page) -> Vec<u64> {
    page.entries.iter().map(|entry| entry.id.0).collect()
}

fn field(page: &Page, entry: usize, number: usize) -> Option<&str> {
    page.entries[entry].fields[number - 1].as_deref()
}

const GOOD: &str = r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":7,"field1":"1"}"#;

#[test]
fn the_recording_of_2023_is_three_entries_of_one_field() {
    let page = answered(200, recorded!("feeds-2023-results3.json")).unwrap();
    assert_eq!(ids(&page), [2869, 2870, 2871]);
    assert_eq!((page.last_entry, page.malformed), (Some(EntryId(2871)), 0));
    assert_eq!(
        page.entries[2].created_at.to_string(),
        "2023-01-13T13:12:23Z"
    );
    assert_eq!(field(&page, 2, 1), Some("363"));
    assert!(page.entries[2].fields[1..].iter().all(Option::is_none));
}

#[test]
fn null_in_the_recording_of_2019_is_no_value() {
    let page = answered(200, recorded!("feeds-2019-null-field.json")).unwrap();
    assert_eq!(
        (field(&page, 0, 2), field(&page, 1, 2)),
        (Some("1000"), None)
    );
}

#[test]
fn words_and_line_ends_in_the_recording_of_2024_are_handed_on_as_they_came() {
    let page = answered(200, recorded!("feeds-2024-nan-and-crlf.json")).unwrap();
    assert_eq!(
        (field(&page, 0, 1), field(&page, 0, 4)),
        (Some("nan"), Some("0\r\n\r\n"))
    );
}

#[test]
fn the_recorded_aggregates_are_bad_rows_for_they_have_no_entry_id() {
    let aggregates = str::from_utf8(recorded!("fields-2020-average720-round2.json")).unwrap();
    let page = answered(200, format!(r#"{{"channel":{{}},"feeds":{aggregates}}}"#)).unwrap();
    assert_eq!((page.entries.len(), page.malformed), (0, 3));
}

#[test]
fn the_recording_of_2014_is_an_entry_without_fields_of_a_channel_that_names_no_last_one() {
    let page = answered(200, recorded!("status-2014.json")).unwrap();
    assert_eq!((ids(&page), page.last_entry), (vec![11_888], None));
    assert!(page.entries[0].fields.iter().all(Option::is_none));
}

#[test]
fn recorded_answers_to_other_questions_are_no_feed() {
    for body in [
        &recorded!("channel-2023-created.json")[..],
        recorded!("talkback-command-2018.json"),
        recorded!("update-2017.json"),
        b"{}",
        br#"{"feeds":null}"#,
        br#"{"feeds":{"entry_id":1}}"#,
    ] {
        assert_eq!(answered(200, body), Err(FeedError::Malformed(NO_LIST)));
    }
}

#[test]
fn minus_one_is_no_access_as_a_number_or_a_string_under_any_status() {
    assert_eq!(recorded!("private-no-key.json"), b"-1");
    for status in [200, 400, 401, 404, 429, 500, 503] {
        for body in ["-1", "\"-1\"", " -1\r\n", "\"-1\"\n"] {
            assert_eq!(
                answered(status, body),
                Err(FeedError::NoAccess),
                "{status} {body:?}"
            );
        }
    }
}

#[test]
fn json_that_is_no_object_is_no_access() {
    for status in [200, 400] {
        for body in [
            &recorded!("update-too-soon.txt")[..],
            b"null",
            b"[]",
            b"\"no\"",
            b"1e999",
        ] {
            assert_eq!(
                answered(status, body),
                Err(FeedError::NoAccess),
                "{status} {body:?}"
            );
        }
    }
}

#[test]
fn an_error_object_counts_by_the_status_it_names_as_a_string() {
    let error = |status: &str| format!(r#"{{"status":{status},"error":{{"message":"no"}}}}"#);
    let recorded = str::from_utf8(recorded!("error-401.json"))
        .unwrap()
        .to_owned();
    let throttled = FeedError::Throttled { retry_after: None };
    for (status, body, expected) in [
        (200, recorded.clone(), FeedError::NoAccess),
        (401, recorded, FeedError::NoAccess),
        (404, error("\"404\""), FeedError::NoAccess),
        (200, error("404"), FeedError::NoAccess),
        (200, error("\"429\""), throttled),
        (400, error("\"402\""), FeedError::Status { status: 402 }),
        (400, error("\"200\""), FeedError::Status { status: 400 }),
        (200, error("\"503\""), FeedError::Status { status: 503 }),
        (200, error("null"), FeedError::Malformed(NO_LIST)),
    ] {
        assert_eq!(answered(status, &body), Err(expected), "{status} {body}");
    }
}

#[test]
fn a_status_speaks_where_the_body_says_nothing() {
    for body in [
        "",
        "<html>no</html>",
        "{}",
        "{",
        "error_resource_not_found",
        r#"{"feeds":[]}"#,
    ] {
        for (status, expected) in [
            (302, FeedError::Status { status: 302 }),
            (304, FeedError::Status { status: 304 }),
            (400, FeedError::Status { status: 400 }),
            (401, FeedError::NoAccess),
            (402, FeedError::Status { status: 402 }),
            (403, FeedError::Status { status: 403 }),
            (404, FeedError::NoAccess),
            (429, FeedError::Throttled { retry_after: None }),
            (500, FeedError::Status { status: 500 }),
            (502, FeedError::Status { status: 502 }),
            (503, FeedError::Status { status: 503 }),
        ] {
            assert_eq!(answered(status, body), Err(expected), "{body:?}");
        }
    }
}

#[test]
fn a_throttled_answer_says_when_to_come_back() {
    let retry_after = Some(Duration::from_secs(17));
    let answer = Response {
        status: 429,
        retry_after,
        ..Response::default()
    };
    assert_eq!(read(&answer), Err(FeedError::Throttled { retry_after }));
}

#[test]
fn what_is_not_a_feed_is_named() {
    let whole = recorded!("feeds-2023-results3.json");
    for (body, expected) in [
        (&b""[..], "it is empty"),
        (b" \n", "it is empty"),
        (b"<!DOCTYPE html><p>-1", "it is a web page"),
        (&whole[..whole.len() - 1], "it is cut short"),
        (&whole[..whole.len() / 2], "it is cut short"),
        (b"{\"feeds\":[}", "it is not JSON"),
        (b"error_bad_request", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
    ] {
        assert_eq!(
            answered(200, body),
            Err(FeedError::Malformed(expected)),
            "{body:?}"
        );
    }
    let answer = Response {
        status: 200,
        content_type: Some("Text/HTML; charset=utf-8".into()),
        body: "Please log in to the network".into(),
        ..Response::default()
    };
    assert_eq!(read(&answer), Err(FeedError::Malformed("it is a web page")));
}

#[test]
fn a_channel_without_entries_is_an_empty_page() {
    for channel in [
        r#"{"last_entry_id":null}"#,
        "{}",
        "null",
        "[9]",
        r#"{"last_entry_id":0}"#,
    ] {
        let page = answered(200, format!(r#"{{"channel":{channel},"feeds":[]}}"#)).unwrap();
        assert_eq!(page, Page::default(), "{channel}");
    }
}

#[test]
fn good_rows_stay_beside_bad_ones_and_the_bad_ones_are_counted() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let huge = "9".repeat(100_000);
    let bad = [
        "null".to_owned(),
        "{}".to_owned(),
        r#"["2024-01-01T00:00:00Z",8]"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":null}"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":0}"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":-8}"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":9223372036854775808}"#.to_owned(),
        format!(r#"{{"created_at":"2024-01-01T00:00:00Z","entry_id":{huge}}}"#),
        r#"{"created_at":"yesterday","entry_id":8}"#.to_owned(),
        r#"{"created_at":1704067200,"entry_id":8}"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":8,"field1":true}"#.to_owned(),
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":8,"field1":"\ud800"}"#.to_owned(),
        format!(r#"{{"created_at":"2024-01-01T00:00:00Z","entry_id":8,"field8":{deep}}}"#),
        deep,
    ];
    let page = rows(&format!("{},{GOOD}", bad.join(",")));
    assert_eq!((ids(&page), page.malformed), (vec![7], bad.len() as u32));
    assert_eq!(page.last_entry, Some(EntryId(9)));
}

#[test]
fn what_a_row_has_beside_its_fields_does_not_matter() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let row = format!(
        r#"{{"status":null,"field9":{{}},"x":1e999,"y":{deep},
            "entry_id":7,"created_at":"2024-01-01T00:00:00Z"}}"#
    );
    assert_eq!(ids(&rows(&row)), [7]);
}

#[test]
fn a_field_is_a_string_or_a_number_or_not_there() {
    let page = rows(
        r#"{"created_at":"2024-01-01T00:00:00Z","entry_id":7,"field1":" a\u003e\u00e9\" ",
            "field2":-2.10,"field3":1e999,"field4":null,"field5":"",
            "field8":123456789012345678901}"#,
    );
    let expected = [
        Some(" a>é\" "),
        Some("-2.10"),
        Some("1e999"),
        None,
        Some(""),
        None,
        None,
        Some("123456789012345678901"),
    ];
    assert_eq!(
        page.entries[0].fields.each_ref().map(Option::as_deref),
        expected
    );
}

#[test]
fn bytes_that_are_not_text_spoil_one_value_and_no_more() {
    let mut body = format!(r#"{{"channel":{{"name":"?"}},"feeds":[{GOOD}]}}"#).into_bytes();
    let at = body.iter().position(|&byte| byte == b'?').unwrap();
    body[at] = 0xff;
    assert_eq!(ids(&answered(200, body).unwrap()), [7]);
}

#[test]
fn times_may_have_any_offset() {
    let page = rows(r#"{"created_at":"2014-02-26T12:42:49-05:00","entry_id":7}"#);
    assert_eq!(
        page.entries[0].created_at.to_string(),
        "2014-02-26T17:42:49Z"
    );
}

#[test]
fn entries_are_ordered_by_creation_whatever_the_server_did() {
    let row = |id, time| format!(r#"{{"created_at":"{time}","entry_id":{id}}}"#);
    let page = rows(&format!(
        "{},{},{},{}",
        row(4, "2024-01-01T00:00:02Z"),
        row(3, "2024-01-01T00:00:01Z"),
        row(2, "2024-01-01T00:00:01Z"),
        row(5, "2024-01-01T01:00:00+01:00"),
    ));
    assert_eq!(ids(&page), [5, 2, 3, 4]);
}
