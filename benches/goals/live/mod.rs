//! What those who listen are told: the service as a process of its own, over a PostgreSQL that loses nothing; who
//! updates and who listens are processes, too. All share the machine's cores.

pub(crate) mod back;
pub(crate) mod deaf;
mod ear;
pub(crate) mod idle;
mod listeners;
mod nats;
mod raw;
mod site;
#[path = "../../../tests/swarm/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "it is shared with tests, which look at more of it"
)]
mod swarm;
pub(crate) mod told;
mod updater;

use crate::runtime;

/// Whether this process was started to be a part of a measure; if so, it has been that part until now.
pub(crate) fn was_child(args: &[String]) -> bool {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        [listeners::CHILD, address, person] => listeners::obey(address, person),
        [nats::CHILD, address, sockets, bytes] => nats::obey(address, sockets, bytes),
        [updater::CHILD, address, nodes] => updater::obey(address, nodes),
        [raw::WRITES, sockets, bytes] => raw::write(&runtime(), sockets, bytes),
        [raw::READS, address, sockets] => runtime().block_on(raw::read(address, sockets)),
        [back::CHILD, address, clients, nodes] => back::obey(address, clients, nodes),
        _ => return false,
    }
    true
}
