//! Times that are no times, and times that are not now.

use super::draft::{Draft, Family};
use super::workshop::NOW;
use super::{Bad, Refused, Rows};

pub(super) fn bad() -> Vec<Bad> {
    let mut rows = Rows::default();
    for family in [Family::Local, Family::Rsa] {
        no_times(&mut rows, family);
        not_now(&mut rows, family);
    }
    rows.0
}

fn no_times(rows: &mut Rows, family: Family) {
    let later = NOW.millis() / 1000 + 60;
    let (text, float) = (format!("\"{later}\""), format!("{later}.0"));
    let (power, list) = (format!("{later}e0"), format!("[{later}]"));
    for name in ["exp", "iat", "nbf"] {
        for json in [
            &text,
            &float,
            &power,
            &list,
            "null",
            "true",
            "{}",
            r#""""#,
            r#""never""#,
            "-1",
            "-0",
            "0.5",
            "1e3",
            "1E10",
            "-9223372036854775808",
            "253402207201",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999999999999",
        ] {
            let draft = Draft::of(family).claim(name, json);
            rows.draft(
                format_args!("{family:?} with {name} {json}"),
                &draft,
                Refused::Claim(name),
            );
        }
        // What JSON itself has no room for.
        for json in [
            "1e400",
            "-1e400",
            "NaN",
            "Infinity",
            "0x7fffffff",
            "01704067260",
            "+1",
            "1_0",
            "१",
        ] {
            let draft = Draft::of(family).claim(name, json);
            rows.draft(
                format_args!("{family:?} with {name} {json}"),
                &draft,
                Refused::Json,
            );
        }
    }
    for name in ["exp", "iat"] {
        let draft = Draft::of(family).without_claim(name);
        rows.draft(
            format_args!("{family:?} without {name}"),
            &draft,
            Refused::Claim(name),
        );
    }
}

fn not_now(rows: &mut Rows, family: Family) {
    let early = || Draft::of(family).seconds("iat", -3600);
    for secs in [-30, -31, -60, -3599] {
        let draft = early().seconds("exp", secs);
        rows.draft(
            format_args!("{family:?} that ended {secs} s from now"),
            &draft,
            Refused::Expired,
        );
    }
    for secs in [31, 32, 60, 3600, 9_999_999] {
        let draft = early().seconds("nbf", secs);
        rows.draft(
            format_args!("{family:?} that begins in {secs} s"),
            &draft,
            Refused::NotYet,
        );
    }
    for secs in [31, 60, 899] {
        let draft = Draft::of(family).seconds("iat", secs);
        rows.draft(
            format_args!("{family:?} that is made in {secs} s"),
            &draft,
            Refused::NotYet,
        );
    }
    // Lives that nobody gives: none, less than none, and more than a week.
    for (iat, exp) in [
        (0, 0),
        (20, 10),
        (0, 7 * 24 * 3600 + 1),
        (-3600, 10 * 365 * 24 * 3600),
    ] {
        let draft = Draft::of(family).seconds("iat", iat).seconds("exp", exp);
        let name = format_args!("{family:?} from {iat} s to {exp} s");
        rows.draft(name, &draft, Refused::Claim("exp"));
    }
    let draft = Draft::of(family).claim("iat", "0");
    rows.draft(
        format_args!("{family:?} since 1970"),
        &draft,
        Refused::Claim("exp"),
    );
}
