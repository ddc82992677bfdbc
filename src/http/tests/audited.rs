//! An audit that takes everything and keeps nothing.

use std::sync::Arc;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;

use crate::app::audit::{Audit, AuditError, AuditLog, AuditQuery, Listed};
use crate::audit::{AuditKeys, Chain, Cut, Link, Record, Row, Seal};
use crate::store::{Held, Unsealed};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct MemoryAudit;

/// An audit over this.
pub(super) fn audited(store: Arc<dyn AuditLog>) -> Audit {
    let keys = AuditKeys::derive(&SecretString::from("k".repeat(32)), &[]).unwrap();
    Audit::new(keys, store, Arc::new(super::scene::Still))
}

impl AuditLog for MemoryAudit {
    fn write_audit(&self, _: Vec<Record>) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async { Ok(()) })
    }

    fn audit_page(&self, _: AuditQuery, _: u32) -> BoxFuture<'_, Result<Vec<Listed>, AuditError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn audit_of(&self, _: Chain, _: u64, _: u32) -> BoxFuture<'_, Result<Vec<Row>, AuditError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn audit_chains(&self) -> BoxFuture<'_, Result<Vec<Chain>, AuditError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn audit_held(&self, _: Chain) -> BoxFuture<'_, Result<Held, AuditError>> {
        Box::pin(async {
            Ok(Held {
                head: Link::GENESIS,
                last: 0,
                cut: None,
                seals: Vec::new(),
            })
        })
    }

    fn audit_unsealed(&self) -> BoxFuture<'_, Result<Vec<Unsealed>, AuditError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn put_audit_seal(&self, _: Chain, _: Seal) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async { Ok(()) })
    }

    fn audit_cuttable(
        &self,
        _: Chain,
        _: Timestamp,
        _: u32,
    ) -> BoxFuture<'_, Result<Option<Seal>, AuditError>> {
        Box::pin(async { Ok(None) })
    }

    fn cut_audit(&self, _: Chain, _: Cut) -> BoxFuture<'_, Result<u64, AuditError>> {
        Box::pin(async { Ok(0) })
    }
}
