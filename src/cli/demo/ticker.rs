//! The line of counts that a demonstration keeps up to date on stderr.

use std::fmt;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use evara_actors::domain::StatusState;
use evara_actors::ports::Clock;

use super::super::output::talk;
use crate::app::App;

/// Fast enough to be watched.
const ON_A_TERMINAL: Duration = Duration::from_secs(1);

/// Slow enough to be kept in a log.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// What a demonstration has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    online: usize,
    late: usize,
    offline: usize,
    other: usize,
    readings: u64,
    polls: u64,
}

impl Counts {
    fn of(app: &App, clock: &dyn Clock) -> Self {
        let mut counts = Self::default();
        let now = clock.now();
        for twin in app.system().twins() {
            counts.add(twin.view().status_at(now).state);
        }
        let mut taken = 0;
        for poller in app.system().pollers() {
            let view = poller.view();
            counts.polls += view.counts.polls;
            taken += view.counts.samples;
        }
        counts.readings = taken.saturating_sub(app.system().persistence().waiting);
        counts
    }

    fn add(&mut self, state: StatusState) {
        *match state {
            StatusState::Online => &mut self.online,
            StatusState::Late => &mut self.late,
            StatusState::Offline => &mut self.offline,
            StatusState::Provisioning | StatusState::Maintenance | StatusState::Quarantined => {
                &mut self.other
            }
        } += 1;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            online,
            late,
            offline,
            other,
            readings,
            polls,
        } = self;
        write!(
            f,
            "online {online}, late {late}, offline {offline}, other {other}; "
        )?;
        write!(f, "readings stored {readings}, polls {polls}")
    }
}

/// Tells the counts until it is dropped; in place on a terminal.
pub(super) async fn run(app: &App, clock: &dyn Clock) {
    let in_place = stderr().is_terminal();
    let mut ticks = tokio::time::interval(if in_place { ON_A_TERMINAL } else { ELSEWHERE });
    loop {
        ticks.tick().await;
        let counts = Counts::of(app, clock);
        if in_place {
            let mut stderr = stderr().lock();
            // To the line's beginning, and what was there is cleared.
            let _nobody_looks = write!(stderr, "\r\x1b[2K{counts}").and_then(|()| stderr.flush());
        } else {
            talk(format_args!("{counts}"));
        }
    }
}

/// Leaves the line that was kept in place, so that what is told next has one of its own.
pub(super) fn end() {
    if stderr().is_terminal() {
        talk(format_args!(""));
    }
}
