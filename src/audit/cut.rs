//! Where a chain begins whose front was taken for its age.

use super::{AuditKeys, Chain, Mac, Seal};

/// The word of whoever has the secret that all up to a sealed entry was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The seal on the last entry that was taken.
    pub seal: Seal,
    /// Over all of that.
    pub mac: Mac,
}

impl Cut {
    /// At `seal`. `None` where there is no key to say it with.
    pub fn at(keys: &AuditKeys, chain: Chain, seal: Seal) -> Option<Self> {
        let (key, mac) = keys.bind(&said(chain, &seal).each_ref().map(Vec::as_slice))?;
        Some(Self {
            seal,
            mac: Mac { key, mac },
        })
    }

    /// Whether it was said by whoever has the secret.
    pub(super) fn holds(&self, keys: &AuditKeys, chain: Chain) -> bool {
        let said = said(chain, &self.seal);
        let parts = said.each_ref().map(Vec::as_slice);
        keys.proves(self.mac.key, &self.mac.mac, &parts)
    }
}

/// What a cut's MAC is over. The first word keeps it from passing for a seal or an entry.
fn said(chain: Chain, seal: &Seal) -> [Vec<u8>; 9] {
    [
        b"cut".to_vec(),
        chain.0.as_bytes().to_vec(),
        seal.number.to_be_bytes().to_vec(),
        seal.head.number.to_be_bytes().to_vec(),
        seal.head.mac.key.to_vec(),
        seal.head.mac.mac.to_vec(),
        seal.at.millis().to_be_bytes().to_vec(),
        seal.mac.key.to_vec(),
        seal.mac.mac.to_vec(),
    ]
}
