"""Addresses as sockets and proxies write them, and what counts as one visitor."""

import pytest
from gururmm_server.infra.visitors import read_address, visitor


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        (" 198.51.100.7:1 ", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:80", "198.51.100.7"),
        ("2001:db8::1:4711", "2001:db8::1:4711"),
        ("198.51.100.7:", None),
        ("198.51.100.7:x", None),
        ("198.51.100.7:4711:1", None),
        ("198.51.100.256:4711", None),
        ("[198.51.100.7", None),
        ("[]", None),
        ("[]:80", None),
        ("", None),
        ("unknown", None),
        ("host.example:80", None),
        ("1" * 5000, None),
    ],
)
def test_an_address_is_read_with_its_port_and_its_brackets(text: str, address: str | None) -> None:
    assert str(read_address(text)) == str(address)


def test_a_visitor_is_an_ipv4_address_or_the_network_of_an_ipv6_customer() -> None:
    assert visitor("198.51.100.7") == visitor("198.51.100.7:4711") == visitor("::ffff:198.51.100.7") == "198.51.100.7"
    assert visitor("2001:db8:1:2::1") == visitor("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert visitor("2001:db8:1:3::1") != visitor("2001:db8:1:2::1")
    assert visitor("") == ""
