//! `evara tree`: the supervision tree as it is drawn. The running one is at `/api/v1/admin/actors`.

use evara_actors::domain::{
    ChannelBinding, ChannelId, FieldMap, Kind, NodeId, NodeSpec, Timestamp,
};
use evara_actors::system::Settings;
use evara_actors::tree::draw;
use uuid::Uuid;

use super::Failure;
use super::output::data;
use super::simulate::nodes;
use crate::simulator::Knobs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many nodes, each with a channel of its own
    #[arg(long, default_value_t = 3, value_parser = nodes)]
    nodes: usize,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let first_channel = Knobs::default().first_channel_id;
    let nodes: Vec<NodeSpec> = (0..args.nodes as u64)
        .map(|index| node(index, ChannelId(first_channel + index)))
        .collect();
    let tree = draw(&nodes, Settings::default().writers).to_string();
    Ok(data(format_args!("{}", tree.trim_end()))?)
}

/// A node as the drawing needs it; what it is called does not matter there.
fn node(index: u64, channel_id: ChannelId) -> NodeSpec {
    NodeSpec {
        key: format!("node-{index}"),
        label: format!("Node {index}"),
        channel: Some(ChannelBinding {
            channel_id,
            field_map: FieldMap::default(),
        }),
        ..NodeSpec::blank(
            NodeId(Uuid::from_u128(u128::from(index) + 1)),
            Kind::Generic,
            Timestamp::from_millis(0),
        )
    }
}
