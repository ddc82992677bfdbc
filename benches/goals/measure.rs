//! Samples of one quantity, and how they are taken: in turns, so that whatever else the machine does
//! falls on figure and ceiling alike.

use std::time::Duration;

use tokio::time::Instant;

/// What was measured in several rounds, sorted.
#[derive(Debug, Clone)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The highest: of a rate on one core, the one that was disturbed least.
    pub(crate) fn highest(&self) -> f64 {
        self.at(1.0)
    }

    /// From the lowest tenth to the highest one, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        (self.at(0.9) - self.at(0.1)) / self.median()
    }

    /// Below which this part of them lies.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        self.at(part)
    }

    fn at(&self, part: f64) -> f64 {
        let last = self.0.len() - 1;
        self.0[(part * last as f64).round() as usize]
    }
}

/// Measures figure and ceiling in turns, after one turn of each that does not count.
pub(crate) fn in_turns(
    rounds: usize,
    mut figure: impl FnMut() -> f64,
    mut ceiling: impl FnMut() -> f64,
) -> (Rounds, Rounds) {
    let (mut figures, mut ceilings) = (Vec::new(), Vec::new());
    figure();
    ceiling();
    for _ in 0..rounds {
        figures.push(figure());
        ceilings.push(ceiling());
    }
    (Rounds::new(figures), Rounds::new(ceilings))
}

/// How often a second something happens that happened `count` times since `start`.
pub(crate) fn per_second(count: usize, start: Instant) -> f64 {
    count as f64 / start.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
}

/// What this process has used of the machine's cores so far.
pub(crate) fn cpu_seconds() -> f64 {
    cpu_seconds_of(std::process::id())
}

/// What the process with this number has used of the machine's cores so far.
pub(crate) fn cpu_seconds_of(process: u32) -> f64 {
    /// In which Linux tells times, on every machine.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    let stat = stat.expect("this is Linux, and the process runs");
    // The name of the process stands in brackets before the numbers, and may have spaces.
    let (_, numbers) = stat.rsplit_once(')').expect("the name is in brackets");
    let times = numbers.split_whitespace().skip(11).take(2);
    let ticks: f64 = times.filter_map(|time| time.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

/// What of the process with this number is in memory.
pub(crate) fn resident_bytes_of(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.expect("this is Linux, and the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: f64 = kilobytes
        .and_then(|kilobytes| kilobytes.parse().ok())
        .expect("VmRSS is a number of kB");
    kilobytes * 1024.0
}
