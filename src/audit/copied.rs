//! Seals that were copied out, to be kept where whoever can write to the database cannot.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::verify::hex;
use super::{Broken, Chain, Cut, Fault, Seal};

/// What is kept of a seal elsewhere: whose it is, which one, and its MAC, which nobody makes without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealCopy {
    /// The chain that was sealed.
    pub chain: Chain,
    /// Which of its seals.
    pub number: u64,
    /// HMAC-SHA256.
    pub mac: [u8; 32],
}

/// A text that is no copy of a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be CHAIN:NUMBER:MAC, as `evara audit verify` prints it")]
pub struct NoSealCopy;

impl SealCopy {
    /// Of a seal on this chain.
    pub const fn of(chain: Chain, seal: &Seal) -> Self {
        Self {
            chain,
            number: seal.number,
            mac: seal.mac.mac,
        }
    }

    /// Whether a chain that begins at `cut` and has these true seals still has this one. What was sealed
    /// before a cut is gone by the key's own word.
    ///
    /// # Errors
    /// When it is not there, or another one is in its place.
    pub fn is_held(&self, cut: Option<&Cut>, seals: &[Seal]) -> Result<(), Broken> {
        let taken = cut.map(|cut| &cut.seal);
        if taken.is_some_and(|taken| self.number < taken.number) {
            return Ok(());
        }
        let mut held = taken.into_iter().chain(seals);
        let newest = seals.last().or(taken);
        match held.find(|seal| seal.number == self.number) {
            Some(seal) if seal.mac.mac == self.mac => Ok(()),
            Some(seal) => Err(Broken {
                number: seal.head.number,
                fault: Fault::NotAsCopied(self.number),
            }),
            None => Err(Broken {
                number: newest.map_or(0, |seal| seal.head.number) + 1,
                fault: Fault::SealGone(self.number),
            }),
        }
    }
}

impl fmt::Display for SealCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, number, mac } = self;
        write!(f, "{}:{number}:{}", chain.0, hex(mac))
    }
}

impl FromStr for SealCopy {
    type Err = NoSealCopy;

    fn from_str(text: &str) -> Result<Self, NoSealCopy> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(NoSealCopy);
        let (chain, number, mac) = (next()?, next()?, next()?);
        if next().is_ok() {
            return Err(NoSealCopy);
        }
        Ok(Self {
            chain: Chain(chain.parse::<Uuid>().map_err(|_| NoSealCopy)?),
            number: number.parse().map_err(|_| NoSealCopy)?,
            mac: bytes(mac).ok_or(NoSealCopy)?,
        })
    }
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| u8::try_from(nibble(*high)? * 16 + nibble(*low)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes?.try_into().ok().filter(|_| rest.is_empty())
}
