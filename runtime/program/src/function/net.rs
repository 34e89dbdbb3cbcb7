//! `std.net`: addresses and networks of both families. Nothing of one family is ever part of the other.

use super::{Function, PARTIAL, Signature, TOTAL, int};
use crate::Value;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Networks that a call may give.
const SUBNETS: u32 = 4_096;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::NetSize,
        name: "std.net.size",
        parameters: &["network"],
        overloads: &[&["cidr", "nat"]],
        docs: "The number of addresses in a network; 9223372036854775807 where there are more.",
        examples: &[("net.size(\"10.0.0.0/8\")", "16777216"), ("net.size(\"::/0\")", "9223372036854775807")],
        run: |a| {
            let net = cidr(a, 0)?;
            let host = u32::from(net.max_prefix_len() - net.prefix_len());
            Some(Value::Int(if host >= 63 { i64::MAX } else { 1_i64 << host }))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetContains,
        name: "std.net.contains",
        parameters: &["outer", "inner"],
        overloads: &[&["cidr", "cidr", "bool"], &["cidr", "ip", "bool"]],
        docs: "Whether the network contains all of the second network, or the address.",
        examples: &[
            ("net.contains(\"10.0.0.0/8\", \"10.1.0.0/16\")", "true"),
            ("net.contains(\"10.1.0.0/16\", \"10.0.0.0/8\")", "false"),
            ("net.contains(\"0.0.0.0/0\", \"::1/128\")", "false"),
        ],
        run: |a| {
            let outer = cidr(a, 0)?;
            Some(Value::Bool(match a.get(1)? {
                Value::Cidr(inner) => outer.contains(inner),
                Value::Ip(inner) => outer.contains(inner),
                _ => return None,
            }))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetOverlaps,
        name: "std.net.overlaps",
        parameters: &["a", "b"],
        overloads: &[&["cidr", "cidr", "bool"]],
        docs: "Whether the two networks share an address.",
        examples: &[("net.overlaps(\"10.0.0.0/8\", \"10.1.0.0/16\")", "true")],
        run: |a| {
            let (one, other) = (cidr(a, 0)?, cidr(a, 1)?);
            Some(Value::Bool(one.contains(&other) || other.contains(&one)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetFirst,
        name: "std.net.first",
        parameters: &["network"],
        overloads: &[&["cidr", "ip"]],
        docs: "The first address of a network: of IPv4 the network's own.",
        examples: &[("net.first(\"10.0.0.0/24\")", "\"10.0.0.0\"")],
        run: |a| Some(Value::Ip(cidr(a, 0)?.network())),
        ..TOTAL
    },
    Signature {
        function: Function::NetLast,
        name: "std.net.last",
        parameters: &["network"],
        overloads: &[&["cidr", "ip"]],
        docs: "The last address of a network: of IPv4 the broadcast.",
        examples: &[("net.last(\"10.0.0.0/24\")", "\"10.0.0.255\"")],
        run: |a| Some(Value::Ip(cidr(a, 0)?.broadcast())),
        ..TOTAL
    },
    Signature {
        function: Function::NetAddress,
        name: "std.net.address",
        parameters: &["network", "position"],
        overloads: &[&["cidr", "nat", "ip"]],
        docs: "The address at a position of a network, counted from 0; unknown beyond its end.",
        examples: &[
            ("net.address(\"10.0.0.0/24\", 5)", "\"10.0.0.5\""),
            ("net.address(\"10.0.0.0/30\", 4)", "unknown"),
        ],
        run: |a| {
            let (net, position) = (cidr(a, 0)?, u128::try_from(int(a, 1)?).ok()?);
            let found = match net.network() {
                IpAddr::V4(first) => {
                    IpAddr::V4(Ipv4Addr::from(u32::from(first).checked_add(u32::try_from(position).ok()?)?))
                }
                IpAddr::V6(first) => IpAddr::V6(Ipv6Addr::from(u128::from(first).checked_add(position)?)),
            };
            net.contains(&found).then_some(Value::Ip(found))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::NetPrefix,
        name: "std.net.prefix",
        parameters: &["network"],
        overloads: &[&["cidr", "nat"]],
        docs: "The length of a network's prefix: 8 of `10.0.0.0/8`.",
        examples: &[("net.prefix(\"10.0.0.0/8\")", "8"), ("net.prefix(\"10.0.0.1\")", "32")],
        run: |a| Some(Value::Int(cidr(a, 0)?.prefix_len().into())),
        ..TOTAL
    },
    Signature {
        function: Function::NetFamily,
        name: "std.net.family",
        parameters: &["of"],
        overloads: &[&["cidr", "nat"], &["ip", "nat"]],
        docs: "4 or 6.",
        examples: &[("net.family(\"2001:db8::/32\")", "6")],
        run: |a| Some(Value::Int(if network(a)?.network().is_ipv4() { 4 } else { 6 })),
        ..TOTAL
    },
    Signature {
        function: Function::NetIsPrivate,
        name: "std.net.is_private",
        parameters: &["of"],
        overloads: &[&["cidr", "bool"], &["ip", "bool"]],
        docs: "Whether every address of it is private: within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918) or fc00::/7 (RFC 4193).",
        examples: &[("net.is_private(\"192.168.0.0/24\")", "true"), ("net.is_private(\"192.0.0.0/8\")", "false")],
        run: |a| {
            const BLOCKS: [IpNet; 4] =
                [v4([10, 0, 0, 0], 8), v4([172, 16, 0, 0], 12), v4([192, 168, 0, 0], 16), v6(0xfc00, 7)];
            let net = network(a)?;
            Some(Value::Bool(BLOCKS.iter().any(|block| block.contains(&net))))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetIsLoopback,
        name: "std.net.is_loopback",
        parameters: &["of"],
        overloads: &[&["cidr", "bool"], &["ip", "bool"]],
        docs: "Whether every address of it is the machine's own: within 127.0.0.0/8 or ::1/128.",
        examples: &[("net.is_loopback(\"127.0.0.0/16\")", "true")],
        run: |a| {
            let net = network(a)?;
            Some(Value::Bool(
                v4([127, 0, 0, 0], 8).contains(&net) || net == IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetIsLinkLocal,
        name: "std.net.is_link_local",
        parameters: &["of"],
        overloads: &[&["cidr", "bool"], &["ip", "bool"]],
        docs: "Whether every address of it is link-local: within 169.254.0.0/16, where clouds keep their metadata, or fe80::/10.",
        examples: &[("net.is_link_local(\"169.254.169.254/32\")", "true")],
        run: |a| {
            let net = network(a)?;
            Some(Value::Bool(v4([169, 254, 0, 0], 16).contains(&net) || v6(0xfe80, 10).contains(&net)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::NetSubnets,
        name: "std.net.subnets",
        parameters: &["network", "prefix"],
        overloads: &[&["cidr", "nat", "{cidr}"]],
        docs: "The networks of that prefix length that make up the network; unknown where the length is none of its own, or where they are more than 4,096.",
        examples: &[
            ("net.subnets(\"10.0.0.0/24\", 25)", "{\"10.0.0.0/25\", \"10.0.0.128/25\"}"),
            ("net.subnets(\"10.0.0.0/8\", 32)", "unknown"),
        ],
        run: |a| {
            let (net, prefix) = (cidr(a, 0)?, u8::try_from(int(a, 1)?).ok()?);
            let more = prefix.checked_sub(net.prefix_len())?;
            if 1_u32.checked_shl(more.into())? > SUBNETS {
                return None;
            }
            Some(Value::Set(Arc::new(net.subnets(prefix).ok()?.map(Value::Cidr).collect())))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::NetSupernet,
        name: "std.net.supernet",
        parameters: &["network", "prefix"],
        overloads: &[&["cidr", "nat", "cidr"]],
        docs: "The network of that shorter prefix length around it; unknown where the length is longer than its own.",
        examples: &[("net.supernet(\"10.1.2.0/24\", 8)", "\"10.0.0.0/8\"")],
        run: |a| {
            let (net, prefix) = (cidr(a, 0)?, u8::try_from(int(a, 1)?).ok()?);
            if prefix > net.prefix_len() {
                return None;
            }
            Some(Value::Cidr(IpNet::new(net.network(), prefix).ok()?.trunc()))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::NetMerge,
        name: "std.net.merge",
        parameters: &["networks"],
        overloads: &[&["{cidr}", "{cidr}"]],
        docs: "The fewest networks that hold the same addresses.",
        examples: &[("net.merge({\"10.0.0.0/25\", \"10.0.0.128/25\", \"10.0.0.7/32\"})", "{\"10.0.0.0/24\"}")],
        run: |a| {
            let Value::Set(items) = a.first()? else { return None };
            let nets = items.iter().map(|item| match item {
                Value::Cidr(net) => Some(*net),
                _ => None,
            });
            let merged = IpNet::aggregate(&nets.collect::<Option<Vec<_>>>()?);
            Some(Value::Set(Arc::new(merged.into_iter().map(Value::Cidr).collect())))
        },
        ..TOTAL
    },
];

fn cidr(arguments: &[Value], position: usize) -> Option<IpNet> {
    match arguments.get(position)? {
        Value::Cidr(net) => Some(*net),
        _ => None,
    }
}

/// The network that is asked about, or that of one address.
fn network(arguments: &[Value]) -> Option<IpNet> {
    match arguments.first()? {
        Value::Cidr(net) => Some(*net),
        Value::Ip(address) => Some((*address).into()),
        _ => None,
    }
}

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(first: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), prefix))
}
