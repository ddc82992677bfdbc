//! Writing to a terminal, a file or a pipe: data to stdout, talk to stderr.
//!
//! `println!` panics when the reader has left, as the `head` of a pipeline does; this does not.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::Context as _;

/// Writes a line of what was asked for.
pub(super) fn data(line: fmt::Arguments<'_>) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    match written {
        // Whoever has left has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("stdout cannot be written"),
    }
}

/// Says something to the person who is watching, if there is one.
pub(super) fn talk(line: fmt::Arguments<'_>) {
    let _nobody_listens = writeln!(io::stderr().lock(), "{line}");
}
