//! The gate of a host: what is the host's fault and what a channel's, and how often that is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::{Budget, Cause, ChannelGate, GateSettings, HostGate};
use crate::domain::{ChannelId, Timestamp};
use crate::ingest::BreakerState;
use crate::ports::FeedError;

const AWAY: FeedError = FeedError::Unreachable;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn gates(count: u64) -> (Arc<HostGate>, Vec<Arc<ChannelGate>>) {
    let host = HostGate::new(GateSettings::default(), at(0));
    let channels = (0..count).map(|id| host.channel(ChannelId(id), at(0)));
    let channels = channels.collect();
    (host, channels)
}

fn ask(gate: &Arc<ChannelGate>, answer: Result<(), &FeedError>, now: Timestamp) -> bool {
    let pass = gate.admit(now);
    let admitted = pass.is_ok();
    if let Ok(pass) = pass {
        pass.settle(answer, now);
    }
    admitted
}

/// Counts what is told at each level.
#[derive(Debug, Clone, Default)]
struct Listener {
    warnings: Arc<AtomicUsize>,
    news: Arc<AtomicUsize>,
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let level = *event.metadata().level();
        let count = if level == Level::WARN {
            &self.warnings
        } else {
            &self.news
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn an_outage_of_the_host_is_told_once_and_so_is_its_end() {
    let listener = Listener::default();
    let heard = listener.clone();
    tracing::subscriber::with_default(listener, || {
        let (host, channels) = gates(100);
        for now in 0..7_200 {
            let channel = &channels[usize::try_from(now).unwrap() % 100];
            ask(channel, Err(&AWAY), at(now));
        }
        assert_eq!(host.breaker(), BreakerState::Open);
        let warnings = heard.warnings.load(Ordering::Relaxed);
        assert_eq!((warnings, host.outages()), (1, 1));
        for channel in &channels {
            ask(channel, Ok(()), at(10_000));
        }
        assert_eq!(host.breaker(), BreakerState::Closed);
        assert_eq!(heard.warnings.load(Ordering::Relaxed), 1);
        assert_eq!(heard.news.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn on_probation_the_host_gets_the_probe_of_one_channel() {
    let (host, channels) = gates(10);
    for channel in &channels[..5] {
        ask(channel, Err(&AWAY), at(0));
    }
    assert!(channels.iter().all(|gate| gate.admit(at(59)).is_err()));
    let probe = channels[7].admit(at(60)).unwrap();
    assert!(channels.iter().all(|gate| gate.admit(at(60)).is_err()));
    probe.settle(Ok(()), at(61));
    assert_eq!(host.breaker(), BreakerState::Closed);
    assert!(channels.iter().all(|gate| gate.admit(at(61)).is_ok()));
}

#[test]
fn a_probe_that_never_comes_back_is_sent_again_after_a_cooldown() {
    let (host, channels) = gates(10);
    for channel in &channels[..5] {
        ask(channel, Err(&AWAY), at(0));
    }
    drop(channels[7].admit(at(60)).unwrap());
    assert_eq!(host.breaker(), BreakerState::Open);
    assert!(channels[3].admit(at(119)).is_err());
    assert!(channels[3].admit(at(120)).is_ok());
}

#[test]
fn channels_count_no_failure_while_the_host_is_away() {
    let (host, channels) = gates(2);
    for now in 0..5 {
        ask(
            &channels[usize::try_from(now).unwrap() % 2],
            Err(&AWAY),
            at(now * 10),
        );
    }
    assert_eq!(host.breaker(), BreakerState::Open);
    for probe in 1..20 {
        ask(&channels[0], Err(&AWAY), at(probe * 1_000));
    }
    assert!(ask(&channels[0], Ok(()), at(30_000)));
    assert_eq!(channels[0].breaker(), BreakerState::Closed);
}

#[test]
fn one_channel_that_fails_alone_closes_nobody_elses_gate() {
    let (host, channels) = gates(2);
    for now in 0..20 {
        ask(&channels[0], Err(&FeedError::TimedOut), at(now * 10));
    }
    assert_eq!(channels[0].breaker(), BreakerState::Open);
    assert_eq!(host.breaker(), BreakerState::Closed);
    assert!(channels[1].admit(at(200)).is_ok());
}

#[test]
fn what_is_wrong_with_a_channel_says_that_the_host_is_there() {
    let (host, channels) = gates(10);
    for channel in &channels {
        for (round, error) in [AWAY, FeedError::NoAccess].iter().enumerate() {
            ask(channel, Err(error), at(round as i64 * 10));
        }
    }
    assert_eq!(host.breaker(), BreakerState::Closed);
}

#[test]
fn a_throttled_channel_waits_as_told_and_the_others_need_not() {
    let (host, channels) = gates(2);
    let retry_after = Some(Duration::from_secs(300));
    ask(
        &channels[0],
        Err(&FeedError::Throttled { retry_after }),
        at(0),
    );
    let hold = channels[0].admit(at(1)).unwrap_err();
    assert_eq!((hold.until, hold.cause), (at(300), Cause::ChannelBudget));
    assert!(channels[1].admit(at(1)).is_ok());
    assert_eq!(host.breaker(), BreakerState::Closed);
}

#[test]
fn the_hosts_budget_is_one_for_all_its_channels() {
    let settings = GateSettings {
        host: Budget::try_new(60, 10).unwrap(),
        ..GateSettings::default()
    };
    let host = HostGate::new(settings, at(0));
    let channels: Vec<_> = (0..100)
        .map(|id| host.channel(ChannelId(id), at(0)))
        .collect();
    let admitted = |now| {
        channels
            .iter()
            .filter(|gate| ask(gate, Ok(()), now))
            .count()
    };
    assert_eq!(admitted(at(0)), 10);
    assert_eq!(admitted(at(6)), 5);
}

#[test]
fn all_who_ask_for_a_channel_share_its_budget() {
    let (host, channels) = gates(1);
    let again = host.channel(ChannelId(0), at(0));
    let admitted = [&channels[0], &again, &channels[0], &again]
        .into_iter()
        .filter(|gate| ask(gate, Ok(()), at(0)));
    assert_eq!(admitted.count(), 3);
}

#[test]
fn a_person_can_close_the_breakers() {
    let (host, channels) = gates(1);
    for _ in 0..5 {
        ask(&channels[0], Err(&AWAY), at(0));
        ask(&channels[0], Err(&AWAY), at(60));
    }
    channels[0].reset_breaker();
    assert_eq!(host.breaker(), BreakerState::Closed);
    assert!(channels[0].admit(at(120)).is_ok());
}
