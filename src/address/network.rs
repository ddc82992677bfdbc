//! A range of addresses, as `10.0.0.0/8`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The bits that say of an IPv6 address that it is an IPv4 one.
const MAPPED_BITS: u8 = 96;

/// A range of addresses that begin with the same bits. IPv4 in the form of IPv6 is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// What was said is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// Not an address, or not so many bits.
    #[error("must be an address, or a network such as 10.0.0.0/8 or 2001:db8::/32")]
    Malformed,
    /// `10.1.2.3/8`: is 10.1.2.3 meant, or 10.0.0.0/8?
    #[error("has bits set behind its prefix: write the first address of the network")]
    Inside,
}

impl Network {
    /// The network of so many bits that `address` is in; all of them where there are fewer.
    pub fn around(address: IpAddr, bits: u8) -> Self {
        let address = address.to_canonical();
        let bits = bits.min(width(address));
        Self {
            first: masked(address, bits),
            bits,
        }
    }

    /// Whether `address` is in it. No IPv4 address is in a network of IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.first) && masked(address, self.bits) == self.first
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    let behind = u32::from(width(address) - bits);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(behind).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(behind).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Malformed)?;
        let bits = match bits {
            None => width(address),
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                let bits = bits.parse().ok().filter(|bits| *bits <= width(address));
                bits.ok_or(NotANetwork::Malformed)?
            }
            Some(_) => return Err(NotANetwork::Malformed),
        };
        if masked(address, bits) != address {
            return Err(NotANetwork::Inside);
        }
        let canonical = address.to_canonical();
        if canonical == address {
            return Ok(Self {
                first: address,
                bits,
            });
        }
        // Its first address is of the mapped range, so that a shorter prefix would have had bits behind it.
        Ok(Self::around(canonical, bits.saturating_sub(MAPPED_BITS)))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}
