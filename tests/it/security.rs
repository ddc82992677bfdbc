//! What is written about security is what the code does.

use evara::access::{Permission, Role};

use crate::tidy::root;

const BEGIN: &str = "<!-- permissions -->\n";
const END: &str = "<!-- end of permissions -->";

/// The table of permissions, as the documentation shows it.
fn table() -> String {
    let names: Vec<_> = Role::ALL.iter().map(|role| format!("`{role}`")).collect();
    let mut table = format!("| permission | lets one | {} |\n", names.join(" | "));
    table.push_str(&format!("|---|---|{}\n", ":-:|".repeat(names.len())));
    for permission in Permission::ALL {
        let has = Role::ALL.map(|role| {
            if permission.is_had_by(role) {
                "✓"
            } else {
                ""
            }
        });
        let (name, meaning) = (permission.name(), permission.meaning());
        table.push_str(&format!("| `{name}` | {meaning} | {} |\n", has.join(" | ")));
    }
    table
}

#[test]
fn the_table_of_permissions_is_the_one_that_is_obeyed() {
    let text = std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let (_, rest) = text.split_once(BEGIN).unwrap();
    let (written, _) = rest.split_once(END).unwrap();
    assert_eq!(
        written,
        table(),
        "docs/SECURITY.md: put this between the markers"
    );
}
