//! What somebody who has the database and not the key may do to the audit of an embedded store is found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Audit, Fact};
use crate::audit::{AuditKeys, Chain, Link, Mac, Row};
use crate::store::{AuditLog as _, AuditQuery, SecretBox, SqliteStore, database_in};

const ONE: Chain = Chain(Uuid::from_u128(1));
const TWO: Chain = Chain(Uuid::from_u128(2));

const TABLES: [&str; 3] = ["audit", "audit_chains", "audit_seals"];

/// Of what an entry says, and what binds it.
const COLUMNS: [&str; 13] = [
    "at",
    "actor_kind",
    "actor",
    "session",
    "address",
    "correlation",
    "action",
    "target",
    "outcome",
    "before",
    "after",
    "key",
    "mac",
];

/// A clock that stands.
#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }
}

/// Chance from a seed, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most as u64) as usize
    }
}

fn keys(secret: &str) -> AuditKeys {
    AuditKeys::derive(&SecretString::from(secret.repeat(32)), &[]).unwrap()
}

/// Two chains of a dozen entries and four seals, and a shell that is past the store and its triggers.
struct Crime {
    dir: PathBuf,
    store: Arc<SqliteStore>,
    audit: Audit,
    shell: Connection,
    before: BTreeMap<&'static str, Vec<Vec<Value>>>,
}

impl Drop for Crime {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

impl Crime {
    async fn scene() -> Self {
        let dir = std::env::temp_dir().join(format!("evara-audit-{}", Uuid::new_v4()));
        let secrets = SecretBox::new(&SecretString::from("k".repeat(32))).unwrap();
        let store = Arc::new(SqliteStore::open(&dir, secrets).unwrap());
        let audit = Audit::new(keys("k"), store.clone(), Arc::new(Noon));
        for number in 0..12 {
            let fact = Fact::new("thing.do", format!("thing/{number}"));
            let fact = fact.was(&number).is(&(number + 1)).of([ONE, TWO]);
            audit.console().write(fact).await.unwrap();
            if number % 3 == 2 {
                assert_eq!(audit.seal().await.unwrap(), 2);
            }
        }
        let shell = Connection::open(database_in(&dir)).unwrap();
        // What is undone a thousand times need not outlive the machine.
        shell.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let triggers = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master
            WHERE type = 'trigger' AND name LIKE 'audit%'";
        for drop in texts(&shell, triggers) {
            shell.execute_batch(&drop).unwrap();
        }
        let before = TABLES.map(|table| (table, rows(&shell, table)));
        let before = before.into_iter().collect();
        Self {
            dir,
            store,
            audit,
            shell,
            before,
        }
    }

    /// Everything as it was.
    fn undo(&self) {
        self.shell.execute_batch("BEGIN").unwrap();
        for table in TABLES {
            self.shell
                .execute(&format!("DELETE FROM {table}"), [])
                .unwrap();
            for row in &self.before[table] {
                let marks = vec!["?"; row.len()].join(",");
                let put = format!("INSERT INTO {table} VALUES ({marks})");
                self.shell.execute(&put, params_from_iter(row)).unwrap();
            }
        }
        self.shell.execute_batch("COMMIT").unwrap();
    }

    /// Whether the proof finds anything, by an audit that saw the seals made.
    async fn is_found(&self, audit: &Audit) -> bool {
        for chain in audit.chains().await.unwrap() {
            if audit.verify(chain).await.unwrap().found.is_err() {
                return true;
            }
        }
        false
    }

    async fn rows_of(&self, chain: Chain) -> Vec<Row> {
        self.store.audit_of(chain, 0, 100).await.unwrap()
    }

    /// Does something that only a key could make right.
    async fn tamper(&self, dice: &mut Dice) -> String {
        let (chain, other) = if dice.below(2) == 0 {
            (ONE, TWO)
        } else {
            (TWO, ONE)
        };
        let number = 1 + dice.below(12) as i64;
        let second = 1 + (number + dice.below(11) as i64) % 12;
        let id = chain.0.as_bytes();
        let did = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
            assert!(self.shell.execute(sql, params).unwrap() > 0, "{sql}");
        };
        match dice.below(11) {
            0 | 1 => {
                let column = COLUMNS[dice.below(COLUMNS.len())];
                let value = self.another(column, dice);
                let sql =
                    format!("UPDATE audit SET {column} = ?1 WHERE chain = ?2 AND number = ?3");
                did(&sql, &[&value, id, &number]);
                format!("{column} of {number} changed")
            }
            2 => {
                did(
                    "DELETE FROM audit WHERE chain = ?1 AND number = ?2",
                    &[id, &number],
                );
                format!("{number} removed")
            }
            3 => {
                did(
                    "DELETE FROM audit WHERE chain = ?1 AND number = ?2",
                    &[id, &number],
                );
                let close = "UPDATE audit SET number = -number WHERE chain = ?1 AND number > ?2";
                self.shell
                    .execute_batch("PRAGMA ignore_check_constraints = 1")
                    .unwrap();
                self.shell.execute(close, params![id, number]).unwrap();
                let open = "UPDATE audit SET number = -number - 1 WHERE chain = ?1 AND number < 0";
                self.shell.execute(open, params![id]).unwrap();
                let head = "UPDATE audit_chains SET number = 11 WHERE chain = ?1";
                did(head, &[id]);
                format!("{number} removed, and the gap closed")
            }
            4 => {
                let swap = "UPDATE audit SET number = ?3 WHERE chain = ?1 AND number = ?2";
                did(swap, &[id, &number, &1_000]);
                did(swap, &[id, &second, &number]);
                did(swap, &[id, &1_000, &second]);
                format!("{number} and {second} swapped")
            }
            5 => {
                self.forge(chain, number).await;
                format!("all from {number} on bound with another key")
            }
            6 => {
                let sealed = 3 * (1 + dice.below(3) as i64);
                let head = "UPDATE audit_chains SET (number, key, mac) = (SELECT number, key, mac
                    FROM audit WHERE chain = ?1 AND number = ?2) WHERE chain = ?1";
                did(head, &[id, &sealed]);
                format!("the head rolled back to {sealed}")
            }
            7 => {
                let sealed = 3 * (1 + dice.below(3) as i64);
                did(
                    "DELETE FROM audit WHERE chain = ?1 AND number > ?2",
                    &[id, &sealed],
                );
                did(
                    "DELETE FROM audit_seals WHERE chain = ?1 AND head_number > ?2",
                    &[id, &sealed],
                );
                let head = "UPDATE audit_chains SET (number, key, mac) = (SELECT number, key, mac
                    FROM audit WHERE chain = ?1 AND number = ?2) WHERE chain = ?1";
                did(head, &[id, &sealed]);
                format!("all after {sealed} taken, with its seals")
            }
            8 => {
                let seal = 1 + dice.below(4) as i64;
                let column = ["head_number", "head_mac", "at", "mac"][dice.below(4)];
                let value = match column {
                    "head_number" => Value::from(13 + dice.below(99) as i64),
                    "at" => Value::from(dice.below(99) as i64),
                    _ => Value::from(vec![dice.below(256) as u8; 32]),
                };
                let sql = format!(
                    "UPDATE audit_seals SET {column} = ?1 WHERE chain = ?2 AND number = ?3"
                );
                did(&sql, &[&value, id, &seal]);
                format!("{column} of seal {seal} changed")
            }
            9 => {
                let copy = "INSERT INTO audit (chain, number, key, mac, at, actor_kind, action, target, outcome)
                    SELECT ?1, 13, key, mac, at, actor_kind, action, target, outcome
                    FROM audit WHERE chain = ?2 AND number = ?3";
                did(copy, &[id, other.0.as_bytes(), &number]);
                "one put behind the end".to_owned()
            }
            _ => {
                for table in TABLES {
                    did(&format!("DELETE FROM {table} WHERE chain = ?1"), &[id]);
                }
                "a chain removed whole".to_owned()
            }
        }
    }

    /// Something that the column does not hold anywhere.
    fn another(&self, column: &str, dice: &mut Dice) -> Value {
        let made = dice.below(1 << 30);
        match column {
            "at" => Value::from(made as i64),
            "actor" | "session" => Value::from(Uuid::from_u128(made as u128).as_bytes().to_vec()),
            "key" => Value::from((made as u32).to_be_bytes().to_vec()),
            "mac" => Value::from([made as u8 ^ 0x5a; 32].to_vec()),
            "actor_kind" => Value::from("device".to_owned()),
            "outcome" => Value::from("denied".to_owned()),
            _ => Value::from(format!("forged {made}")),
        }
    }

    /// Has everything from `number` on say something else, bound with a key of one's own.
    async fn forge(&self, chain: Chain, number: i64) {
        let own = keys("guess");
        let mut rows = self.rows_of(chain).await;
        let from = number as usize - 1;
        let mut head = from
            .checked_sub(1)
            .map_or(Link::GENESIS, |at| rows[at].link);
        for row in &mut rows[from..] {
            row.entry.target.push_str(" of another");
            head = head.next(&own, chain, &row.entry).unwrap();
            let Mac { key, mac } = head.mac;
            let put =
                "UPDATE audit SET target = ?1, key = ?2, mac = ?3 WHERE chain = ?4 AND number = ?5";
            let place = head.number.cast_signed();
            let row = params![row.entry.target, key, mac, chain.0.as_bytes(), place];
            assert_eq!(self.shell.execute(put, row).unwrap(), 1);
        }
        let put = "UPDATE audit_chains SET key = ?1, mac = ?2 WHERE chain = ?3";
        let row = params![head.mac.key, head.mac.mac, chain.0.as_bytes()];
        assert_eq!(self.shell.execute(put, row).unwrap(), 1);
    }
}

fn texts(shell: &Connection, sql: &str) -> Vec<String> {
    let mut statement = shell.prepare(sql).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

fn rows(shell: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut statement = shell.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement.column_count();
    let whole = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
    let found = statement.query_map([], whole).unwrap();
    found.map(Result::unwrap).collect()
}

#[tokio::test]
async fn each_of_a_thousand_tamperings_is_found() {
    let crime = Crime::scene().await;
    let mut dice = Dice(7);
    for turn in 0..1_000 {
        if turn % 100 == 0 {
            assert!(!crime.is_found(&crime.audit).await, "turn {turn}");
        }
        let did = crime.tamper(&mut dice).await;
        assert!(crime.is_found(&crime.audit).await, "turn {turn}: {did}");
        crime.undo();
    }
}

#[tokio::test]
async fn what_nobody_can_find_is_what_is_said_not_to_be_promised() {
    let crime = Crime::scene().await;
    let fact = || Fact::new("thing.do", "thing/late").of([ONE]);
    let head = rows(&crime.shell, "audit_chains");
    crime.audit.console().write(fact()).await.unwrap();
    // The end since the last seal, taken with the head put back.
    crime
        .shell
        .execute("DELETE FROM audit WHERE number = 13", [])
        .unwrap();
    for row in &head {
        let put = "REPLACE INTO audit_chains VALUES (?, ?, ?, ?)";
        crime.shell.execute(put, params_from_iter(row)).unwrap();
    }
    assert!(!crime.is_found(&crime.audit).await);
    // All back to an older seal: found by whoever saw the newer one, and by the log, but by nobody else.
    crime.undo();
    crime
        .shell
        .execute_batch(
            "DELETE FROM audit WHERE number > 9; DELETE FROM audit_seals WHERE head_number > 9;
             UPDATE audit_chains SET (number, key, mac) = (SELECT number, key, mac FROM audit
                 WHERE audit.chain = audit_chains.chain AND audit.number = 9)",
        )
        .unwrap();
    assert!(crime.is_found(&crime.audit).await);
    let stranger = Audit::new(keys("k"), crime.store.clone(), Arc::new(Noon));
    assert!(!crime.is_found(&stranger).await);
}

#[tokio::test]
async fn the_triggers_refuse_whoever_slips() {
    let crime = Crime::scene().await;
    let secrets = SecretBox::new(&SecretString::from("k".repeat(32))).unwrap();
    let dir = crime.dir.join("another");
    let store = Arc::new(SqliteStore::open(&dir, secrets).unwrap());
    let audit = Audit::new(keys("k"), store.clone(), Arc::new(Noon));
    audit
        .console()
        .write(Fact::new("thing.do", "thing"))
        .await
        .unwrap();
    audit.seal().await.unwrap();
    let shell = Connection::open(database_in(&dir)).unwrap();
    for sql in [
        "UPDATE audit SET target = 'another'",
        "DELETE FROM audit",
        "UPDATE audit_seals SET at = 0",
        "DELETE FROM audit_seals",
        "UPDATE audit_chains SET number = 0",
        "DELETE FROM audit_chains",
    ] {
        let refused = shell.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{sql}: {refused}");
    }
    let all = store.audit_page(AuditQuery::default(), 10).await.unwrap();
    assert_eq!(all.len(), 1);
}
