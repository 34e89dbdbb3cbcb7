//! Networks, in the place of the crate `ipnet`: as much of its face as values and builtins use.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network of either family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IpNet {
    V4(Ipv4Net),
    V6(Ipv6Net),
}

macro_rules! family {
    ($net:ident, $address:ident, $number:ident, $bits:literal) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $net {
            address: $address,
            prefix: u8,
        }

        impl $net {
            /// # Panics
            /// Where the prefix is too long.
            pub const fn new_assert(address: $address, prefix: u8) -> $net {
                assert!(prefix <= $bits, "a prefix is no longer than an address");
                $net { address, prefix }
            }

            fn mask(self) -> $number {
                if self.prefix == 0 { 0 } else { $number::MAX << ($bits - self.prefix) }
            }

            fn first(self) -> $number {
                $number::from(self.address) & self.mask()
            }

            fn last(self) -> $number {
                self.first() | !self.mask()
            }

            fn holds(self, other: $net) -> bool {
                self.prefix <= other.prefix && self.first() <= other.first() && other.last() <= self.last()
            }

            fn trunc(self) -> $net {
                $net { address: self.first().into(), prefix: self.prefix }
            }

            fn subnets(self, prefix: u8) -> impl Iterator<Item = $net> {
                // The whole space is one network, and no number says how many addresses it has.
                let size = $number::checked_shl(1, $bits - u32::from(prefix));
                let next = move |first: &$number| first.checked_add(size?).filter(|next| *next <= self.last());
                std::iter::successors(Some(self.first()), next).map(move |first| $net { address: first.into(), prefix })
            }

            /// The fewest networks that hold the same addresses.
            fn aggregate(mut nets: Vec<$net>) -> Vec<$net> {
                nets.sort_by_key(|net| (net.first(), net.prefix));
                let mut ranges: Vec<($number, $number)> = Vec::new();
                for net in nets {
                    match ranges.last_mut() {
                        Some((_, last)) if last.checked_add(1).is_none_or(|next| net.first() <= next) => {
                            *last = net.last().max(*last);
                        }
                        _ => ranges.push((net.first(), net.last())),
                    }
                }
                let mut found = Vec::new();
                for (mut first, last) in ranges {
                    loop {
                        // The largest block that begins here and does not go too far.
                        let prefix = (0..=$bits).find(|prefix| {
                            let net = $net { address: first.into(), prefix: *prefix };
                            net.first() == first && net.last() <= last
                        });
                        let net = $net { address: first.into(), prefix: prefix.unwrap_or($bits) };
                        found.push(net);
                        match net.last().checked_add(1) {
                            Some(next) if next <= last => first = next,
                            _ => break,
                        }
                    }
                }
                found
            }
        }

        impl fmt::Display for $net {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.address, self.prefix)
            }
        }
    };
}

family!(Ipv4Net, Ipv4Addr, u32, 32);
family!(Ipv6Net, Ipv6Addr, u128, 128);

impl IpNet {
    pub fn new(address: IpAddr, prefix: u8) -> Result<IpNet, ()> {
        match address {
            IpAddr::V4(address) if prefix <= 32 => Ok(IpNet::V4(Ipv4Net { address, prefix })),
            IpAddr::V6(address) if prefix <= 128 => Ok(IpNet::V6(Ipv6Net { address, prefix })),
            _ => Err(()),
        }
    }

    pub fn max_prefix_len(&self) -> u8 {
        match self {
            IpNet::V4(_) => 32,
            IpNet::V6(_) => 128,
        }
    }

    pub fn prefix_len(&self) -> u8 {
        match self {
            IpNet::V4(net) => net.prefix,
            IpNet::V6(net) => net.prefix,
        }
    }

    pub fn network(&self) -> IpAddr {
        match self {
            IpNet::V4(net) => IpAddr::V4(net.first().into()),
            IpNet::V6(net) => IpAddr::V6(net.first().into()),
        }
    }

    pub fn broadcast(&self) -> IpAddr {
        match self {
            IpNet::V4(net) => IpAddr::V4(net.last().into()),
            IpNet::V6(net) => IpAddr::V6(net.last().into()),
        }
    }

    pub fn trunc(&self) -> IpNet {
        match self {
            IpNet::V4(net) => IpNet::V4(net.trunc()),
            IpNet::V6(net) => IpNet::V6(net.trunc()),
        }
    }

    /// Whether an address or a network of the same family lies inside.
    pub fn contains<T: Copy + Into<IpNet>>(&self, other: &T) -> bool {
        match (self, (*other).into()) {
            (IpNet::V4(outer), IpNet::V4(inner)) => outer.holds(inner),
            (IpNet::V6(outer), IpNet::V6(inner)) => outer.holds(inner),
            _ => false,
        }
    }

    pub fn subnets(&self, prefix: u8) -> Result<Box<dyn Iterator<Item = IpNet>>, ()> {
        if prefix < self.prefix_len() || prefix > self.max_prefix_len() {
            return Err(());
        }
        Ok(match *self {
            IpNet::V4(net) => Box::new(net.subnets(prefix).map(IpNet::V4)),
            IpNet::V6(net) => Box::new(net.subnets(prefix).map(IpNet::V6)),
        })
    }

    /// The fewest networks that hold the same addresses.
    pub fn aggregate(nets: &[IpNet]) -> Vec<IpNet> {
        let (mut fours, mut sixes) = (Vec::new(), Vec::new());
        for net in nets {
            match net {
                IpNet::V4(net) => fours.push(*net),
                IpNet::V6(net) => sixes.push(*net),
            }
        }
        let fours = Ipv4Net::aggregate(fours).into_iter().map(IpNet::V4);
        fours.chain(Ipv6Net::aggregate(sixes).into_iter().map(IpNet::V6)).collect()
    }
}

impl From<IpAddr> for IpNet {
    fn from(address: IpAddr) -> IpNet {
        match address {
            IpAddr::V4(address) => IpNet::V4(Ipv4Net { address, prefix: 32 }),
            IpAddr::V6(address) => IpNet::V6(Ipv6Net { address, prefix: 128 }),
        }
    }
}

impl FromStr for IpNet {
    type Err = ();

    fn from_str(text: &str) -> Result<IpNet, ()> {
        let (address, prefix) = text.split_once('/').ok_or(())?;
        let address = match four(address) {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(address.parse().map_err(|_| ())?),
        };
        let most = if address.is_ipv4() { 2 } else { 3 };
        if prefix.len() > most || !prefix.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(());
        }
        IpNet::new(address, prefix.parse().map_err(|_| ())?)
    }
}

impl fmt::Display for IpNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IpNet::V4(net) => net.fmt(f),
            IpNet::V6(net) => net.fmt(f),
        }
    }
}

/// An IPv4 address as the crate reads it: zeros may stand before a number, which the standard library refuses.
fn four(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = text.split('.').map(|part| {
        let fits = (1..=3).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
        fits.then(|| part.parse::<u8>().ok())?
    });
    let mut next = || numbers.next()?;
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    numbers.next().is_none().then_some(address)
}
