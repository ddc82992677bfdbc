//! The service's face: requests in, answers and problems out.
//!
//! Holds no truth. A handler extracts, calls one handle of the inside and converts; what every request
//! passes is in [`edge`], what every failure becomes in [`error`], every shape in [`views`].

mod actors;
mod answer;
mod audit;
mod auth;
mod border;
mod by_name;
mod conditions;
mod cursor;
mod dashboard;
mod database;
mod dead_letters;
mod device_keys;
mod devices;
mod edge;
mod error;
mod extract;
mod fleet;
mod format;
mod guard;
mod health;
mod history;
mod idempotency;
mod ip_rules;
mod live;
mod merge;
mod misshapen;
mod nodes;
mod openapi;
mod page;
mod pollers;
mod problem;
mod project;
mod readings;
mod router;
mod starting;
mod state;
mod stream;
mod telemetry;
mod tenancy;
mod twins;
mod users;
mod views;
mod watched;

pub use border::{Border, NotAnOrigin, Origin, Transport};
pub use cursor::CursorKey;
pub use edge::Edge;
pub use live::{Room, wire as socket};
pub use router::{description, service};
pub use starting::starting;
pub use state::{AppState, Inside};

#[cfg(test)]
mod tests;
