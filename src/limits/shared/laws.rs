//! The script decides as the pure function does, whatever was asked before and however the clock is set.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Builder;
use uuid::Uuid;

use super::RedisAddress;
use super::line::Line;
use super::server::Redis;
use crate::limits::gcra::{Quota, take};

/// The year 2026, in microseconds.
const BEGIN: u64 = 1_790_000_000_000_000;

/// Quotas that a sequence spends, and those that it never does.
fn quota() -> impl Strategy<Value = Quota> {
    let requests = prop_oneof![4 => 1..40_u32, 1 => 1..=Quota::MOST_PER_MINUTE];
    requests.prop_map(|requests| Quota::per_minute(requests).unwrap())
}

/// Steps of a clock, which is set back now and then.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..50_i64,
        4 => 0..8_000_000_i64,
        1 => 0..200_000_000_i64,
        1 => -200_000_000..0_i64,
    ]
}

#[test]
fn the_script_decides_as_the_pure_function_does() {
    let server = Redis::start();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = RedisAddress::parse(&server.url()).unwrap().0;
    let line = runtime.block_on(Line::open(&client)).unwrap();
    let asked = vec((quota(), step()), 1..60);
    let mut runner = TestRunner::new(Config::with_cases(100));
    let law = runner.run(&asked, |asked| {
        let account = format!("law-{}", Uuid::new_v4());
        let (mut level, mut now) = (0, BEGIN);
        for (quota, step) in asked {
            now = now.saturating_add_signed(step);
            let answered = line.take(&account, quota, Some(now));
            let ahead = runtime.block_on(answered).unwrap();
            let (next, standing) = take(quota, level, now);
            prop_assert_eq!(ahead, level.clamp(now, now + quota.window()) - now);
            prop_assert_eq!(take(quota, ahead, 0).1, standing);
            level = next;
        }
        Ok(())
    });
    law.unwrap();
}
