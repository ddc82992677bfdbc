//! The table: what was measured, beside its ceiling and its goal, as Markdown.

use crate::measure::Rounds;

/// What a row promises.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// The figure is at least this.
    AtLeast(f64),
    /// The figure is at most this.
    AtMost(f64),
    /// The figure is at least this part of the ceiling.
    RatioAtLeast(f64),
    /// The figure is at most so many times the ceiling.
    RatioAtMost(f64),
}

/// One number of a row, with what it varied by from round to round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    value: f64,
    spread: Option<f64>,
}

impl Figure {
    /// Measured once.
    pub(crate) fn once(value: f64) -> Self {
        let spread = None;
        Self { value, spread }
    }

    /// The middle of several rounds.
    pub(crate) fn median(rounds: &Rounds) -> Self {
        let spread = Some(rounds.spread());
        let value = rounds.median();
        Self { value, spread }
    }

    /// The least disturbed of several rounds.
    pub(crate) fn highest(rounds: &Rounds) -> Self {
        let spread = Some(rounds.spread());
        let value = rounds.highest();
        Self { value, spread }
    }

    fn text(self) -> String {
        let value = number(self.value);
        self.spread.map_or_else(
            || value.clone(),
            |spread| format!("{value} ±{:.0} %", spread * 50.0),
        )
    }
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is measured, and in which unit.
    pub(crate) what: String,
    pub(crate) figure: Figure,
    pub(crate) ceiling: Option<Figure>,
    /// Empty for a figure that is printed beside another one.
    pub(crate) goals: Vec<Goal>,
}

pub(crate) fn print_head() {
    println!("| what | figure | ceiling | ratio | goal | |");
    println!("|---|---:|---:|---:|---|---|");
}

impl Row {
    pub(crate) fn print(&self) {
        let ceiling = self
            .ceiling
            .map_or_else(|| "-".to_owned(), |ceiling| ceiling.text());
        let ratio = self
            .ratio()
            .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let goals: Vec<String> = self.goals.iter().map(|goal| goal.text()).collect();
        let verdict = match (self.goals.is_empty(), self.is_met()) {
            (true, _) => "",
            (false, true) => "met",
            (false, false) => "missed",
        };
        println!(
            "| {} | {} | {ceiling} | {ratio} | {} | {verdict} |",
            self.what,
            self.figure.text(),
            goals.join(", ")
        );
    }

    fn ratio(&self) -> Option<f64> {
        self.ceiling
            .map(|ceiling| self.figure.value / ceiling.value)
    }

    fn is_met(&self) -> bool {
        let (figure, ratio) = (self.figure.value, self.ratio().unwrap_or(f64::NAN));
        self.goals.iter().all(|goal| match goal {
            Goal::AtLeast(least) => figure >= *least,
            Goal::AtMost(most) => figure <= *most,
            Goal::RatioAtLeast(least) => ratio >= *least,
            Goal::RatioAtMost(most) => ratio <= *most,
        })
    }
}

impl Goal {
    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::RatioAtLeast(least) => format!("≥ {least} × ceiling"),
            Self::RatioAtMost(most) => format!("≤ {most} × ceiling"),
        }
    }
}

/// With as many digits as it is worth, and thousands set apart.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
