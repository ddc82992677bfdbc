//! The service: configuration in, sockets out.
pub mod access;
pub mod address;
pub mod app;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod config;
mod failpoint;
pub mod history;
pub mod http;
pub mod limits;
#[cfg(test)]
mod naughty;
mod private;
#[cfg(test)]
#[path = "../tests/support/proxy.rs"]
mod proxy;
pub mod simulator;
pub mod store;
pub mod thingspeak;
