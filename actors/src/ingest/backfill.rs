//! A wish to read once more what a channel still holds: noted until it was answered, asked for in turn.
//!
//! Pure. The cursor is not told: what is read again moves no mark, and what the twins have they know.

use crate::ports::{Ask, FeedError};

/// Below it a window shows no more than an ordinary poll does.
const LEAST_ROWS: u16 = Ask::MAX_LIVE;

/// What is wanted, and whether the request that is out is for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Backfill {
    rows: Option<u16>,
    out: bool,
}

impl Backfill {
    /// Notes the wish; one that is being answered is not begun anew.
    pub(super) fn wish(&mut self) {
        if !self.out {
            self.rows = Some(Ask::MAX_BACKFILL);
        }
    }

    /// What to ask instead of what the cursor would, if that is wanted.
    pub(super) fn ask(&mut self) -> Option<Ask> {
        self.out = self.rows.is_some();
        self.rows.map(Ask::Backfill)
    }

    /// Takes how the request ended, and says whether it was for this.
    pub(super) fn answered(&mut self, outcome: Result<(), &FeedError>) -> bool {
        if !std::mem::take(&mut self.out) {
            return false;
        }
        self.rows = match (outcome, self.rows) {
            (Ok(()), _) | (_, None) => None,
            // A window that is too wide now is too wide the next time.
            (Err(FeedError::TooLarge | FeedError::Malformed(_)), Some(rows)) => {
                Some(rows / 2).filter(|rows| *rows >= LEAST_ROWS)
            }
            (
                Err(
                    FeedError::Throttled { .. }
                    | FeedError::NoAccess
                    | FeedError::Status { .. }
                    | FeedError::TimedOut
                    | FeedError::Unreachable,
                ),
                rows,
            ) => rows,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_asked_for_until_it_is_answered() {
        let mut backfill = Backfill::default();
        assert_eq!(backfill.ask(), None);
        assert!(!backfill.answered(Ok(())));
        backfill.wish();
        assert_eq!(backfill.ask(), Some(Ask::Backfill(8_000)));
        assert!(backfill.answered(Err(&FeedError::TimedOut)));
        assert_eq!(backfill.ask(), Some(Ask::Backfill(8_000)));
        assert!(backfill.answered(Ok(())));
        assert_eq!(backfill.ask(), None);
    }

    #[test]
    fn a_wish_that_comes_while_the_cursor_asks_is_not_taken_for_answered() {
        let mut backfill = Backfill::default();
        assert_eq!(backfill.ask(), None);
        backfill.wish();
        assert!(!backfill.answered(Ok(())));
        assert_eq!(backfill.ask(), Some(Ask::Backfill(8_000)));
    }

    #[test]
    fn a_window_that_is_too_wide_narrows_and_is_given_up_in_the_end() {
        let mut backfill = Backfill::default();
        backfill.wish();
        let mut rows = Vec::new();
        while let Some(Ask::Backfill(asked)) = backfill.ask() {
            rows.push(asked);
            assert!(backfill.answered(Err(&FeedError::TooLarge)));
        }
        assert_eq!(rows, [8_000, 4_000, 2_000, 1_000, 500, 250, 125]);
    }
}
