//! A process that belongs to a measure: told what to do by lines, answering by lines, gone with the value.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

/// Such a process. Ends with the value, as if its machine had failed.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program can be started");
        let input = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        Self {
            process,
            input,
            output: BufReader::new(output).lines(),
        }
    }

    /// Starts this program again, as what `args` say.
    pub(crate) fn of_this_program(args: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        Self::start(Command::new(program).args(args))
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let line = self.output.next().expect("the process says something");
        line.expect("what it says is text")
    }

    /// Tells it something, and waits for what it says then.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("the process listens");
        self.line()
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _has_ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}
