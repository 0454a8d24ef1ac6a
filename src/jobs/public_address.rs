//! Which addresses belong to the public internet.
//!
//! Whoever makes a webhook chooses where this server calls. Without this, that could be its own administration port, a
//! cloud's metadata service, or a printer: places that trust the local network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether anybody on the internet could call the address too (IANA's registries of special-purpose addresses).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_special = match address.octets() {
        // "This network"; private; loopback; multicast and reserved, broadcast included.
        [0 | 10 | 127 | 224..=255, ..] => true,
        // Behind a provider's address translation.
        [100, second, ..] => (64..128).contains(&second),
        // Link-local, where clouds keep their metadata.
        [169, 254, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        // Private; protocol assignments; documentation; the relay of 6to4.
        [192, 168, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        // Benchmarks; documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let is_special = match address.segments() {
        // NAT64 leads to the IPv4 address in the last two.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return is_public_v4(Ipv4Addr::from(last_octets(address))),
        // Protocol assignments, Teredo among them; documentation; 6to4, which wraps an IPv4 address.
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
        [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => true,
        // Global unicast addresses are those in 2000::/3; all others are local, multicast, or not given out.
        [first, ..] => first & 0xe000 != 0x2000,
    };
    !is_special
}

fn last_octets(address: Ipv6Addr) -> [u8; 4] {
    let [.., a, b, c, d] = address.octets();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_inside_are_not_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text} counts as public");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().expect("an address")), "{text} counts as private");
        }
    }
}
