"""`gururmm demo` as somebody who tries it finds it: this machine is named, and nobody else is signed in."""

import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.supervisor.running import BIN, Up


def _ask(url: str, body: Any = None, token: str = "", method: str | None = None) -> Any:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}", "User-Agent": "a browser"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def _start(data: Path, ready: Path, out: Path) -> "subprocess.Popen[bytes]":
    arguments = ("--ready-file", ready, "--data", data, "--port", str(free_port(set())), "--machines", "0")
    with out.open("wb") as output:
        demo = subprocess.Popen([BIN / "gururmm", "demo", *arguments], stdout=output, stderr=subprocess.STDOUT)
    Up.until(lambda: "GuruRMM is ready" in out.read_text() or demo.poll() is not None, 90)
    assert demo.poll() is None, out.read_text()
    return demo


def _stop(demo: "subprocess.Popen[bytes]") -> None:
    demo.send_signal(signal.SIGINT)
    demo.wait(40)


def _token(told: dict[str, str]) -> str:
    credentials = {"email": told["email"], "password": told["password"]}
    return str(_ask(f"{told['url']}/api/v1/auth/sign-in", credentials)["access_token"])


@pytest.mark.takes(20)
def test_the_demo_names_this_machine_and_leaves_no_session_of_its_own(tmp_path: Path) -> None:
    ready, out = tmp_path / "ready.json", tmp_path / "out"
    demo = _start(tmp_path / "d", ready, out)
    try:
        Up.until(lambda: "Ctrl-C" in out.read_text(), 5)
        assert socket.gethostname() in out.read_text()
        told = json.loads(ready.read_text())
        token = _token(told)
        sessions = _ask(f"{told['url']}/api/v1/auth/sessions", token=token)["items"]
        assert [session["user_agent"] for session in sessions] == ["a browser"]
        rows = _ask(f"{told['url']}/api/v1/audit?operation=session.started", token=token)["items"]
        assert "gururmm demo" in {row["details"].get("user_agent") for row in rows}
        removed = told["agent_id"]
        _ask(f"{told['url']}/api/v1/agents/{removed}", token=token, method="DELETE")
    finally:
        _stop(demo)
    demo = _start(tmp_path / "d", ready, out)
    try:
        told = json.loads(ready.read_text())
        assert told["agent_id"] != removed
        machines = _ask(f"{told['url']}/api/v1/agents", token=_token(told))["items"]
        assert [(machine["id"], machine["status"]) for machine in machines] == [(told["agent_id"], "online")]
    finally:
        _stop(demo)
