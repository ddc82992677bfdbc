//! Whether the chains are whole: read from their beginnings, and held against what this process has seen.

use super::{Audit, AuditError};
use crate::audit::{Broken, Chain, Fault, Verified, Verifier};
use crate::store::Held;

/// Entries that are read at once: some hundred kilobytes.
const PAGE: u32 = 500;

/// How often a chain is read anew whose front was taken meanwhile.
const MOST_TRIES: u32 = 3;

/// What was found of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Which.
    pub chain: Chain,
    /// Whether it is whole, or what is wrong first.
    pub found: Result<Verified, Broken>,
}

impl Audit {
    /// Every chain that there is anything of.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn chains(&self) -> Result<Vec<Chain>, AuditError> {
        let mut chains = self.0.store.audit_chains().await?;
        // Of one that was taken whole nothing is there, but that it was seen.
        chains.extend(self.seen().keys());
        chains.sort_unstable();
        chains.dedup();
        Ok(chains)
    }

    /// Reads a chain from its beginning to its end.
    ///
    /// # Errors
    /// When the store does not answer. A chain that is not whole is no error.
    pub async fn verify(&self, chain: Chain) -> Result<Verdict, AuditError> {
        let mut held = self.0.store.audit_held(chain).await?;
        let mut found = self.read(chain, &held).await?;
        for _ in 1..MOST_TRIES {
            let now = self.0.store.audit_held(chain).await?;
            if found.is_ok() || now.cut == held.cut {
                break;
            }
            held = now;
            found = self.read(chain, &held).await?;
        }
        Ok(Verdict { chain, found })
    }

    async fn read(
        &self,
        chain: Chain,
        held: &Held,
    ) -> Result<Result<Verified, Broken>, AuditError> {
        let of_cut = held.cut.as_ref().map(|cut| &cut.seal);
        let newest = held.seals.last().or(of_cut);
        if self.is_behind(chain, newest) {
            let number = newest.map_or(0, |seal| seal.head.number) + 1;
            let fault = Fault::Cut;
            return Ok(Err(Broken { number, fault }));
        }
        let verifier = Verifier::new(&self.0.keys, chain, &held.seals, held.cut.as_ref());
        let mut verifier = match verifier {
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
}
