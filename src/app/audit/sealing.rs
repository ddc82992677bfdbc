//! Sealing the chains, and taking what is older than it is kept.

use std::time::Duration;

use super::{Audit, AuditError};
use crate::access::{CommunityId, Forest};
use crate::audit::{Chain, Cut, Seal, SealCopy};
use crate::store::Unsealed;

/// As much of a chain as its seals do not cover: whoever has the database and not the key may take so much of
/// its end.
pub const SEAL_EVERY: Duration = Duration::from_secs(300);

/// As long as anything is kept, whatever a plan says.
const AT_LEAST_DAYS: u32 = 365;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Entries that are taken in one transaction: some milliseconds of the store's time. What was written between
/// two seals goes at once, and may be more.
const MOST_CUT: u32 = 1_000;

/// Cuts of one chain in a round: what is left is for the next.
const MOST_CUTS: u32 = 100;

impl Audit {
    /// Seals every chain that has grown. Each seal goes to the log, too, which is a witness that whoever can
    /// change the database cannot.
    ///
    /// # Errors
    /// When the store does not answer; what was sealed until then stays so.
    pub async fn seal(&self) -> Result<usize, AuditError> {
        let unsealed = self.0.store.audit_unsealed().await?;
        for chain in &unsealed {
            self.seal_one(*chain).await?;
        }
        Ok(unsealed.len())
    }

    async fn seal_one(&self, Unsealed { chain, head, seal }: Unsealed) -> Result<(), AuditError> {
        let is_behind = self.is_behind(chain, seal.as_ref());
        if is_behind || seal.is_some_and(|seal| seal.head.number > head.number) {
            // A seal on it would make what was done to it look right.
            tracing::error!(chain = %chain.0, head = head.number, "a chain of the audit was rolled back");
            return Ok(());
        }
        let now = self.0.clock.now();
        let Some(next) = Seal::next(seal.as_ref(), &self.0.keys, chain, head, now) else {
            return Ok(());
        };
        self.0.store.put_audit_seal(chain, next).await?;
        self.seen().insert(chain, next);
        tracing::info!(
            chain = %chain.0,
            seal = next.number,
            entries = head.number,
            copy = %SealCopy::of(chain, &next),
            "a chain of the audit was sealed"
        );
        Ok(())
    }

    /// Whether a chain has lost a seal that this process has seen.
    pub(super) fn is_behind(&self, chain: Chain, newest: Option<&Seal>) -> bool {
        let seen = self.seen().get(&chain).map(|seal| seal.number);
        seen.is_some_and(|seen| newest.is_none_or(|newest| newest.number < seen))
    }

    /// Takes what is older than it is kept: a year, or as long as the plan of the chain's community says.
    ///
    /// # Errors
    /// When the store does not answer; what was taken until then is gone.
    pub async fn retire(&self, forest: &Forest) -> Result<u64, AuditError> {
        let mut gone = 0;
        for chain in self.0.store.audit_chains().await? {
            let Some(days) = kept_days(chain, forest) else {
                continue;
            };
            let before = self.0.clock.now().minus(days * DAY);
            for _ in 0..MOST_CUTS {
                let seal = self.0.store.audit_cuttable(chain, before, MOST_CUT).await?;
                let cut = seal.and_then(|seal| Cut::at(&self.0.keys, chain, seal));
                let Some(cut) = cut else {
                    break;
                };
                gone += self.0.store.cut_audit(chain, cut).await?;
            }
        }
        Ok(gone)
    }
}

/// For how many days a chain is kept; none for ever.
fn kept_days(chain: Chain, forest: &Forest) -> Option<u32> {
    let plan = forest.plan_of(CommunityId(chain.0));
    match plan {
        Some(plan) => plan.limits.audit_days.map(|days| days.max(AT_LEAST_DAYS)),
        None => Some(AT_LEAST_DAYS),
    }
}
