"""What keeps GuruRMM from starting is one sentence that says what to do, with exit code 1 and nothing left running."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.infra.embedded.data_dir import DataDir, free_port
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.given import advertise_url, gateway_urls, public_url, without_tls
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.schema import check_login

from packages.server.tests.conftest import Engines

BIN = Path(sys.executable).parent


def _fails(*arguments: str | Path) -> str:
    """Run `gururmm`; what it says last, after it has failed in the way every refusal should look."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GURURMM_")}
    environment["STARTED_BY"] = mark = str(uuid4())
    done = subprocess.run(
        [BIN / "gururmm", *arguments], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 1, done.stdout + done.stderr
    if "Starting" not in done.stdout:
        assert "Stop" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert _running(mark, *(str(each) for each in arguments if isinstance(each, Path))) == []
    sentence = done.stderr.removesuffix("\n")
    assert sentence.startswith("gururmm: "), sentence
    assert "\n" not in sentence, sentence
    return sentence.removeprefix("gururmm: ")


def _running(mark: str, *places: str) -> list[str]:
    """The processes that have this in their environment, or one of these places in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or ())
        if mark in (process.info["environ"] or {}).values() or any(place in line for place in places):
            found.append(line)
    return found


@pytest.fixture
def busy_port() -> Iterator[str]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


def test_a_busy_port(tmp_path: Path, busy_port: str) -> None:
    said = _fails("up", "--data", tmp_path / "d", "--port", busy_port)
    assert re.fullmatch(rf"Port {busy_port} on 127\.0\.0\.1 is used by another program.* with --port\.", said)
    said = _fails("up", "--data", tmp_path / "d", "--port", str(free_port(set())), "--gateway-port", busy_port)
    assert said.endswith("choose another port with --gateway-port.")


@pytest.mark.parametrize(
    ("option", "port"), [("--port", "99999"), ("--port", "-5"), ("--port", "0"), ("--gateway-port", "99999")]
)
@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_port_that_does_not_exist(tmp_path: Path, command: str, option: str, port: str) -> None:
    done = subprocess.run(
        [BIN / "gururmm", command, "--data", tmp_path / "d", option, port],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert option in done.stderr
    assert "Traceback" not in done.stderr


def test_gateways_past_the_last_port(tmp_path: Path) -> None:
    ports = ("--port", str(free_port(set())), "--gateway-port", "65535", "--gateways", "2")
    assert "There is no port 65536" in _fails("up", "--data", tmp_path / "d", *ports)


@pytest.mark.parametrize("host", ["foo.invalid", "192.0.2.1"])
def test_an_address_of_another_machine(tmp_path: Path, host: str) -> None:
    said = _fails("up", "--data", tmp_path / "d", "--port", str(free_port(set())), "--host", host, "--insecure-http")
    assert said == f"This machine has no address {host}: give one of its own with --host, or 0.0.0.0 for all."


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("something else")
    said = _fails("up", "--data", tmp_path / "d", "--port", str(free_port(set())))
    assert said == f"{tmp_path / 'd'} is a file, and the data needs a folder: choose another with --data."


def test_a_folder_in_use(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d")
    data.prepare()
    said = _fails("up", "--data", tmp_path / "d")
    assert said.startswith(f"GuruRMM already runs on {data.root} (process {os.getpid()}): stop it first")
    data.release()


def test_a_disk_without_room(tmp_path: Path) -> None:
    said = _fails("up", "--data", tmp_path / "d", "--disk-reserve-mb", "100000000")
    assert re.match(r"The disk of .* has \d+ MB free and 200000000 MB are needed to start: free some space", said)


@pytest.mark.parametrize(
    "url", ["postgresql://{kind}:secret@127.0.0.1:1/none", "nonsense-{kind}", "postgresql://[{kind}"]
)
def test_a_wrong_database_url(tmp_path: Path, url: str) -> None:
    said = _fails(
        "up", "--data", tmp_path / "d", "--port", str(free_port(set())), "--gateway-port", "0", "--database-url", url
    )
    assert "--database-url" in said
    assert "secret" not in said


def test_a_missing_installation(tmp_path: Path) -> None:
    said = _fails("admin", "create", "--email", "a@example.org", "--data", tmp_path / "d")
    assert "There is no GuruRMM in" in said
    assert "gururmm up" in said
    assert "There is no GuruRMM in" in _fails("migrate", "--data", tmp_path / "d")


def test_a_missing_secret_of_the_cluster(tmp_path: Path) -> None:
    secret = tmp_path / "d" / "secrets" / "postgres-superuser"
    (tmp_path / "d" / "postgres" / "cluster").mkdir(parents=True)
    for _ in range(2):
        said = _fails("up", "--data", tmp_path / "d", "--port", str(free_port(set())), "--gateway-port", "0")
        assert said == f"The secret {secret} is missing or empty: restore it from a backup."
        secret.touch()
    assert secret.read_text() == ""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "rmm.example.org",
        "http://",
        "http://a.org/path",
        "http://a.org?query",
        "http://me@a.org",
        "http://a.org:0",
        "http://a.org:65536",
        "https://a.org\n",
    ],
)
def test_a_public_url_that_is_none(url: str) -> None:
    with pytest.raises(StartError, match=r"^--public-url: .* like https://rmm\.example\.org\.$"):
        public_url(url)


def test_a_public_url_as_browsers_write_it() -> None:
    for url in ("", "http://10.0.0.5:8080", "https://[::1]:8443", "https://rmm.example.org"):
        assert public_url(url) == url
    assert public_url("HTTPS://RMM.example.org/") == "https://rmm.example.org"


@pytest.mark.parametrize("url", ["rmm.example.org", "https://a.org", "wss://", "wss://a.org:0", "wss://a.org/x y"])
def test_a_gateways_url_that_is_none(url: str) -> None:
    with pytest.raises(StartError, match=r"^--gateway-urls: .* like wss://rmm\.example\.org\.$"):
        gateway_urls([url], "")
    with pytest.raises(StartError, match=r"^--advertise-url: .* like wss://rmm\.example\.org\.$"):
        advertise_url(url, "", ())


@pytest.mark.parametrize("public", ["https://rmm.example.org", "https://10.0.0.5:8443"])
def test_a_gateway_without_tls_beside_a_server_with_it(public: str) -> None:
    sentence = rf"ws://10\.0\.0\.5:8081 does without TLS, and agents of {re.escape(public)} refuse that: give a wss://"
    with pytest.raises(StartError, match=rf"^--gateway-urls: {sentence}"):
        gateway_urls(["wss://rmm.example.org", "ws://10.0.0.5:8081"], public)
    with pytest.raises(StartError, match=rf"^--advertise-url: {sentence}"):
        advertise_url("ws://10.0.0.5:8081", public, ())
    assert gateway_urls(["wss://a.org", "wss://b.org:8443/eu/agent/v2"], public)
    assert advertise_url("wss://a.org", public, ()) == "wss://a.org"


def test_a_single_gateway_has_to_know_what_agents_are_told(engines: Engines) -> None:
    urls = _urls(engines, Kind.GATEWAY)
    said = _fails("gateway", *urls, "--public-url", "https://rmm.example.org")
    assert said.startswith("Agents of https://rmm.example.org would be sent to this gateway without TLS")
    assert "--advertise-url wss://…" in said
    assert "--gateway-urls" in said
    assert advertise_url("", "https://rmm.example.org", ("wss://rmm.example.org",)) == ""
    assert advertise_url("", "http://10.0.0.5:8080", ()) == ""


@pytest.mark.parametrize(
    ("command", "options", "url"),
    [
        ("up", ("--public-url", "http://rmm.example.org"), "http://rmm.example.org"),
        ("up", ("--public-url", "http://127.0.0.1:8080", "--gateway-urls", "ws://10.0.0.5"), "ws://10.0.0.5"),
        ("up", ("--host", "198.51.100.7"), "http://198.51.100.7:8080"),
        ("demo", ("--host", "198.51.100.7"), "http://198.51.100.7:8080"),
        ("api", ("--public-url", "http://10.0.0.5:8080"), "http://10.0.0.5:8080"),
        ("api", ("--host", "0.0.0.0"), "http://0.0.0.0:8080"),
        ("api", ("--host", "::"), "http://[::]:8080"),
    ],
)
def test_no_tls_beyond_this_machine_has_to_be_accepted(
    tmp_path: Path, command: str, options: tuple[str, ...], url: str
) -> None:
    where = _NOWHERE if command == "api" else ("--data", tmp_path / "d")
    said = _fails(command, *where, *options)
    assert said == (
        f"{url} does without TLS: whoever is on the way could read passwords and take over machines that are added. "
        "Put TLS before it and give --public-url https://…, or accept that with --insecure-http."
    )
    assert not (tmp_path / "d").exists()
    without_tls([url], accepted=True)


def test_a_server_with_tls_tells_agents_a_gateway_with_tls() -> None:
    def told(**given: Any) -> tuple[str, ...]:
        return StackOptions(data=Path("d"), host="0.0.0.0", **given).told_gateways

    assert told(public_url="https://rmm.example.org") == ("wss://rmm.example.org",)
    assert told(public_url="https://rmm.example.org:8443") == ("wss://rmm.example.org:8443",)
    assert told(public_url="https://a.org", gateway_urls=("wss://b.org",)) == ("wss://b.org",)
    assert told(public_url="http://10.0.0.5:8080") == ()


_NOWHERE = ("--database-url", "postgresql://{kind}@127.0.0.1:1/none", "--nats-url", "nats://{kind}@127.0.0.1:1")


def _urls(engines: Engines, kind: Kind) -> tuple[str, ...]:
    """What a process of this kind signs in with."""
    return ("--database-url", engines.urls[kind], "--nats-url", engines.bus_urls[kind])


@pytest.mark.parametrize("command", ["up", "api"])
def test_options_are_looked_at_before_anything_starts(tmp_path: Path, command: str) -> None:
    where = ("--data", tmp_path / "d") if command == "up" else ()
    said = _fails(command, *where, *_NOWHERE, "--public-url", "javascript:alert(1)")
    assert said.startswith("--public-url: 'javascript:alert(1)' is not http(s)://host")
    said = _fails(command, *where, *_NOWHERE, "--trusted-proxies", "10.0.0.1,bogus/99")
    assert said.startswith("--trusted-proxies: 'bogus/99' is no address and no network")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("part", ["api", "gateway"])
def test_an_address_of_another_machine_for_a_single_part(engines: Engines, busy_port: str, part: str) -> None:
    urls = _urls(engines, Kind(part))
    accepted = ("--insecure-http",) if part == "api" else ()
    said = _fails(part, *urls, "--port", str(free_port(set())), "--host", "300.1.1.1", *accepted)
    assert said == "This machine has no address 300.1.1.1: give one of its own with --host, or 0.0.0.0 for all."
    said = _fails(part, *urls, "--port", busy_port)
    assert re.fullmatch(rf"Port {busy_port} on 127\.0\.0\.1 is used by another program.* with --port\.", said)


@pytest.mark.parametrize("part", ["api", "gateway", "worker"])
def test_a_bus_that_is_not_there(engines: Engines, part: str) -> None:
    said = _fails(part, "--database-url", engines.urls[Kind(part)], "--nats-url", "nats://127.0.0.1:1")
    assert "Check --nats-url" in said


def test_a_worker_signs_the_audits_heads_or_does_not_start(engines: Engines, tmp_path: Path) -> None:
    part = ("worker", *_urls(engines, Kind.WORKER))
    assert "give it with --audit-store" in _fails(*part)
    store, key = ("--audit-store", tmp_path / "heads"), tmp_path / "key"
    assert "give its file with --audit-key-file" in _fails(*part, *store)
    assert f"The key file {key} cannot be read" in _fails(*part, *store, "--audit-key-file", key)
    key.write_text("12")
    assert "does not hold 64 hexadecimal digits" in _fails(*part, *store, "--audit-key-file", key)


def test_a_login_that_may_not_change_the_schema(engines: Engines) -> None:
    said = _fails("migrate", "--database-url", engines.urls[Kind.API])
    assert "may not change the schema" in said
    assert "give the owner's, with --database-url" in said


def test_a_superuser_owns_no_schema(engines: Engines) -> None:
    said = _fails("migrate", "--database-url", engines.owner_url)
    assert "is a superuser" in said
    assert "give the plain owner's" in said


def test_options_in_a_database_url_reach_the_migration(engines: Engines) -> None:
    done = subprocess.run(
        [BIN / "gururmm", "migrate", "--database-url", f"{engines.migrator_url}?sslmode=prefer"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_partner_that_does_not_exist(engines: Engines) -> None:
    unknown = "01890000-0000-7000-8000-000000000000"
    said = _fails("audit", "verify", "--database-url", engines.urls[Kind.API], "--tenant", unknown)
    assert said == f"There is no Partner {unknown}: leave --tenant out to see all of them with their ids."


@pytest.mark.parametrize("option", ["--database-url", "--nats-url"])
def test_one_login_for_all_processes_is_refused(tmp_path: Path, option: str) -> None:
    said = _fails("up", "--data", tmp_path / "d", option, "postgresql://one:secret@db/gururmm")
    assert said.startswith(
        f"{option}: with one login for all, a gateway could do what an api may. Write {{kind}} where"
    )
    assert "secret" not in said
    assert not (tmp_path / "d").exists()


def test_a_part_refuses_another_kinds_login(engines: Engines) -> None:
    said = _fails("gateway", "--database-url", engines.urls[Kind.API], "--nats-url", engines.bus_urls[Kind.GATEWAY])
    assert "is not made for this kind of process, gateway: it lacks gururmm_ingest and may be gururmm_app" in said
    assert said.endswith("Give gateway its own, gururmm_login_gateway: docs/operations/database.md says how.")
    assert urlsplit(engines.urls[Kind.API]).password not in said


def test_a_url_may_stand_in_a_file(engines: Engines, tmp_path: Path) -> None:
    missing = f"file:{tmp_path}/{{kind}}/database-url"
    said = _fails("worker", "--database-url", missing, "--nats-url", engines.bus_urls[Kind.WORKER])
    assert said == f"--database-url: the file {tmp_path}/worker/database-url cannot be read: No such file or directory."
    for kind in Kind:
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "database-url").write_text(engines.urls[kind] + "\n")
        (tmp_path / kind / "nats-url").write_text(engines.bus_urls[kind] + "\n")
    said = _fails("worker", "--database-url", missing, "--nats-url", f"file:{tmp_path}/{{kind}}/nats-url")
    assert "give it with --audit-store" in said


def test_the_buss_users_need_passwords() -> None:
    said = _fails("nats-users", "--nats-url", "nats://{kind}@127.0.0.1:4222")
    assert said.startswith("--nats-url: the URL of api has no password: give it one")


def test_a_migration_opens_the_processes_logins(engines: Engines, tmp_path: Path) -> None:
    """With the passwords that they have already, which other tests go on with."""
    for kind in Kind:
        (tmp_path / kind).write_text(engines.urls[kind])
    done = subprocess.run(
        [BIN / "gururmm", "migrate", "--database-url", engines.migrator_url, "--logins", f"file:{tmp_path}/{{kind}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asyncio.run(check_login(engines.urls[Kind.GATEWAY], Kind.GATEWAY))
    said = _fails("migrate", "--database-url", engines.migrator_url, "--logins", "postgresql://{kind}@db/gururmm")
    assert said.startswith("--logins: the URL of api has no password")
