//! A TalkBack: the queue of commands by which devices are reached.
//!
//! The truth of what was queued and what was fetched. A command leaves the queue when it is
//! fetched, before any device has acted on it; it is never put back, and nobody learns whether
//! the answer arrived.

use std::collections::VecDeque;

/// Commands that one TalkBack holds.
pub(super) const MAX_COMMANDS: usize = 8_000;

/// Letters in a command.
pub(super) const MAX_COMMAND_CHARS: usize = 255;

/// Fetched commands that can still be looked up by id: enough for any test, and bounded.
const KEEP_EXECUTED: usize = 1_000;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) id: u64,
    pub(super) text: String,
    pub(super) created_at_s: i64,
    pub(super) executed_at_s: Option<i64>,
}

/// A command, and its place among those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    pub(super) command: &'a Command,
    /// From 1; a fetched command has none.
    pub(super) position: Option<usize>,
}

/// One queue of commands.
#[derive(Debug, Clone)]
pub(super) struct TalkBack {
    pub(super) id: u64,
    pub(super) key: String,
    /// The channel of the device that polls this queue.
    pub(super) channel_id: Option<u64>,
    waiting: VecDeque<Command>,
    executed: VecDeque<Command>,
}

/// The queue holds as many commands as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl TalkBack {
    pub(super) fn new(id: u64, key: String, channel_id: Option<u64>) -> Self {
        Self {
            id,
            key,
            channel_id,
            waiting: VecDeque::new(),
            executed: VecDeque::new(),
        }
    }

    /// Queues a command at `position` (from 1), or at the end. Those behind it move down.
    pub(super) fn add(
        &mut self,
        command: Command,
        position: Option<usize>,
    ) -> Result<Placed<'_>, Full> {
        if self.waiting.len() >= MAX_COMMANDS {
            return Err(Full);
        }
        let end = self.waiting.len();
        let place = position.map_or(end, |position| position.saturating_sub(1).min(end));
        self.waiting.insert(place, command);
        Ok(Placed {
            command: &self.waiting[place],
            position: Some(place + 1),
        })
    }

    /// Takes the first command off the queue. From here on it counts as executed.
    pub(super) fn execute(&mut self, now_s: i64) -> Option<Placed<'_>> {
        let mut command = self.waiting.pop_front()?;
        command.executed_at_s = Some(now_s);
        if self.executed.len() >= KEEP_EXECUTED {
            self.executed.pop_front();
        }
        self.executed.push_back(command);
        self.last()
    }

    /// The command that was fetched last.
    pub(super) fn last(&self) -> Option<Placed<'_>> {
        let command = self.executed.back()?;
        Some(Placed {
            command,
            position: None,
        })
    }

    /// The commands that wait, in their order.
    pub(super) fn list(&self) -> impl Iterator<Item = Placed<'_>> {
        self.waiting
            .iter()
            .enumerate()
            .map(|(place, command)| Placed {
                command,
                position: Some(place + 1),
            })
    }

    /// A command by its id, waiting or fetched.
    pub(super) fn get(&self, id: u64) -> Option<Placed<'_>> {
        let fetched = || self.executed.iter().find(|command| command.id == id);
        self.list()
            .find(|placed| placed.command.id == id)
            .or_else(|| {
                fetched().map(|command| Placed {
                    command,
                    position: None,
                })
            })
    }

    /// Changes the text of a waiting command, and its place if asked to.
    pub(super) fn update(
        &mut self,
        id: u64,
        text: Option<String>,
        position: Option<usize>,
    ) -> Option<Placed<'_>> {
        let place = self.waiting.iter().position(|command| command.id == id)?;
        let mut command = self.waiting.remove(place)?;
        command.text = text.unwrap_or(command.text);
        self.add(command, position.or(Some(place + 1))).ok()
    }

    /// Removes a command, waiting or fetched, and hands it out.
    pub(super) fn remove(&mut self, id: u64) -> Option<Command> {
        for commands in [&mut self.waiting, &mut self.executed] {
            if let Some(place) = commands.iter().position(|command| command.id == id) {
                return commands.remove(place);
            }
        }
        None
    }

    /// Removes every waiting command.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(texts: &[&str]) -> TalkBack {
        let mut queue = TalkBack::new(1, "K".to_owned(), None);
        for (id, text) in (1..).zip(texts) {
            queue.add(command(id, text), None).unwrap();
        }
        queue
    }

    fn command(id: u64, text: &str) -> Command {
        Command {
            id,
            text: text.to_owned(),
            created_at_s: 0,
            executed_at_s: None,
        }
    }

    fn texts(queue: &TalkBack) -> Vec<&str> {
        queue
            .list()
            .map(|placed| placed.command.text.as_str())
            .collect()
    }

    #[test]
    fn a_command_put_at_a_position_moves_the_others_down() {
        let mut queue = queue(&["a", "b"]);
        assert_eq!(
            queue.add(command(3, "c"), Some(1)).unwrap().position,
            Some(1)
        );
        assert_eq!(texts(&queue), ["c", "a", "b"]);
        queue.add(command(4, "d"), Some(99)).unwrap();
        assert_eq!(texts(&queue), ["c", "a", "b", "d"]);
    }

    #[test]
    fn a_fetched_command_has_no_position_and_is_never_fetched_again() {
        let mut queue = queue(&["a"]);
        let fetched = queue.execute(9).unwrap();
        assert_eq!(
            (fetched.position, fetched.command.executed_at_s),
            (None, Some(9))
        );
        assert_eq!(queue.execute(10), None);
        assert_eq!(queue.get(1), queue.last());
    }

    #[test]
    fn a_full_queue_refuses() {
        let mut queue = queue(&[]);
        for id in 0..MAX_COMMANDS {
            queue.add(command(id as u64, ""), None).unwrap();
        }
        assert_eq!(queue.add(command(0, ""), None), Err(Full));
    }
}
