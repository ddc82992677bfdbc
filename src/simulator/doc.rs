//! A document on its way out, and its two spellings: JSON and XML.
//!
//! Keys keep the order they were put in, because clients have been seen to depend on it. JSON is
//! escaped as Rails does it: `<`, `>` and `&` as `\u003c`, `\u003e` and `\u0026`, no white space,
//! and everything else beyond ASCII raw.

use std::fmt::Write as _;

/// An ordered value. [`Doc::Time`] and the item name of [`Doc::List`] matter to XML only.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Doc {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    Time(String),
    List(&'static str, Vec<Doc>),
    Object(Vec<(&'static str, Doc)>),
}

impl Doc {
    /// A text, or null.
    pub(super) fn text_or_null(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// A number; ids never reach the half of `u64` that would not fit.
    pub(super) fn id(id: u64) -> Self {
        Self::Number(i64::try_from(id).unwrap_or(i64::MAX))
    }

    /// Spells the document as JSON.
    pub(super) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => {
                let _infallible = write!(out, "{value}");
            }
            Self::Text(text) | Self::Time(text) => write_json_text(text, out),
            Self::List(_, items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(pairs) => {
                out.push('{');
                for (place, (key, value)) in pairs.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    write_json_text(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Spells the document as XML under an element called `root`.
    pub(super) fn to_xml(&self, root: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write_xml(root, 0, &mut out);
        out
    }

    fn write_xml(&self, name: &str, depth: usize, out: &mut String) {
        let (name, pad) = (name.replace('_', "-"), "  ".repeat(depth));
        let _infallible = match self {
            Self::Null => writeln!(out, "{pad}<{name} nil=\"true\"/>"),
            Self::Bool(value) => writeln!(out, "{pad}<{name} type=\"boolean\">{value}</{name}>"),
            Self::Number(value) => writeln!(out, "{pad}<{name} type=\"integer\">{value}</{name}>"),
            Self::Time(text) => writeln!(out, "{pad}<{name} type=\"dateTime\">{text}</{name}>"),
            Self::Text(text) => writeln!(out, "{pad}<{name}>{}</{name}>", xml_text(text)),
            Self::List(item_name, items) => {
                let opened = writeln!(out, "{pad}<{name} type=\"array\">");
                for item in items {
                    item.write_xml(item_name, depth + 1, out);
                }
                opened.and_then(|()| writeln!(out, "{pad}</{name}>"))
            }
            Self::Object(pairs) => {
                let opened = writeln!(out, "{pad}<{name}>");
                for (key, value) in pairs {
                    value.write_xml(key, depth + 1, out);
                }
                opened.and_then(|()| writeln!(out, "{pad}</{name}>"))
            }
        };
    }
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{0}'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Spells a table as CSV with a heading line. Null is empty.
pub(super) fn to_csv(columns: &[&str], rows: &[Vec<Option<String>>]) -> String {
    let mut out = columns.join(",");
    out.push('\n');
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            out.push_str(&csv_cell(cell.as_deref().unwrap_or_default()));
        }
        out.push('\n');
    }
    out
}

fn csv_cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_rails_escapes_and_leaves_unicode_raw() {
        let doc = Doc::Text("a<b>&\"\\ \r\n\u{1}°C".to_owned());
        assert_eq!(doc.to_json(), r#""a\u003cb\u003e\u0026\"\\ \r\n\u0001°C""#);
    }

    #[test]
    fn every_json_text_reads_back_as_it_was() {
        let text: String = (0..0x3000).filter_map(char::from_u32).collect();
        let json = Doc::Text(text.clone()).to_json();
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn xml_says_types_and_turns_underscores_to_dashes() {
        let doc = Doc::Object(vec![
            ("entry_id", Doc::Number(3)),
            ("field1", Doc::Null),
            (
                "feeds",
                Doc::List("feed", vec![Doc::Text("a&b".to_owned())]),
            ),
        ]);
        assert_eq!(
            doc.to_xml("channel"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<channel>\n  \
             <entry-id type=\"integer\">3</entry-id>\n  <field1 nil=\"true\"/>\n  \
             <feeds type=\"array\">\n    <feed>a&amp;b</feed>\n  </feeds>\n</channel>\n"
        );
    }

    #[test]
    fn csv_quotes_only_what_would_break_a_line() {
        let rows = [vec![Some("1".to_owned()), None, Some("0\r\n".to_owned())]];
        assert_eq!(to_csv(&["a", "b", "c"], &rows), "a,b,c\n1,,\"0\r\n\"\n");
    }
}
