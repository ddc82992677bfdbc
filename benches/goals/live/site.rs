//! A service with tanks, meters and wells that are pushed to, and who pushes.

use std::time::Duration;

use super::listeners::Listeners;
use super::updater::Updater;
use crate::runtime;
use crate::store::database::Server;
use crate::store::fleet;
use crate::store::service::{Directory, Service};

/// Between two looks at whether the service has come to rest.
const REST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) service: Service,
    pub(super) updater: Updater,
    // After the service: they must outlive it.
    _server: Server,
    database: String,
    data: Directory,
    nodes: usize,
}

impl Site {
    /// With so many nodes, each of whom has said something.
    pub(super) fn of(nodes: usize) -> Self {
        let (server, data) = (Server::start(), Directory::new());
        let database = server.database("service");
        runtime().block_on(fleet::provision_postgres(&database, 0..nodes, fleet::node));
        let service = Service::start(Some(&database), &data);
        let mut updater = Updater::of(service.address(), nodes);
        assert_eq!(updater.at_once(nodes), nodes, "every node is taken from");
        wait(REST);
        Self {
            service,
            updater,
            _server: server,
            database,
            data,
            nodes,
        }
    }

    /// The service dies, and another one takes its place, elsewhere.
    pub(super) fn with_another_service(self) -> Self {
        self.service.fail();
        let service = Service::start(Some(&self.database), &self.data);
        let updater = Updater::of(service.address(), self.nodes);
        Self {
            service,
            updater,
            ..self
        }
    }

    /// Who will listen to it, as this one of the crowd and those behind.
    pub(super) fn listeners(&self, person: usize) -> Listeners {
        Listeners::of(self.service.address(), person)
    }

    /// What the service has in memory.
    pub(super) fn resident_bytes(&self) -> f64 {
        crate::measure::resident_bytes_of(self.service.process())
    }
}

/// Holds up whoever measures, and nobody else.
#[expect(
    clippy::disallowed_methods,
    reason = "no runtime runs on the thread of whoever measures"
)]
pub(super) fn wait(span: Duration) {
    std::thread::sleep(span);
}
