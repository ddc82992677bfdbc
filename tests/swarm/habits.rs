//! What somebody does time and again, and what he listens to: by his number, so that every kind of client is among many.

use uuid::Uuid;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    pub(super) is_socket: bool,
    pub(super) mode: &'static str,
    /// He does not read for a while now and then, and little is held for him meanwhile.
    pub(super) is_lazy: bool,
    /// He says who he is once he is in.
    pub(super) is_stranger: bool,
}

impl Habits {
    pub(super) fn of(number: usize) -> Self {
        Self {
            is_socket: number % 10 != 9,
            mode: ["latest", "all"][number % 2],
            is_lazy: number % 7 == 3,
            is_stranger: number % 10 == 5,
        }
    }

    /// The fleet, or one of these nodes, or both.
    pub(super) fn topics(self, number: usize, nodes: &[Uuid]) -> Vec<String> {
        let fleet = || "fleet".to_owned();
        let node = || format!("nodes/{}", nodes[number % nodes.len()]);
        match (number % 5, self.is_socket) {
            (4, true) => vec![fleet(), node()],
            (2, true) => vec![node()],
            (_, false) if number % 20 == 9 => vec![node()],
            _ => vec![fleet()],
        }
    }
}
