//! The cursor at its edges, one by one; what holds everywhere is in [`cursor_laws`](super::cursor_laws).

use super::cursor::Cursor;
use super::cursor_laws::{CHANNEL, Channel, Reader, at, entry, page, steady};
use crate::domain::EntryId;
use crate::ports::{Ask, Entry, FeedError, Page};

fn ids(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id.0).collect()
}

#[test]
fn the_first_answer_is_taken_whole_and_what_was_before_it_is_no_gap() {
    let mut cursor = Cursor::default();
    assert_eq!(cursor.row(CHANNEL), None);
    assert_eq!(cursor.ask(at(0)), Ask::Newest(100));
    let news = cursor.take(&steady(4_901..=5_000), at(75_000));
    assert_eq!(ids(&news.entries), (4_901..=5_000).collect::<Vec<_>>());
    assert!(!cursor.is_behind());
    assert_eq!(cursor.row(CHANNEL).unwrap().last_entry, EntryId(5_000));
}

#[test]
fn a_gap_is_filled_by_a_window_that_is_wide_enough() {
    let mut reader = Reader::of_empty_channel();
    let mut channel = Channel::default();
    for n in 0..1_000 {
        channel.write(1, n * 15);
    }
    assert_eq!(reader.poll(&channel, at(15_000)), Ask::Newest(100));
    assert_eq!(reader.cursor.row(CHANNEL).unwrap().last_entry, EntryId(0));
    assert_eq!(reader.poll(&channel, at(15_000)), Ask::Backfill(1_100));
    assert_eq!(reader.handed_out.len(), 1_000);
    assert_eq!(reader.poll(&channel, at(15_000)), Ask::Newest(100));
}

#[test]
fn what_lies_beyond_the_largest_window_is_counted_as_missed() {
    let mut reader = Reader::of_empty_channel();
    let mut channel = Channel::default();
    for n in 0..9_000 {
        channel.write(1, n * 15);
    }
    for _ in 0..2 {
        reader.poll(&channel, at(150_000));
    }
    assert_eq!(reader.handed_out, (1_001..=9_000).collect());
    assert_eq!(reader.missed, 1_000);
    assert!(!reader.cursor.is_behind());
}

#[test]
fn a_stale_window_decides_nothing_and_never_keeps_the_newest_waiting() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(1..=10), at(150));
    reader.take(&steady(111..=210), at(3_150));
    assert!(matches!(reader.cursor.ask(at(3_150)), Ask::Backfill(_)));
    reader.take(&steady(1..=50), at(3_150));
    assert_eq!(reader.cursor.missed(), 0);
    assert_eq!(reader.cursor.ask(at(3_160)), Ask::Newest(100));
    reader.take(&steady(112..=211), at(3_165));
    assert!(matches!(reader.cursor.ask(at(3_165)), Ask::Backfill(_)));
    reader.take(&steady(1..=211), at(3_165));
    assert_eq!(reader.handed_out, (1..=211).collect());
}

#[test]
fn a_window_that_keeps_failing_is_given_up_on_and_counted() {
    let mut reader = Reader::of_empty_channel();
    let mut channel = Channel::default();
    for n in 0..300 {
        channel.write(1, n * 15);
    }
    let mut windows = 0;
    while windows == 0 || reader.cursor.is_behind() {
        let ask = reader.cursor.ask(at(4_500));
        if matches!(ask, Ask::Backfill(_)) {
            windows += 1;
            reader.cursor.failed(&FeedError::TooLarge);
        } else {
            reader.take(&channel.answer(ask), at(4_500));
        }
        assert!(windows <= 8);
    }
    assert_eq!(reader.missed, 200);
}

#[test]
fn an_outage_is_no_reason_to_give_up_on_a_gap() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(201..=300), at(4_500));
    for _ in 0..100 {
        reader.cursor.ask(at(4_500));
        reader.cursor.failed(&FeedError::Unreachable);
    }
    assert_eq!(reader.cursor.missed(), 0);
    assert!(reader.cursor.is_behind());
}

#[test]
fn numbers_that_go_back_with_newer_times_are_a_cleared_channel() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(1..=50), at(750));
    let news = reader
        .cursor
        .take(&page([entry(1, 800), entry(2, 815)]), at(816));
    assert!(news.cleared);
    assert_eq!(ids(&news.entries), [1, 2]);
    assert_eq!(reader.cursor.generation(), 1);
}

#[test]
fn an_emptied_channel_is_cleared_once() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(1..=50), at(750));
    assert!(reader.cursor.take(&Page::default(), at(760)).cleared);
    assert!(!reader.cursor.take(&Page::default(), at(770)).cleared);
    let news = reader.cursor.take(&page([entry(1, 800)]), at(816));
    assert_eq!((ids(&news.entries), news.cleared), (vec![1], false));
}

#[test]
fn an_old_answer_is_not_taken_for_a_cleared_channel_unless_it_stays() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(1..=50), at(750));
    for now in (750..=1_349).step_by(60) {
        assert_eq!(reader.cursor.take(&steady(1..=40), at(now)).entries, []);
    }
    assert_eq!(reader.cursor.generation(), 0);
    assert!(reader.cursor.take(&steady(1..=40), at(1_350)).cleared);
}

#[test]
fn a_channel_cleared_and_refilled_while_away_is_found_out_by_its_times() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&steady(1..=50), at(750));
    let refilled = |ids: std::ops::RangeInclusive<u64>| {
        page(ids.map(|id| entry(id, 10_000 + id.cast_signed() * 15)))
    };
    assert!(!reader.cursor.take(&refilled(301..=400), at(16_000)).cleared);
    assert!(matches!(reader.cursor.ask(at(16_000)), Ask::Backfill(_)));
    let news = reader.cursor.take(&refilled(1..=400), at(16_000));
    assert!(news.cleared);
    assert_eq!(news.entries.len(), 400);
}

#[test]
fn rows_written_with_an_old_time_are_found_though_they_are_not_among_the_newest() {
    let mut reader = Reader::of_empty_channel();
    let mut channel = Channel::default();
    for n in 0..500 {
        channel.write(1, 100_000 + n * 15);
    }
    for _ in 0..2 {
        reader.poll(&channel, at(110_000));
    }
    channel.write(60, 50_000);
    let mut polls = 0;
    while reader.handed_out.len() < 560 {
        reader.poll(&channel, at(110_000));
        polls += 1;
        assert!(
            polls <= 4,
            "a window that was too small is followed by the largest"
        );
    }
    assert_eq!(reader.missed, 0);
}

#[test]
fn an_entry_that_is_named_before_it_is_shown_is_waited_for() {
    let mut reader = Reader::of_empty_channel();
    let mut early = steady(1..=50);
    early.last_entry = Some(EntryId(51));
    for _ in 0..4 {
        reader.cursor.ask(at(750));
        reader.take(&early, at(750));
    }
    reader.take(&steady(1..=52), at(780));
    assert_eq!((reader.handed_out.len(), reader.missed), (52, 0));
}

/// Entries that hold what `value` says, in a channel whose clock is ahead by so many seconds.
fn valued(ids: std::ops::RangeInclusive<u64>, ahead: i64, value: impl Fn(u64) -> u64) -> Page {
    let mut page = page(ids.map(|id| entry(id, ahead + id.cast_signed() * 15)));
    for entry in &mut page.entries {
        entry.fields[0] = Some(value(entry.id.0).to_string().into());
    }
    page
}

#[test]
fn a_clock_that_was_set_and_set_back_makes_no_entry_new() {
    for ahead in [3_600, -3_600, 7] {
        let mut reader = Reader::of_empty_channel();
        reader.take(&valued(1..=100, 0, |id| id), at(1_500));
        reader.take(&valued(3..=102, ahead, |id| id), at(1_530));
        reader.take(&valued(5..=104, ahead, |id| id), at(1_560));
        reader.take(&valued(7..=106, 0, |id| id), at(1_590));
        reader.take(&valued(1..=300, ahead, |id| id), at(4_500));
        assert_eq!(reader.handed_out, (1..=300).collect(), "{ahead}");
        let row = reader.cursor.row(CHANNEL).unwrap();
        assert_eq!((row.generation, row.missed), (0, 0), "{ahead}");
        assert_eq!(row.last_created_at, at(ahead + 4_500), "{ahead}");
    }
}

#[test]
fn known_numbers_at_later_times_are_another_life_unless_all_moved_alike_and_hold_the_same() {
    let mut apart = valued(1..=50, 1_000, |id| id);
    apart.entries[20].created_at = at(1_316);
    let mut partly = valued(1..=50, 1_000, |id| id);
    partly.entries.truncate(49);
    partly.entries.extend(valued(50..=50, 0, |id| id).entries);
    let others = [
        valued(1..=60, 1_000, |id| id + 1),
        valued(50..=60, 1_000, |id| id),
        apart,
        partly,
    ];
    for (number, other) in others.iter().enumerate() {
        let mut reader = Reader::of_empty_channel();
        reader.take(&valued(1..=50, 0, |id| id), at(750));
        let news = reader.cursor.take(other, at(2_000));
        assert!(news.cleared, "{number}");
        assert_eq!(news.entries.len(), other.entries.len(), "{number}");
    }
    let mut reader = Reader::of_empty_channel();
    reader.take(&valued(1..=50, 0, |_| 0), at(750));
    let same = valued(1..=60, 1_000, |_| 0);
    assert!(reader.cursor.take(&same, at(2_000)).cleared);
}

#[test]
fn a_channel_cleared_after_its_clock_was_set_is_still_found_out() {
    let mut reader = Reader::of_empty_channel();
    reader.take(&valued(1..=100, 0, |id| id), at(1_500));
    reader.take(&valued(1..=100, 3_600, |id| id), at(1_510));
    reader.take(&valued(1..=100, 0, |id| id), at(1_520));
    let news = reader
        .cursor
        .take(&valued(1..=3, 1_600, |id| id), at(1_700));
    assert!(news.cleared);
    assert_eq!(ids(&news.entries), [1, 2, 3]);
}
