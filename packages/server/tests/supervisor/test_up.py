"""`gururmm up` as an operator has it: from an empty folder to signing in, over killed processes, to the end."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.supervisor.running import BIN, Up
from packages.server.tests.supervisor.services import is_alive

_SHARED = pytest.mark.xdist_group("gururmm up")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One for all tests here that don't start their own; the test that ends it comes last."""
    running = Up(tmp_path_factory.mktemp("up"))
    yield running
    running.stop()


@_SHARED
@pytest.mark.takes(10)
def test_the_first_admin_comes_from_the_terminal_and_nowhere_else(up: Up) -> None:
    first = re.search(r"First sign-in +(.*) --email you@example\.org\n", up.said())
    assert first is not None, up.said()
    refused = up.beside("admin", "create", "--email", "notmail")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "gururmm: --email: this is not an e-mail address.\n"
    pasted = f"{first[1]} --email first@example.org --name First"
    made = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=False, timeout=60)
    assert (made.returncode, made.stderr) == (0, "")
    link = made.stdout.strip()
    assert link.startswith(f"{up.url}/welcome/")
    token = link.rpartition("/")[2]
    assert up.ask(f"/api/v1/auth/invitation/{token}")[1]["email"] == "first@example.org"
    status, signed_in = up.ask(f"/api/v1/auth/invitation/{token}", {"password": "a long enough password"})
    assert status == 200
    assert signed_in["me"]["role"] == "platform_admin"
    assert up.ask(f"/api/v1/auth/invitation/{token}", {"password": "another long password"})[0] == 404
    credentials = {"email": "first@example.org", "password": "a long enough password"}
    assert up.ask("/api/v1/auth/sign-in", credentials)[0] == 200
    assert up.gururmm("audit", "verify") == "There is nothing to verify: no row was written yet."
    token = signed_in["access_token"]
    made_partner = up.ask("/api/v1/platform/partners", {"name": "Northwind IT"}, token)
    assert made_partner[0] == 201, made_partner
    lines = up.gururmm("audit", "verify").splitlines()
    assert [line.split("  ")[1:3] for line in lines[:2]] == [
        ["Northwind IT", "tunnel_audit"],
        ["Northwind IT", "audit_log"],
    ]
    assert "BROKEN" not in "".join(lines)
    assert up.beside("audit", "verify", "--tenant", "nonsense").returncode == 2


@pytest.mark.takes(12)
def test_after_kill_9_of_the_supervisor_a_new_one_starts_on_the_same_data(tmp_path: Path) -> None:
    first = Up(tmp_path)
    token = first.gururmm("admin", "create", "--email", "kept@example.org").rpartition("/")[2]
    pids = [child.pid for child in psutil.Process(first.process.pid).children(recursive=True)]
    first.process.kill()
    first.process.wait()
    first.until(lambda: not [pid for pid in pids if is_alive(pid)], 10)
    second = Up(tmp_path)
    try:
        status, kept = second.ask(f"/api/v1/auth/invitation/{token}")
        assert (status, kept["email"]) == (200, "kept@example.org")
    finally:
        assert second.stop() == 0


@pytest.mark.takes(12)
def test_secrets_that_do_not_fit_are_told_or_made_anew(tmp_path: Path) -> None:
    first = Up(tmp_path)
    assert first.stop() == 0
    superuser = first.data / "secrets" / "postgres-superuser"
    kept = superuser.read_text()
    superuser.write_text("of/another@cluster")
    done = first.beside("up", "--port", str(free_port(set())), "--gateway-port", "0")
    assert done.returncode == 1
    assert re.fullmatch(rf"gururmm: The secret {superuser} does not fit .*same backup\.\n", done.stderr)
    superuser.write_text(kept)
    for name in ("postgres-owner", "postgres-api", "postgres-gateway", "nats-worker"):
        (first.data / "secrets" / name).unlink()
    (first.data / "ports.json").write_text("[]")
    second = Up(tmp_path)
    try:
        assert second.gururmm("audit", "verify") == "There is nothing to verify: no row was written yet."
    finally:
        assert second.stop() == 0


@pytest.mark.takes(6)
def test_a_wrong_bus_url_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(BIN / "gururmm", "up", "--data", tmp_path / "d", "--port", str(free_port(set())), "--gateway-port", "0"),
            *("--nats-url", "nats://{kind}@127.0.0.1:1"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--nats-url" in done.stderr.strip().splitlines()[-1]
    assert str(tmp_path) not in "".join(" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


@_SHARED
def test_a_part_on_an_old_schema_says_what_to_run(up: Up) -> None:
    owner = (up.data / "secrets" / "postgres-owner").read_text()
    ports = json.loads((up.data / "ports.json").read_text())
    url = f"postgresql://gururmm_owner:{owner}@127.0.0.1:{ports['postgres']}/postgres"
    done = subprocess.run(
        [BIN / "gururmm", "worker"],
        env=os.environ | {"GURURMM_DATABASE_URL": url, "GURURMM_NATS_URL": "nats://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "is empty, this build needs" in last
    assert "gururmm migrate" in last
    assert owner not in done.stderr


@_SHARED
@pytest.mark.takes(10)
@pytest.mark.timeout(240)
def test_every_process_comes_back_from_kill_9_and_the_end_leaves_none(up: Up) -> None:
    before = up.children()
    assert set(before) == {"postgres", "nats-server", "api", "gateway", "worker"}
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        up.until(lambda name=name, pid=pid: up.children().get(name) not in {None, pid}, 15)
        up.until(up.ready, 30)
        assert time.monotonic() - began < 30
    pids = [child.pid for child in psutil.Process(up.process.pid).children(recursive=True)]
    assert len(pids) > len(before)  # PostgreSQL's own processes among them
    assert up.stop() == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert "Traceback" not in up.said()
