//! Which members of a node somebody wants to be told: said once, when he begins to listen. Pure.
//!
//! What he is told is then less, and never something else: which node it is and at which revision is always said, and
//! nothing that happens is left out because no member that he named has changed.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result as Written};
use std::sync::Arc;

use evara_actors::domain::Metric;
use evara_actors::twin::Derived;

/// More names than this are all of them.
const MOST_NAMES: usize = 64;

/// What is shown of a name that is none: longer than any that is one.
const SHOWN: usize = 64;

/// The members that are wanted: all of them, or some that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Fields(Option<Arc<Named>>);

/// The members that were named.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    pub(super) status: bool,
    pub(super) status_since: bool,
    pub(super) last_seen_at: bool,
    pub(super) reported: Chosen,
    pub(super) derived: Chosen,
}

/// All there are.
pub(super) static ALL: Named = Named {
    status: true,
    status_since: true,
    last_seen_at: true,
    reported: Chosen::All,
    derived: Chosen::All,
};

/// Which of the numbers of a member are wanted.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Chosen {
    /// Not even the member.
    #[default]
    None,
    /// Those of these names, of which there is one at least.
    Some(BTreeSet<Box<str>>),
    /// All of them.
    All,
}

/// Why names do not say what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFields {
    /// Nothing is wanted.
    #[error("must name a member of a node, or be left out for all of them")]
    Empty,
    #[error("must be at most 64 names")]
    TooMany,
    /// The name, as far as it can be shown.
    #[error(
        "must be status, status_since, last_seen_at, reported, reported.{{metric}}, derived or derived.{{name}}, and not {0:?}"
    )]
    Unknown(String),
}

impl Fields {
    /// Those of these names.
    ///
    /// # Errors
    /// [`NoFields`] where there is none or too many of them, or one that no node has.
    pub(crate) fn named<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, NoFields> {
        let mut named = Named::default();
        let mut count = 0;
        for name in names {
            count += 1;
            if count > MOST_NAMES {
                return Err(NoFields::TooMany);
            }
            named.add(name).ok_or_else(|| unknown(name))?;
        }
        if count == 0 {
            return Err(NoFields::Empty);
        }
        Ok(Self(Some(Arc::new(named))))
    }

    /// Those that were named; `None` where all are wanted.
    pub(crate) fn only(&self) -> Option<&Named> {
        self.0.as_deref()
    }
}

impl Named {
    /// One more; `None` where no node has it.
    fn add(&mut self, name: &str) -> Option<()> {
        match name.split_once('.') {
            None => match name {
                // They are said in any case.
                "node_id" | "revision" => {}
                "status" => self.status = true,
                "status_since" => self.status_since = true,
                "last_seen_at" => self.last_seen_at = true,
                "reported" => self.reported = Chosen::All,
                "derived" => self.derived = Chosen::All,
                _ => return None,
            },
            // Any name may be one that a device reports one day.
            Some(("reported", metric)) => {
                metric.parse::<Metric>().ok()?;
                self.reported.add(metric);
            }
            Some(("derived", name)) => {
                Derived::NAMES.contains(&name).then_some(())?;
                self.derived.add(name);
            }
            Some(_) => return None,
        }
        Some(())
    }
}

impl Chosen {
    fn add(&mut self, name: &str) {
        match self {
            Self::None => *self = Self::Some(BTreeSet::from([name.into()])),
            Self::Some(names) => drop(names.insert(name.into())),
            Self::All => {}
        }
    }

    /// Whether the member is there at all.
    pub(crate) fn is_wanted(&self) -> bool {
        *self != Self::None
    }

    /// Whether the number of that name is.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Some(names) => names.contains(name),
            Self::All => true,
        }
    }
}

fn unknown(name: &str) -> NoFields {
    NoFields::Unknown(name.chars().take(SHOWN).collect())
}

impl Display for Fields {
    /// The names, each once and in one order, so that the same members have the same text; none where all are wanted.
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let Some(named) = self.only() else {
            return Ok(());
        };
        let members = [
            ("status", named.status),
            ("status_since", named.status_since),
            ("last_seen_at", named.last_seen_at),
        ];
        // It begins with what is said in any case.
        f.write_str("revision")?;
        for (member, _) in members.into_iter().filter(|(_, is_wanted)| *is_wanted) {
            write!(f, ",{member}")?;
        }
        for (member, numbers) in [("reported", &named.reported), ("derived", &named.derived)] {
            match numbers {
                Chosen::None => {}
                Chosen::Some(names) => {
                    for name in names {
                        write!(f, ",{member}.{name}")?;
                    }
                }
                Chosen::All => write!(f, ",{member}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use evara_actors::testing::{START, level, tank};
    use evara_actors::twin::{Event, Twin, apply};
    use evara_actors::watchers::broadcast::Update;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::frame::text;
    use super::*;
    use crate::http::project::only;

    fn names() -> impl Strategy<Value = Vec<String>> {
        let name = prop_oneof![
            prop::sample::select(
                &[
                    "node_id",
                    "revision",
                    "status",
                    "status_since",
                    "last_seen_at",
                    "reported",
                    "derived"
                ][..]
            )
            .prop_map(str::to_owned),
            "reported\\.(level_cm|[a-c]{1,2})",
            prop::sample::select(Derived::NAMES).prop_map(|name| format!("derived.{name}")),
        ];
        prop::collection::vec(name, 1..8)
    }

    fn named(names: &[String]) -> Fields {
        Fields::named(names.iter().map(String::as_str)).unwrap()
    }

    /// A tank that has reported its level.
    fn update() -> Update {
        let blank = Twin::blank(Arc::new(tank(1)), START);
        let twin = apply(&blank, &Event::Observed(level(1, 70.0))).twin;
        Update::of(&twin, None, START).unwrap()
    }

    fn told(update: &Update, fields: &Fields) -> Value {
        serde_json::from_str(&text(update, fields)).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_told_is_what_was_named_out_of_all_there_is(names in names()) {
            let update = update();
            let whole = told(&update, &Fields::default());
            let named_too = format!("node_id,revision,{}", names.join(","));
            let expected = only(&whole, &named_too).unwrap();
            prop_assert_eq!(told(&update, &named(&names)), expected);
        }

        #[test]
        fn the_order_of_names_and_how_often_each_is_said_make_no_difference(
            names in names(), order in any::<prop::sample::Index>(),
        ) {
            let wanted = named(&names);
            let mut others = names.clone();
            others.rotate_left(order.index(names.len()));
            others.push(names[0].clone());
            prop_assert_eq!(&named(&others), &wanted);
            prop_assert_eq!(named(&others).to_string(), wanted.to_string());
        }

        #[test]
        fn a_text_stands_for_the_members_that_it_was_made_of_and_for_no_others(
            names in names(), others in names(),
        ) {
            let (one, other) = (named(&names), named(&others));
            let text = one.to_string();
            prop_assert_eq!(&Fields::named(text.split(',')).unwrap(), &one);
            prop_assert_eq!(text == other.to_string(), one == other);
            prop_assert_ne!(text, Fields::default().to_string());
        }
    }

    #[test]
    fn what_no_node_has_is_refused_by_its_name() {
        for name in [
            "",
            "colour",
            "Status",
            "status.state",
            "reported.",
            "reported.Level",
            "reported.level_cm.value",
            "derived.",
            "derived.colour",
            "desired",
            ".reported",
            "reported ",
        ] {
            let refused = Fields::named(["status", name].into_iter());
            assert_eq!(refused, Err(NoFields::Unknown(name.to_owned())));
        }
        let long = Fields::named(["é".repeat(500).as_str()].into_iter());
        assert_eq!(long, Err(NoFields::Unknown("é".repeat(SHOWN))));
        assert_eq!(Fields::named([].into_iter()), Err(NoFields::Empty));
        let as_many = |count| Fields::named(std::iter::repeat_n("status", count));
        assert!(as_many(MOST_NAMES).is_ok());
        assert_eq!(as_many(MOST_NAMES + 1), Err(NoFields::TooMany));
    }
}
