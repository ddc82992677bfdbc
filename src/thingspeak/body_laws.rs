//! Laws of reading a body: no bytes bring it down, and a bad row costs itself alone.

use evara_actors::domain::{EntryId, Timestamp};
use evara_actors::ports::Entry;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::body::read;
use super::transport::Response;

fn answer(status: u16, body: Vec<u8>) -> Response {
    Response {
        status,
        body: body.into(),
        ..Response::default()
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let id = 1..=i64::MAX as u64;
    let millis = Timestamp::MIN.millis()..=Timestamp::MAX.millis();
    let fields =
        prop::array::uniform8(option::of(any::<String>().prop_map(String::into_boxed_str)));
    let entry = (id, millis, fields).prop_map(|(id, millis, fields)| Entry {
        id: EntryId(id),
        created_at: Timestamp::from_millis(millis),
        fields,
    });
    vec(entry, 0..12)
}

fn row(entry: &Entry) -> Value {
    let mut row = json!({ "created_at": entry.created_at.to_string(), "entry_id": entry.id.0 });
    for (number, value) in (1..).zip(&entry.fields) {
        row[format!("field{number}")] = json!(value);
    }
    row
}

/// A way to break a row without breaking the JSON around it.
fn mangled() -> impl Strategy<Value = Option<(&'static str, Value)>> {
    let key = select(vec!["created_at", "entry_id", "field1", "field8"]);
    let wrong = select(vec![json!([[]]), json!({"a": 1}), json!(false)]);
    option::of((key, wrong))
}

fn body(rows: &[Value]) -> Vec<u8> {
    json!({ "channel": { "last_entry_id": 1 }, "feeds": rows })
        .to_string()
        .into_bytes()
}

fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| (entry.created_at, entry.id));
    entries
}

proptest! {
    #[test]
    fn any_bytes_under_any_status_are_read_without_a_panic(
        status in 100_u16..1000,
        bytes in vec(any::<u8>(), 0..256),
    ) {
        let _page = read(&answer(status, bytes));
    }

    #[test]
    fn any_bytes_in_the_place_of_a_row_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..64)) {
        let body = [b"{\"feeds\":[", &bytes[..], b"]}"].concat();
        let _page = read(&answer(200, body));
    }

    #[test]
    fn a_page_cut_anywhere_is_no_page(entries in entries(), cut in any::<prop::sample::Index>()) {
        let mut bytes = body(&entries.iter().map(row).collect::<Vec<_>>());
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read(&answer(200, bytes)).is_err());
    }

    #[test]
    fn mangled_rows_are_counted_and_the_others_kept_in_order_of_creation(
        entries in entries(),
        ways in vec(mangled(), 12),
    ) {
        let mut rows: Vec<_> = entries.iter().map(row).collect();
        let mut kept = Vec::new();
        for ((row, entry), way) in rows.iter_mut().zip(entries).zip(ways) {
            match way {
                Some((key, wrong)) => row[key] = wrong,
                None => kept.push(entry),
            }
        }
        let page = read(&answer(200, body(&rows))).unwrap();
        prop_assert_eq!(page.malformed as usize, rows.len() - kept.len());
        prop_assert_eq!(page.entries, in_order(kept));
    }
}
