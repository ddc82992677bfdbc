//! The simulator behind a socket of this machine: for `simulate`, and inside `demo`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::{ConnectInfo, Request};
use evara_actors::ports::Clock;
use tower::ServiceExt as _;

use super::world::World;
use crate::app::listener::{HeaderNames, Listener, bind};
use crate::simulator::fleet::Fleet;
use crate::simulator::{ChannelCard, Knobs, Simulator, router};

/// A poll is answered from memory; only ordered faults take longer.
const CLOSING_WITHIN: Duration = Duration::from_secs(2);

/// A simulator that is reached by HTTP.
#[derive(Debug)]
pub(super) struct Served {
    simulator: Arc<Simulator>,
    listener: Listener,
}

impl Served {
    /// Grows the fleet of `world` up to its present, and answers for it; port 0 takes any free one.
    pub(super) async fn start(
        world: &World,
        clock: Arc<dyn Clock>,
        port: u16,
        public: bool,
    ) -> anyhow::Result<Self> {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let origin = world.origin();
        let knobs = Knobs {
            seed: origin.seed,
            public_channels: public,
            ..Knobs::default()
        };
        let grown = move || {
            let fleet = Fleet::new(origin.seed, origin.nodes, origin.epoch_s);
            Arc::new(Simulator::with_fleet(fleet, knobs, clock))
        };
        let simulator = tokio::task::spawn_blocking(grown).await?;
        let routes = router(Arc::clone(&simulator));
        let answer = move |mut request: Request, peer| {
            request
                .extensions_mut()
                .insert(ConnectInfo::<SocketAddr>(peer));
            let routes = routes.clone();
            async move {
                let Ok(response) = routes.oneshot(request).await;
                response
            }
        };
        let listener = Listener::start(socket, HeaderNames::Title, answer)
            .context("the simulator's socket cannot be used")?;
        Ok(Self {
            simulator,
            listener,
        })
    }

    /// Every channel, with its keys, in the order of the fleet's devices.
    pub(super) fn channels(&self) -> Vec<ChannelCard> {
        self.simulator.channels()
    }

    /// What to reach it by.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    pub(super) async fn stop(&self) {
        self.listener.drain(CLOSING_WITHIN).await;
    }
}
