//! Which part of a span is answered from rollups, and which from samples. Pure.
//!
//! A rollup serves where it tells all that the samples would: its hour or day is wholly in the span and in
//! one bucket, and nothing came in since it was made. Where samples may be gone rollups serve alone: an
//! hour counts there where it begins, even if the span cuts it.

use evara_actors::domain::Timestamp;
use jiff::tz::TimeZone;

use super::Standing;
use super::grid::{Grid, Span, Width};

/// Where a part of a span is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Samples,
    Hours,
    Days,
}

/// A part of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) span: Span,
    pub(crate) source: Source,
}

/// What is asked for, as far as it decides where to read.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) width: Width,
    /// The zone's IANA name.
    pub(crate) zone: &'a str,
    /// The node's rule as it is now, see [`crate::history::RuleBook::terms`].
    pub(crate) terms: &'a str,
}

/// The parts of `span`, in order and without a gap.
pub(crate) fn plan(span: Span, asked: &Asked<'_>, standing: &Standing) -> Vec<Segment> {
    let mut parts = Parts(Vec::new());
    let Some(rule) = standing.rule.as_ref().filter(|_| is_rolled(asked.width)) else {
        parts.push(span, Source::Samples);
        return parts.0;
    };
    let sealed_to = sealed_to(standing);
    // Another zone's hours are others; only where there is nothing else are these as good.
    if rule.zone != asked.zone || rule.terms != asked.terms {
        parts.push(Span::new(span.from, span.to.min(sealed_to)), Source::Hours);
        parts.push(
            Span::new(span.from.max(sealed_to), span.to),
            Source::Samples,
        );
        return parts.0;
    }
    let zone = zone_of(&rule.zone);
    let hours = Grid::new(zone.clone(), Width::Hour);
    for day in Grid::new(zone, Width::Day).buckets(span) {
        let whole = asked.width == Width::Day && span.covers(day) && day.from >= rule.since;
        let open = Span::new(day.from.max(sealed_to), day.to);
        if whole && !is_due(standing, day) && !is_marked(standing, open) {
            parts.push(day, Source::Days);
            continue;
        }
        for hour in hours.buckets(day.within(span)) {
            let sealed = Span::new(hour.from, hour.to.min(sealed_to));
            parts.push(sealed.within(span), Source::Hours);
            let open = Span::new(hour.from.max(sealed_to), hour.to);
            let clean = span.covers(open) && !is_marked(standing, open);
            let source = if clean {
                Source::Hours
            } else {
                Source::Samples
            };
            parts.push(open.within(span), source);
        }
    }
    parts.0
}

const fn is_rolled(width: Width) -> bool {
    match width {
        Width::Hour | Width::Day => true,
        Width::Minutes(_) => false,
    }
}

/// The zone of a name that was checked when it was written; UTC should the bundled database have
/// dropped it since.
pub(crate) fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The instant before which rollups are the truth: nothing that begins there is made again. An hour that
/// lost a part of its samples belongs to it.
pub(crate) fn sealed_to(standing: &Standing) -> Timestamp {
    let Some(rule) = &standing.rule else {
        return Timestamp::MIN;
    };
    let Some(raw_from) = standing.raw_from else {
        return rule.since;
    };
    let hour = Grid::new(zone_of(&rule.zone), Width::Hour).bucket(raw_from);
    let whole = if hour.from == raw_from {
        raw_from
    } else {
        hour.to
    };
    rule.since.max(whole)
}

fn is_due(standing: &Standing, day: Span) -> bool {
    let next = standing.due.partition_point(|due| *due < day.from);
    standing.due.get(next).is_some_and(|due| day.contains(*due))
}

/// Whether readings that no rollup has seen may be in `span`.
pub(crate) fn is_marked(standing: &Standing, span: Span) -> bool {
    let ends = |hour: &Timestamp| hour.plus(Width::Hour.length());
    let next = standing
        .marked
        .partition_point(|hour| ends(hour) <= span.from);
    standing
        .marked
        .get(next)
        .is_some_and(|hour| *hour < span.to)
}

struct Parts(Vec<Segment>);

impl Parts {
    /// Adds a part, as one with the part before it where both are read alike.
    fn push(&mut self, span: Span, source: Source) {
        if span.from >= span.to {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.source == source && last.span.to == span.from => {
                last.span.to = span.to
            }
            Some(_) | None => self.0.push(Segment { span, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::RuleBook;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span(from: &str, to: &str) -> Span {
        Span::new(time(from), time(to))
    }

    fn rolled(zone: &str) -> Standing {
        Standing {
            rule: Some(RuleBook {
                zone: zone.to_owned(),
                terms: String::new(),
                since: Timestamp::MIN,
            }),
            ..Standing::default()
        }
    }

    fn planned(asked: Span, width: Width, standing: &Standing) -> Vec<(Source, String, String)> {
        let zone = standing
            .rule
            .as_ref()
            .map_or("UTC", |rule| rule.zone.as_str());
        let terms = "";
        let parts = plan(asked, &Asked { width, zone, terms }, standing);
        assert_eq!(parts.first().unwrap().span.from, asked.from);
        assert_eq!(parts.last().unwrap().span.to, asked.to);
        assert!(
            parts
                .windows(2)
                .all(|pair| pair[0].span.to == pair[1].span.from)
        );
        let told = |part: &Segment| {
            (
                part.source,
                part.span.from.to_string(),
                part.span.to.to_string(),
            )
        };
        parts.iter().map(told).collect()
    }

    fn part(source: Source, from: &str, to: &str) -> (Source, String, String) {
        (source, from.to_owned(), to.to_owned())
    }

    #[test]
    fn whole_days_come_from_days_whole_hours_from_hours_and_the_rest_from_samples() {
        let asked = span("2026-01-01T22:30:00Z", "2026-01-04T01:30:00Z");
        let expected = [
            part(
                Source::Samples,
                "2026-01-01T22:30:00Z",
                "2026-01-01T23:00:00Z",
            ),
            part(
                Source::Hours,
                "2026-01-01T23:00:00Z",
                "2026-01-02T00:00:00Z",
            ),
            part(Source::Days, "2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z"),
            part(
                Source::Hours,
                "2026-01-04T00:00:00Z",
                "2026-01-04T01:00:00Z",
            ),
            part(
                Source::Samples,
                "2026-01-04T01:00:00Z",
                "2026-01-04T01:30:00Z",
            ),
        ];
        assert_eq!(planned(asked, Width::Day, &rolled("UTC")), expected);
        let never = planned(asked, Width::Day, &Standing::default());
        assert_eq!(never.len(), 1);
        assert_eq!(never[0].0, Source::Samples);
    }

    #[test]
    fn a_mark_of_an_hour_of_utc_opens_both_local_hours_that_it_touches() {
        let marked = vec![time("2026-01-02T10:00:00Z")];
        let standing = Standing {
            marked,
            ..rolled("Asia/Kolkata")
        };
        let asked = span("2026-01-01T18:30:00Z", "2026-01-03T18:30:00Z");
        let expected = [
            part(
                Source::Hours,
                "2026-01-01T18:30:00Z",
                "2026-01-02T09:30:00Z",
            ),
            part(
                Source::Samples,
                "2026-01-02T09:30:00Z",
                "2026-01-02T11:30:00Z",
            ),
            part(
                Source::Hours,
                "2026-01-02T11:30:00Z",
                "2026-01-02T18:30:00Z",
            ),
            part(Source::Days, "2026-01-02T18:30:00Z", "2026-01-03T18:30:00Z"),
        ];
        assert_eq!(planned(asked, Width::Day, &standing), expected);
    }

    #[test]
    fn what_is_sealed_comes_from_rollups_whatever_is_marked_and_however_it_is_cut() {
        let standing = Standing {
            raw_from: Some(time("2026-01-03T00:00:00Z")),
            marked: vec![time("2026-01-02T10:00:00Z")],
            ..rolled("Asia/Kolkata")
        };
        let asked = span("2026-01-02T10:10:00Z", "2026-01-03T02:00:00Z");
        let expected = [
            part(
                Source::Hours,
                "2026-01-02T10:10:00Z",
                "2026-01-03T01:30:00Z",
            ),
            part(
                Source::Samples,
                "2026-01-03T01:30:00Z",
                "2026-01-03T02:00:00Z",
            ),
        ];
        assert_eq!(planned(asked, Width::Hour, &standing), expected);
        assert_eq!(sealed_to(&standing), time("2026-01-03T00:30:00Z"));
    }

    #[test]
    fn a_day_that_is_due_comes_from_its_hours() {
        let standing = Standing {
            due: vec![time("2026-01-02T00:00:00Z")],
            ..rolled("UTC")
        };
        let asked = span("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
        let sources: Vec<_> = planned(asked, Width::Day, &standing)
            .into_iter()
            .map(|part| part.0)
            .collect();
        assert_eq!(sources, [Source::Days, Source::Hours]);
    }
}
