//! What only a key could make right, at random.

use evara::app::audit::Chain;
use evara::audit::{Link, Mac};
use uuid::Uuid;

use super::scene::{ONE, Scene, TABLES, THEN, TWO, keys};

/// Of what an entry says, where it is, and what binds it.
const COLUMNS: [&str; 14] = [
    "id",
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

/// Entries of a chain.
const ENTRIES: usize = 12;

/// Chance from a seed, so that a failure can be had again.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most as u64) as usize
    }

    /// The number of an entry.
    fn entry(&mut self) -> usize {
        1 + self.below(ENTRIES)
    }

    /// The number of an entry that was sealed, and is not the last.
    fn sealed(&mut self) -> usize {
        3 * (1 + self.below(3))
    }
}

/// What was done.
pub(super) struct Did {
    pub(super) what: String,
    /// Whether what is left is as it once was: only a memory of what came after tells.
    pub(super) is_whole: bool,
}

fn did(what: String) -> Did {
    Did {
        what,
        is_whole: false,
    }
}

fn whole(what: String) -> Did {
    Did {
        what,
        is_whole: true,
    }
}

impl Scene {
    /// Does something that only a key could make right.
    pub(super) async fn tamper(&self, dice: &mut Dice) -> Did {
        let both = [[ONE, TWO], [TWO, ONE]];
        let [chain, other] = both[dice.below(2)];
        match dice.below(13) {
            0 | 1 => self.change(chain, dice).await,
            2 => self.remove(chain, dice.entry()).await,
            3 => self.remove_and_close(chain, dice.entry()).await,
            4 => self.swap("number", chain, dice).await,
            5 => self.swap("id", chain, dice).await,
            6 => self.forge(chain, dice.entry()).await,
            7 => self.roll_head_back(chain, dice.sealed()).await,
            8 => self.cut_with_seals(chain, dice.sealed()).await,
            9 => self.change_seal(chain, dice).await,
            10 => self.remove_seals(chain, dice.below(4)).await,
            11 => self.put_behind(chain, other, dice.entry()).await,
            _ => self.remove_whole(chain).await,
        }
    }

    /// Does it to `chain` alone.
    async fn must(&self, chain: Chain, sql: &str) {
        let sql = sql.replace("{chain}", &self.shell.id(chain.0));
        assert!(self.shell.run(&sql).await > 0, "{sql}");
    }

    async fn change(&self, chain: Chain, dice: &mut Dice) -> Did {
        let (column, number) = (COLUMNS[dice.below(COLUMNS.len())], dice.entry());
        let value = self.another(column, dice.below(1 << 30));
        let sql = format!(
            "UPDATE audit SET {column} = {value} WHERE chain = {{chain}} AND number = {number}"
        );
        self.must(chain, &sql).await;
        did(format!("{column} of {number} changed"))
    }

    /// Something that the column does not hold anywhere.
    fn another(&self, column: &str, made: usize) -> String {
        match column {
            "id" => format!("{}", 1_000 + made),
            "at" => self.shell.time(made as i64),
            "actor" | "session" => self.shell.id(Uuid::from_u128(made as u128)),
            "key" => self.shell.bytes(&(made as u32).to_be_bytes()),
            "mac" => self.shell.bytes(&[made as u8 ^ 0x5a; 32]),
            "actor_kind" => "'device'".to_owned(),
            "outcome" => "'denied'".to_owned(),
            _ => format!("'forged {made}'"),
        }
    }

    async fn remove(&self, chain: Chain, number: usize) -> Did {
        let sql = format!("DELETE FROM audit WHERE chain = {{chain}} AND number = {number}");
        self.must(chain, &sql).await;
        did(format!("{number} removed"))
    }

    async fn remove_and_close(&self, chain: Chain, number: usize) -> Did {
        self.remove(chain, number).await;
        // In two steps, so that no two have a number meanwhile.
        for (by, behind) in [("+ 1000", number), ("- 1001", 1_000)] {
            let chain = self.shell.id(chain.0);
            let close = format!(
                "UPDATE audit SET number = number {by} WHERE chain = {chain} AND number > {behind}"
            );
            self.shell.run(&close).await;
        }
        let head = "UPDATE audit_chains SET number = 11 WHERE chain = {chain}";
        self.must(chain, head).await;
        did(format!("{number} removed, and the gap closed"))
    }

    /// Puts each of two entries in the place of the other.
    async fn swap(&self, place: &str, chain: Chain, dice: &mut Dice) -> Did {
        let one = dice.entry();
        let other = 1 + (one + dice.below(ENTRIES - 1)) % ENTRIES;
        let rows = self.rows_of(chain).await;
        let at = |number: usize| match place {
            "id" => rows[number - 1].id,
            _ => rows[number - 1].link.number.cast_signed(),
        };
        for (from, to) in [
            (at(one), 100_000),
            (at(other), at(one)),
            (100_000, at(other)),
        ] {
            let sql = format!(
                "UPDATE audit SET {place} = {to} WHERE chain = {{chain}} AND {place} = {from}"
            );
            self.must(chain, &sql).await;
        }
        did(format!("{place} of {one} and {other} swapped"))
    }

    /// Has everything from `number` on say something else, bound with a key of one's own.
    async fn forge(&self, chain: Chain, number: usize) -> Did {
        let own = keys("a guess at the secret of the audit, which is wrong");
        let mut rows = self.rows_of(chain).await;
        let mut head = match number {
            1 => Link::GENESIS,
            _ => rows[number - 2].link,
        };
        for row in &mut rows[number - 1..] {
            row.entry.target.push_str(" of another");
            head = head.next(&own, chain, row.id, &row.entry).unwrap();
            let put = format!(
                "UPDATE audit SET target = '{}', {} WHERE chain = {{chain}} AND number = {}",
                row.entry.target,
                self.bound(&head.mac),
                head.number
            );
            self.must(chain, &put).await;
        }
        let put = format!(
            "UPDATE audit_chains SET {} WHERE chain = {{chain}}",
            self.bound(&head.mac)
        );
        self.must(chain, &put).await;
        did(format!("all from {number} on bound with another key"))
    }

    fn bound(&self, Mac { key, mac }: &Mac) -> String {
        let [key, mac] = [self.shell.bytes(key), self.shell.bytes(mac)];
        format!("key = {key}, mac = {mac}")
    }

    async fn roll_head_back(&self, chain: Chain, sealed: usize) -> Did {
        let head = format!(
            "UPDATE audit_chains SET (number, key, mac) = (SELECT number, key, mac FROM audit
                WHERE chain = {{chain}} AND number = {sealed}) WHERE chain = {{chain}}"
        );
        self.must(chain, &head).await;
        did(format!("the head rolled back to {sealed}"))
    }

    async fn cut_with_seals(&self, chain: Chain, sealed: usize) -> Did {
        self.roll_head_back(chain, sealed).await;
        for (table, number) in [("audit", "number"), ("audit_seals", "head_number")] {
            let cut =
                format!("DELETE FROM {table} WHERE chain = {{chain}} AND {number} > {sealed}");
            self.must(chain, &cut).await;
        }
        whole(format!("all after {sealed} taken, with its seals"))
    }

    async fn change_seal(&self, chain: Chain, dice: &mut Dice) -> Did {
        let seal = 1 + dice.below(4);
        let column = ["head_number", "head_mac", "at", "mac"][dice.below(4)];
        let made = dice.below(256);
        let value = match column {
            "head_number" => format!("{}", 13 + made),
            "at" => self.shell.time(THEN.millis() - 1 - made as i64),
            _ => self.shell.bytes(&[made as u8; 32]),
        };
        let sql = format!(
            "UPDATE audit_seals SET {column} = {value} WHERE chain = {{chain}} AND number = {seal}"
        );
        self.must(chain, &sql).await;
        did(format!("{column} of seal {seal} changed"))
    }

    async fn remove_seals(&self, chain: Chain, left: usize) -> Did {
        let sql = format!("DELETE FROM audit_seals WHERE chain = {{chain}} AND number > {left}");
        self.must(chain, &sql).await;
        did(format!("all seals but {left} removed"))
    }

    async fn put_behind(&self, chain: Chain, other: Chain, number: usize) -> Did {
        let copy = format!(
            "INSERT INTO audit (chain, number, key, mac, at, actor_kind, action, target, outcome)
             SELECT {{chain}}, 13, key, mac, at, actor_kind, action, target, outcome
             FROM audit WHERE chain = {} AND number = {number}",
            self.shell.id(other.0)
        );
        self.must(chain, &copy).await;
        did("one put behind the end".to_owned())
    }

    async fn remove_whole(&self, chain: Chain) -> Did {
        for table in TABLES {
            let sql = format!("DELETE FROM {table} WHERE chain = {{chain}}");
            self.must(chain, &sql).await;
        }
        whole("a chain removed whole".to_owned())
    }
}
