//! Whose word is taken for an address, by table and by law.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{Action, ClientAddress, Header, Network, NotANetwork, Proxies, Rule, Rules};

fn proxies(header: Header) -> Proxies {
    let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|it| it.parse().unwrap());
    Proxies::new(trusted.to_vec(), header)
}

fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
    let lines = lines
        .iter()
        .map(|line| HeaderValue::from_str(line).unwrap());
    lines.map(|line| (name.parse().unwrap(), line)).collect()
}

#[track_caller]
fn told(header: Header, peer: &str, lines: &[&str], expected: &str) {
    let name = match header {
        Header::XForwardedFor => "x-forwarded-for",
        Header::Forwarded => "forwarded",
    };
    let found = proxies(header).client(peer.parse().unwrap(), &headers(name, lines));
    assert_eq!(found.to_string(), expected, "{peer} {lines:?}");
}

#[test]
fn the_client_is_the_last_that_is_no_proxy_of_ours() {
    let told = |peer, lines: &[&str], expected| told(Header::XForwardedFor, peer, lines, expected);
    told("10.1.1.1", &[], "10.1.1.1");
    told("10.1.1.1", &["203.0.113.9"], "203.0.113.9");
    told("10.1.1.1", &["203.0.113.9, 10.2.2.2"], "203.0.113.9");
    told("10.1.1.1", &["203.0.113.9", "10.2.2.2"], "203.0.113.9");
    told("10.1.1.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9");
    told("10.1.1.1", &["1.1.1.1", "203.0.113.9"], "203.0.113.9");
    told("10.1.1.1", &["10.3.3.3,10.2.2.2"], "10.3.3.3");
    told("10.1.1.1", &["203.0.113.9:4711"], "203.0.113.9");
    told("10.1.1.1", &["2001:db8:2::7"], "2001:db8:2::7");
    told("10.1.1.1", &["[2001:db8:2::7]:443"], "2001:db8:2::7");
    told("10.1.1.1", &["[2001:db8:2::7]"], "2001:db8:2::7");
    told("10.1.1.1", &["::ffff:203.0.113.9"], "203.0.113.9");
    told("::ffff:10.1.1.1", &["203.0.113.9"], "203.0.113.9");
    told("2001:db8:1::1", &["203.0.113.9"], "203.0.113.9");
}

#[test]
fn what_a_proxy_does_not_tell_is_not_guessed() {
    let told = |lines: &[&str], expected| told(Header::XForwardedFor, "10.1.1.1", lines, expected);
    told(&["203.0.113.9, unknown"], "10.1.1.1");
    told(&["203.0.113.9,"], "10.1.1.1");
    told(&["203.0.113.9, 10.2.2.2, "], "10.1.1.1");
    told(&["203.0.113.9, nonsense, 10.2.2.2"], "10.2.2.2");
}

#[test]
fn whom_a_proxy_does_not_tell_of_is_not_taken_for_the_machine_nor_for_the_proxy() {
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    let rule = |network: &str, action| Rule {
        id: uuid::Uuid::nil(),
        network: network.parse().unwrap(),
        action,
        note: None,
        created_at: evara_actors::domain::Timestamp::from_secs(0),
    };
    let denied = Rules::new(vec![rule("203.0.113.0/24", Action::Deny)]);
    let allowed = Rules::new(vec![rule("127.0.0.0/8", Action::Allow)]);
    let long = vec!["127.0.0.1"; 40].join(",");
    for (header, name, garbled) in [
        (Header::XForwardedFor, "x-forwarded-for", "unknown"),
        (Header::XForwardedFor, "x-forwarded-for", "203.0.113.9,"),
        (Header::XForwardedFor, "x-forwarded-for", &long),
        (Header::Forwarded, "forwarded", "for=unknown"),
        (Header::Forwarded, "forwarded", "for=_hidden"),
        (Header::Forwarded, "forwarded", "proto=https"),
    ] {
        let local = Proxies::new(vec!["127.0.0.0/8".parse().unwrap()], header);
        let client = local.client(here, &headers(name, &[garbled]));
        assert_eq!(client.ip(), here, "{garbled:.40}");
        assert!(
            !denied.admit(client) && !allowed.admit(client),
            "{garbled:.40}"
        );
        assert!(Rules::default().admit(client), "{garbled:.40}");
        // Who asks without a proxy is on the machine, and so is whom the proxy calls so.
        for headers in [HeaderMap::new(), headers("x-forwarded-for", &["127.0.0.1"])] {
            assert!(denied.admit(local.client(here, &headers)));
        }
    }
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
    told(
        Header::XForwardedFor,
        "203.0.113.9",
        &["1.1.1.1"],
        "203.0.113.9",
    );
    told(Header::XForwardedFor, "11.0.0.1", &["10.0.0.1"], "11.0.0.1");
    told(
        Header::Forwarded,
        "203.0.113.9",
        &["for=1.1.1.1"],
        "203.0.113.9",
    );
    let nobody = Proxies::default();
    let spoofed = headers("x-forwarded-for", &["127.0.0.1"]);
    let peer: IpAddr = "10.0.0.1".parse().unwrap();
    assert_eq!(nobody.client(peer, &spoofed).ip(), peer);
}

#[test]
fn the_header_of_the_rfc_is_read_where_it_is_the_one_that_proxies_write() {
    let told = |lines: &[&str], expected| told(Header::Forwarded, "10.1.1.1", lines, expected);
    told(&["for=203.0.113.9"], "203.0.113.9");
    told(
        &["For=\"203.0.113.9:47\";proto=https;by=10.1.1.1"],
        "203.0.113.9",
    );
    told(
        &["proto=https; for=\"[2001:db8:2::7]:4711\""],
        "2001:db8:2::7",
    );
    told(
        &["for=1.1.1.1, for=203.0.113.9, for=10.2.2.2"],
        "203.0.113.9",
    );
    told(&["for=203.0.113.9, for=_hidden"], "10.1.1.1");
    told(&["for=203.0.113.9, proto=https"], "10.1.1.1");
    // A quotation that a client opens ends nowhere, and swallows nothing of what the proxy wrote.
    told(&["for=\"1.1.1.1, for=203.0.113.9"], "203.0.113.9");
}

#[test]
fn only_the_header_that_proxies_write_is_read() {
    let both = headers("forwarded", &["for=1.1.1.1"]);
    let peer = "10.1.1.1".parse().unwrap();
    let client = proxies(Header::XForwardedFor).client(peer, &both);
    assert_eq!(client.ip(), peer);
}

#[test]
fn a_network_is_written_in_one_way() {
    let is = |text: &str, expected: &str| {
        let network: Network = text.parse().unwrap();
        assert_eq!(network.to_string(), expected);
    };
    is("10.0.0.0/8", "10.0.0.0/8");
    is("10.1.2.3", "10.1.2.3/32");
    is("0.0.0.0/0", "0.0.0.0/0");
    is("2001:DB8::/32", "2001:db8::/32");
    is("::1", "::1/128");
    is("::ffff:10.0.0.0/104", "10.0.0.0/8");
    is("::ffff:10.1.2.3", "10.1.2.3/32");
    for inside in ["10.0.0.1/8", "2001:db8::1/32", "::ffff:0.0.0.0/95"] {
        assert_eq!(
            inside.parse::<Network>(),
            Err(NotANetwork::Inside),
            "{inside}"
        );
    }
    for nonsense in [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0/8",
        "::/129",
        "10.0.0.0/8/8",
        " 10.0.0.0/8",
        "localhost",
        "010.0.0.1",
    ] {
        assert_eq!(
            nonsense.parse::<Network>(),
            Err(NotANetwork::Malformed),
            "{nonsense}"
        );
    }
}

#[test]
fn a_client_of_ipv6_has_a_whole_subnet_and_one_of_ipv4_an_address() {
    let block = |text: &str| ClientAddress::new(text.parse().unwrap()).block();
    assert_eq!(block("2001:db8::1"), block("2001:db8::ffff:2"));
    assert_ne!(block("2001:db8::1"), block("2001:db8:0:1::1"));
    assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
    assert_eq!(block("::ffff:192.0.2.1"), block("192.0.2.1"));
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
    ]
}

fn trusted() -> impl Strategy<Value = IpAddr> {
    any::<[u8; 3]>().prop_map(|[b, c, d]| Ipv4Addr::new(10, b, c, d).into())
}

proptest! {
    #[test]
    fn a_network_reads_as_it_is_written_and_has_what_it_is_around(address in ip(), bits in 0..=128_u8) {
        let network = Network::around(address, bits);
        prop_assert!(network.contains(address));
        prop_assert_eq!(network.to_string().parse(), Ok(network));
    }

    #[test]
    fn nothing_that_a_client_writes_becomes_its_address(
        made_up in "[ -~]{0,60}",
        lines in prop::collection::vec("[ -~]{0,20}", 0..3),
        client in ip().prop_filter("a client", |it| !proxies(Header::XForwardedFor).trusts(*it)),
        chain in prop::collection::vec(trusted(), 1..4),
    ) {
        // Each proxy writes down whom it was asked by, behind what it was told.
        let mut last = format!("{made_up}, {client}");
        for proxy in &chain[1..] {
            last.push_str(&format!(", {proxy}"));
        }
        let lines: Vec<_> = lines.iter().map(String::as_str).chain([last.as_str()]).collect();
        let told = headers("x-forwarded-for", &lines);
        let found = proxies(Header::XForwardedFor).client(chain[0], &told);
        prop_assert_eq!(found, ClientAddress::new(client));
        let direct = proxies(Header::XForwardedFor).client(client, &told);
        prop_assert_eq!(direct, ClientAddress::new(client));
    }

    #[test]
    fn any_bytes_of_a_header_lead_to_some_address(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            for (header, name) in [(Header::XForwardedFor, "x-forwarded-for"), (Header::Forwarded, "forwarded")] {
                let told = HeaderMap::from_iter([(name.parse().unwrap(), value.clone())]);
                let _some = proxies(header).client("10.0.0.1".parse().unwrap(), &told);
            }
        }
    }
}
