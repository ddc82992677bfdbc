//! Whether the chains are whole: read from their beginnings, and held against what this process has seen.

use std::collections::BTreeSet;

use super::{Audit, AuditError, SEAL_EVERY};
use crate::audit::{Broken, Chain, Fault, SealCopy, Verified, Verifier};
use crate::store::Held;

/// Entries that are read at once: some hundred kilobytes.
const PAGE: u32 = 500;

/// How often a chain is read anew whose front was taken meanwhile.
const MOST_TRIES: u32 = 3;

/// What is older than so many sealings is sealed: one may have been missed while the store was away.
const SEALINGS: u32 = 2;

/// What was found of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub chain: Chain,
    /// Whether it is whole, or what is wrong first.
    pub found: Result<Verified, Broken>,
    /// Its newest seal, where it is whole and has one: to be kept elsewhere.
    pub seal: Option<SealCopy>,
}

impl Audit {
    /// Every chain that there is anything of, or that somebody has a copy of a seal of.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn chains(&self, copies: &[SealCopy]) -> Result<BTreeSet<Chain>, AuditError> {
        let mut chains = BTreeSet::from_iter(self.0.store.audit_chains().await?);
        // Of one that was taken whole nothing is there, but that it was seen.
        chains.extend(self.seen().keys());
        chains.extend(copies.iter().map(|copy| copy.chain));
        Ok(chains)
    }

    /// Reads a chain from its beginning to its end, and looks for the seals on it that were copied out.
    ///
    /// # Errors
    /// When the store does not answer. A chain that is not whole is no error.
    pub async fn verify(&self, chain: Chain, copies: &[SealCopy]) -> Result<Verdict, AuditError> {
        let mut held = self.0.store.audit_held(chain).await?;
        let mut found = self.read(chain, copies, &held).await?;
        for _ in 1..MOST_TRIES {
            let now = self.0.store.audit_held(chain).await?;
            if found.is_ok() || now.cut == held.cut {
                break;
            }
            held = now;
            found = self.read(chain, copies, &held).await?;
        }
        let of_cut = held.cut.as_ref().map(|cut| &cut.seal);
        let newest = held.seals.last().or(of_cut);
        let seal = newest.map(|seal| SealCopy::of(chain, seal));
        let seal = seal.filter(|_| found.is_ok());
        Ok(Verdict { chain, found, seal })
    }

    async fn read(
        &self,
        chain: Chain,
        copies: &[SealCopy],
        held: &Held,
    ) -> Result<Result<Verified, Broken>, AuditError> {
        let of_cut = held.cut.as_ref().map(|cut| &cut.seal);
        let newest = held.seals.last().or(of_cut);
        if self.is_behind(chain, newest) {
            let number = newest.map_or(0, |seal| seal.head.number) + 1;
            let fault = Fault::Cut;
            return Ok(Err(Broken { number, fault }));
        }
        let mut verifier = match self.begun(chain, copies, held) {
            Ok(verifier) => verifier,
            Err(broken) => return Ok(Err(broken)),
        };
        let mut at = held.cut.map_or(0, |cut| cut.seal.head.number);
        while at < held.head.number.max(held.last) {
            let page = self.0.store.audit_of(chain, at, PAGE).await?;
            let of_then = page.iter().take_while(|row| row.link.number <= held.last);
            for row in of_then {
                if let Err(broken) = verifier.take(row) {
                    return Ok(Err(broken));
                }
                at = row.link.number;
            }
            let is_over = page.last().is_none_or(|row| row.link.number >= held.last);
            if is_over {
                break;
            }
        }
        Ok(verifier.end(held.head))
    }

    /// Whoever reads a chain whose seals hold, and of which none is gone that was copied out.
    fn begun<'a>(
        &'a self,
        chain: Chain,
        copies: &[SealCopy],
        held: &'a Held,
    ) -> Result<Verifier<'a>, Broken> {
        let verifier = Verifier::new(&self.0.keys, chain, &held.seals, held.cut.as_ref())?;
        let mut of_chain = copies.iter().filter(|copy| copy.chain == chain);
        of_chain.try_for_each(|copy| copy.is_held(held.cut.as_ref(), &held.seals))?;
        let due = self.0.clock.now().minus(SEALINGS * SEAL_EVERY);
        Ok(verifier.demanding(due))
    }
}
