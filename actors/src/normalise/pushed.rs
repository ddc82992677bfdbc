//! What a device or a person sends by itself: no field map, otherwise judged as what is polled.

use super::entry::{is_ahead, keeps_text, shorten};
use super::judge::judge;
use super::number::parse_number;
use crate::domain::{Metric, NodeSpec, Reason, Sample, Source, Timestamp, Value, Verdict};

/// A value as it was sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// A number, in the metric's unit.
    Number(f64),
    /// A text, as devices write numbers.
    Text(&'a str),
    /// Null.
    Nothing,
}

/// What `source` says of the node that `spec` describes at `source_at`, each metric at most once.
pub fn pushed<'a>(
    spec: &NodeSpec,
    source: Source,
    source_at: Timestamp,
    received_at: Timestamp,
    said: impl Iterator<Item = (Metric, Said<'a>)>,
) -> Sample {
    let ahead = is_ahead(source_at, received_at);
    let read = |(metric, said)| {
        let mut value = read(spec, metric, said);
        if ahead {
            value.verdict = Verdict::suspect(Reason::Future).worse(value.verdict);
        }
        value
    };
    Sample {
        source,
        source_at,
        received_at,
        values: said.map(read).collect(),
    }
}

fn read(spec: &NodeSpec, metric: Metric, said: Said<'_>) -> Value {
    let (read, text) = match said {
        Said::Number(number) => (Ok(number), None),
        Said::Text(text) => (parse_number(text, &metric), Some(text)),
        Said::Nothing => (Err(Reason::Empty), None),
    };
    let verdict = match read {
        Ok(number) => judge(spec, &metric, number),
        Err(reason) => Verdict::missing(reason),
    };
    let raw = text.filter(|_| keeps_text(verdict));
    Value {
        metric,
        number: read.ok().filter(|number| number.is_finite()),
        verdict,
        raw: raw.map(|text| shorten(text).into()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::fixture::node;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn value(said: Said<'_>, millis_ahead: i64) -> Value {
        let at = Timestamp::from_millis(NOW.millis() + millis_ahead);
        let source = Source::Pushed(Uuid::from_u128(7));
        let said = [(Metric::DistanceCm, said)].into_iter();
        let mut sample = pushed(&node(&[]), source, at, NOW, said);
        sample.values.remove(0)
    }

    #[test]
    fn numbers_and_texts_are_judged_alike() {
        for said in [
            Said::Number(130.0),
            Said::Text(" 130.0\r\n"),
            Said::Text("1300 mm"),
        ] {
            let value = value(said, 0);
            assert_eq!((value.number, value.verdict), (Some(130.0), Verdict::GOOD));
            assert_eq!(value.raw, None);
        }
        let bad = value(Said::Text("9999"), 0);
        assert_eq!(bad.verdict, Verdict::bad(Reason::Range));
        assert_eq!(
            (bad.number, bad.raw.as_deref()),
            (Some(9999.0), Some("9999"))
        );
        assert_eq!(value(Said::Number(9999.0), 0).verdict, bad.verdict);
    }

    #[test]
    fn what_is_no_number_is_missing_and_kept_as_it_came() {
        let text = value(Said::Text("nan"), 0);
        assert_eq!(text.verdict, Verdict::missing(Reason::NotANumber));
        assert_eq!((text.number, text.raw.as_deref()), (None, Some("nan")));
        let nothing = value(Said::Nothing, 0);
        assert_eq!(nothing.verdict, Verdict::missing(Reason::Empty));
        assert_eq!((nothing.number, nothing.raw), (None, None));
    }

    #[test]
    fn a_stamp_more_than_five_minutes_ahead_is_suspect() {
        assert_eq!(value(Said::Number(130.0), 300_000).verdict, Verdict::GOOD);
        let ahead = value(Said::Number(130.0), 300_001);
        assert_eq!(ahead.verdict, Verdict::suspect(Reason::Future));
    }
}
