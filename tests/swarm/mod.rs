//! Many who listen to a real service and believe nothing: each keeps what it is told, over one connection after
//! another, and holds it against what it was told before and, in the end, against what the API says.
//!
//! For tests and benches alike. Whoever has a service starts a [`Swarm`], changes the [`Stage`] while things go wrong, and
//! settles it. What is wrong is written down and not panicked over, so that a seeded bug can be seen to be found.

mod client;
mod crowd;
mod desk;
mod habits;
mod knowledge;
mod line;
mod said;
mod stage;
mod stream;

pub(crate) use crowd::{Findings, Swarm};
pub(crate) use said::{Node, Nodes};
pub(crate) use stage::{Hidden, Person, Stage};
pub(crate) use stream::Stream;
