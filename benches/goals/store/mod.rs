//! What the store is asked to do: the whole service as a process of its own, over a PostgreSQL that
//! loses nothing, spoken to by a third process. All three share the machine's cores.

pub(crate) mod acks;
mod bare;
pub(crate) mod bulk;
pub(crate) mod child;
pub(crate) mod database;
pub(crate) mod fleet;
pub(crate) mod parcels;
pub(crate) mod past;
pub(crate) mod person;
mod plans;
mod pusher;
pub(crate) mod seen;
pub(crate) mod service;
pub(crate) mod start;
pub(crate) mod stats;

use crate::runtime;

/// Whether this process was started to be a part of a measure; if so, it has been that part until now.
pub(crate) fn was_child(args: &[String]) -> bool {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        [bare::CHILD, database] => runtime().block_on(bare::serve(database)),
        [pusher::CHILD, address, nodes] => pusher::obey(address, nodes),
        _ => return false,
    }
    true
}
