//! The rules about addresses over PostgreSQL.

use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::values::{At, to_stored};
use super::{PostgresStore, history, rows, statements};
use crate::address::Rule;
use crate::store::{Act, IpRules, IpRulesError};

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), IpRulesError>;

impl IpRules for PostgresStore {
    fn ip_rules(&self) -> BoxFuture<'_, Result<Vec<Rule>, IpRulesError>> {
        Box::pin(async move {
            Ok(history::all(self, statements::ALL_IP_RULES, &[], rows::ip_rule).await?)
        })
    }

    fn insert_ip_rule(&self, rule: Rule, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| IpRulesError::Unavailable(Box::new(error)))?;
            insert(self, &rule, &act).await?
        })
    }

    fn remove_ip_rule(&self, id: Uuid, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| IpRulesError::Unavailable(Box::new(error)))?;
            remove(self, id, &act).await?
        })
    }
}

async fn insert(store: &PostgresStore, rule: &Rule, act: &Enclosed) -> Result<Outcome, Failure> {
    let mut transaction = store.writing().await?;
    let (network, action) = (rule.network.to_string(), rule.action.name());
    let note = rule.note.as_deref().map(to_stored);
    let columns: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&rule.id, &network, &action, &note, &At(rule.created_at)];
    let added = transaction
        .rows(statements::INSERT_IP_RULE, columns)
        .await?;
    if added.is_empty() {
        transaction.roll_back().await;
        return Ok(Err(IpRulesError::Taken));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn remove(store: &PostgresStore, id: Uuid, act: &Enclosed) -> Result<Outcome, Failure> {
    let mut transaction = store.writing().await?;
    let gone = transaction.rows(statements::DELETE_IP_RULE, &[&id]).await?;
    if gone.is_empty() {
        transaction.roll_back().await;
        return Ok(Err(IpRulesError::NotFound));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}
