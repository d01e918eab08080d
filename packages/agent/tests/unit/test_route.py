"""Which way leads to a server: proxies, exceptions from them, and where each family keeps its authorities."""

import ssl
from pathlib import Path

import pytest
from gururmm_agent.link import trust
from gururmm_agent.link.route import Route, goes_direct, of_environment, shown_proxy

URL = "https://rmm.example.org/api"


@pytest.mark.parametrize(
    ("environment", "https", "http"),
    [
        ({}, None, None),
        ({"https_proxy": "http://p:1"}, "http://p:1", None),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1", None),
        ({"http_proxy": "p:2"}, None, "http://p:2"),
        ({"ALL_PROXY": "http://p:3"}, "http://p:3", "http://p:3"),
        ({"https_proxy": "http://p:1", "all_proxy": "http://p:3"}, "http://p:1", "http://p:3"),
        ({"https_proxy": "http://p:1", "no_proxy": ".example.org"}, None, None),
        ({"https_proxy": "", "HTTPS_PROXY": "http://p:1"}, "http://p:1", None),
    ],
)
def test_the_environment_says_it_as_for_curl(environment: dict[str, str], https: str | None, http: str | None) -> None:
    route = of_environment(None, environment)
    assert (route.proxy_for(URL), route.proxy_for("wss://rmm.example.org")) == (https, https)
    assert (route.proxy_for("http://rmm.example.org"), route.proxy_for("ws://rmm.example.org")) == (http, http)


@pytest.mark.parametrize(
    ("entry", "host", "port", "direct"),
    [
        ("rmm.example.org", "rmm.example.org", 443, True),
        ("example.org", "rmm.example.org", 443, True),
        (".example.org", "RMM.example.org.", 443, True),
        ("*.example.org", "rmm.example.org", 443, True),
        ("example.org", "badexample.org", 443, False),
        ("a, b example.org", "example.org", 443, True),
        ("example.org:8443", "example.org", 443, False),
        ("example.org:443", "example.org", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("fe80::/10", "fe80::1", 80, True),
        ("*", "anything", 1, True),
        ("", "anything", 1, False),
        (".", "anything", 1, False),
    ],
)
def test_what_needs_no_proxy(entry: str, host: str, port: int, direct: bool) -> None:
    assert goes_direct(entry, host, port) is direct


def test_a_proxy_is_shown_without_its_password_and_only_http_ones_are_taken() -> None:
    assert shown_proxy("http://me:secret@p:1") == "http://p:1"
    assert shown_proxy("me:secret@p:1") == "http://p:1"
    for proxy in ("socks5://me:secret@p:1", "https://p:1", "http://", "http://p:x"):
        with pytest.raises(ValueError) as caught:
            Route(https_proxy=proxy).proxy_for(URL)
        assert "secret" not in str(caught.value)


PEM = (Path(__file__).parents[1] / "integration" / "tls" / "localhost.pem").read_text()


@pytest.mark.parametrize(
    "name",
    [
        "etc/ssl/certs/ca-certificates.crt",
        "etc/pki/tls/certs/ca-bundle.crt",
        "etc/ssl/ca-bundle.pem",
        "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "var/lib/ca-certificates/ca-bundle.pem",
    ],
)
def test_the_store_of_each_family_is_found(tmp_path: Path, name: str) -> None:
    assert trust.system_store(tmp_path) == (None, None)
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.touch()
    assert trust.system_store(tmp_path) == (None, None)  # an empty one is none
    file.write_text(PEM)
    assert trust.system_store(tmp_path) == (str(file), None)
    hashed = tmp_path / "etc/ssl/certs"
    hashed.mkdir(parents=True, exist_ok=True)
    (hashed / "5ed36f99.0").write_text(PEM)
    assert trust.system_store(tmp_path) == (None, str(hashed))


def test_it_is_used_where_this_openssl_finds_none_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the frozen agent is on Fedora: built on a Debian, whose paths are not there."""
    file = tmp_path / "ca-bundle.crt"
    file.write_text(PEM)
    nowhere = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/nowhere", "SSL_CERT_DIR", "/nowhere")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    monkeypatch.setattr(trust, "system_store", lambda _root: (str(file), None))
    assert len(trust.tls_context(None).get_ca_certs()) == 1
    monkeypatch.setattr(trust, "system_store", lambda _root: (None, None))
    assert trust.tls_context(None).get_ca_certs() == []
