//! The tests that need more than one module, as one binary: linked once.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod admin;
mod allowance;
mod archive;
#[path = "../support/authenticator.rs"]
mod authenticator;
mod away;
mod backup;
mod binary;
mod borrowed;
mod canary;
mod changing;
mod chaos;
mod database;
mod fenced;
mod fleet;
mod frames;
mod full_disk;
mod harness;
mod health;
mod killed;
mod live;
mod lying;
mod point_in_time;
#[path = "../support/postgres.rs"]
mod postgres;
mod postgres_server;
mod program;
mod pushed;
#[expect(dead_code, reason = "shared with tests that ask more of a server")]
#[path = "../support/redis.rs"]
mod redis;
mod replica;
mod restart;
mod restored_owners;
mod rotation;
mod security;
mod sharing;
mod slow;
mod small_disk;
mod storms;
mod supply;
mod surface;
#[path = "../swarm/mod.rs"]
mod swarm;
mod tampered;
mod throttled;
mod tidy;
mod tree;
mod zones;
