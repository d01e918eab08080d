"""Which addresses may do without TLS."""

import pytest
from gururmm_wire.addresses import gives_up_tls, plain_beyond_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://rmm.example.org",
        "HTTP://10.0.0.5:8080",
        "ws://192.168.1.7:8081/agent/v2",
        "http://0.0.0.0:8080",
        "http://[2001:db8::1]",
        "http://[::]:8080",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost@example.org",
        "http://",
    ],
)
def test_plain_addresses_that_leave_the_machine(url: str) -> None:
    assert plain_beyond_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://rmm.example.org",
        "wss://10.0.0.5",
        "http://127.0.0.1:8080",
        "ws://127.8.8.8:8081",
        "http://LOCALHOST:8080",
        "http://[::1]:8080",
        "http://me@127.0.0.1",
    ],
)
def test_addresses_with_tls_or_of_this_very_machine(url: str) -> None:
    assert not plain_beyond_loopback(url)


@pytest.mark.parametrize(
    ("server", "gateway", "refused"),
    [
        ("https://rmm.example.org", "ws://rmm.example.org", True),
        ("https://rmm.example.org", "WS://127.0.0.1:8081", True),
        ("https://rmm.example.org", "wss://gw1.example.org", False),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8081", False),
        ("http://10.0.0.5:8080", "ws://10.0.0.5:8081", False),
    ],
)
def test_a_gateway_without_tls_whose_server_has_it(server: str, gateway: str, refused: bool) -> None:
    assert gives_up_tls(server, gateway) is refused
