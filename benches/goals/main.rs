//! Speed and memory of the service, each beside a ceiling that is measured in the same run.
//!
//! Prints one table and asserts nothing: machines are shared, and a figure is worth no more than the
//! ceiling beside it. `cargo bench --bench goals` takes minutes; with `-- --quick`, seconds, so that
//! the code stays alive; with `-- NAME..`, only the rows of those names.

mod apply;
mod bare;
mod client;
mod http;
mod live;
mod measure;
mod memory;
mod offers;
mod polls;
mod steady;
mod store;
mod table;
mod world;

use std::process::{Command, ExitCode};

use tokio::runtime::{Builder, Runtime};

use table::Row;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// What the goals are stated for.
    Full,
    /// Enough to see that it runs.
    Quick,
}

impl Size {
    fn of(arg: &str) -> Self {
        match arg {
            QUICK => Self::Quick,
            _ => Self::Full,
        }
    }

    fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

type Measure = fn(Size) -> Vec<Row>;

/// The rows, by the name that chooses them.
const MEASURES: &[(&str, Measure)] = &[
    ("memory", memory::rows),
    ("apply", apply::rows),
    ("offers", offers::rows),
    ("http", http::rows),
    ("polls", polls::rows),
    ("bulk", store::bulk::rows),
    ("bulk-embedded", store::bulk::rows_embedded),
    ("acks", store::acks::rows),
    ("stats", store::stats::rows),
    ("past", store::past::rows),
    ("seen", store::seen::rows),
    ("start", store::start::rows),
    ("live", live::told::rows),
    ("live-idle", live::idle::rows),
    ("live-deaf", live::deaf::rows),
    ("live-back", live::back::rows),
];

/// Makes this program a child that prints the rows of one name: `--rows NAME SIZE`.
const CHILD: &str = "--rows";

/// Asks for little, of a child and by people.
const QUICK: &str = "--quick";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(answer) = memory::as_child(&args) {
        println!("{answer}");
    } else if let Some(channels) = steady::as_child(&args) {
        runtime().block_on(steady::serve(channels));
    } else if let [CHILD, name, size] = *args.iter().map(String::as_str).collect::<Vec<_>>() {
        print_rows(name, Size::of(size));
    } else if store::was_child(&args) || live::was_child(&args) {
        return ExitCode::SUCCESS;
    } else if args.iter().any(|arg| arg == "--bench") {
        return print_table(&args);
    }
    // Without `--bench` it was started by `cargo test --all-targets`, which should not wait for it.
    ExitCode::SUCCESS
}

/// Each measure in a process of its own: what one leaves of the heap must not be what the next lives in.
fn print_table(args: &[String]) -> ExitCode {
    let chosen: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| *chosen == name);
    let quick = args.iter().any(|arg| arg == QUICK);
    let program = std::env::current_exe().expect("this program has a path");
    table::print_head();
    let mut exit = ExitCode::SUCCESS;
    for (name, _) in MEASURES.iter().filter(|(name, _)| wanted(name)) {
        let mut child = Command::new(&program);
        child.args([CHILD, name, if quick { QUICK } else { "full" }]);
        if !child.status().is_ok_and(|status| status.success()) {
            eprintln!("{name} broke off");
            exit = ExitCode::FAILURE;
        }
    }
    exit
}

fn print_rows(name: &str, size: Size) {
    for (_, measure) in MEASURES.iter().filter(|(known, _)| *known == name) {
        for mut row in measure(size) {
            if size == Size::Quick {
                // What a few twins share would be counted as theirs.
                row.goals.clear();
            }
            row.print();
        }
    }
}

/// The runtime of the service: a worker for each core.
fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}
