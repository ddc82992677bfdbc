//! The rules about addresses over SQLite.

use evara_actors::ports::BoxFuture;
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::{DEADLINE, SqliteStore, history, rows, statements};
use crate::address::Rule;
use crate::store::{Act, IpRules, IpRulesError};

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), IpRulesError>;

impl IpRules for SqliteStore {
    fn ip_rules(&self) -> BoxFuture<'_, Result<Vec<Rule>, IpRulesError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, |connection| {
                history::all(connection, statements::ALL_IP_RULES, [], rows::ip_rule)
            });
            Ok(job.await?)
        })
    }

    fn insert_ip_rule(&self, rule: Rule, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| IpRulesError::Unavailable(Box::new(error)))?;
            let job = self
                .writer
                .call(DEADLINE, move |connection| insert(connection, &rule, &act));
            job.await?
        })
    }

    fn remove_ip_rule(&self, id: Uuid, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| IpRulesError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| remove(connection, id, &act))
                .await?
        })
    }
}

fn remove(connection: &mut Connection, id: Uuid, act: &Enclosed) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.execute(statements::DELETE_IP_RULE, [id.as_bytes()])? == 0 {
        return Ok(Err(IpRulesError::NotFound));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn insert(connection: &mut Connection, rule: &Rule, act: &Enclosed) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let row = params![
        rule.id.as_bytes(),
        rule.network.to_string(),
        rule.action.name(),
        rule.note,
        rule.created_at.millis(),
    ];
    if transaction.execute(statements::INSERT_IP_RULE, row)? == 0 {
        return Ok(Err(IpRulesError::Taken));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}
