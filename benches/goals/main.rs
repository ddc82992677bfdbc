//! Speed and memory of the service, each beside a ceiling that is measured in the same run.
//!
//! Prints one table and asserts nothing: machines are shared, and a figure is worth no more than the
//! ceiling beside it. `cargo bench --bench goals` takes minutes; with `-- --quick`, seconds, so that
//! the code stays alive; with `-- NAME..`, only the rows of those names.

mod apply;
mod bare;
mod client;
mod http;
mod measure;
mod memory;
mod offers;
mod polls;
mod steady;
mod table;
mod world;

use std::process::ExitCode;

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
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(answer) = memory::as_child(&args) {
        println!("{answer}");
        return ExitCode::SUCCESS;
    }
    if let Some(channels) = steady::as_child(&args) {
        runtime().block_on(steady::serve(channels));
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` starts this, too, and should not wait for it.
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    let size = match args.iter().any(|arg| arg == "--quick") {
        true => Size::Quick,
        false => Size::Full,
    };
    let chosen: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| *chosen == name);
    table::print_head();
    for (_, measure) in MEASURES.iter().filter(|(name, _)| wanted(name)) {
        for row in measure(size) {
            row.print();
        }
    }
    ExitCode::SUCCESS
}

/// The runtime of the service: a worker for each core.
fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}
