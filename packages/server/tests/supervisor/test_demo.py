"""`gururmm demo` as somebody who tries it finds it: this machine is named, and nobody else is signed in."""

import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.supervisor.running import BIN, Up


def _ask(url: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}", "User-Agent": "a browser"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def test_the_demo_names_this_machine_and_leaves_no_session_of_its_own(tmp_path: Path) -> None:
    ready, out = tmp_path / "ready.json", tmp_path / "out"
    arguments = ("--ready-file", ready, "--data", tmp_path / "d", "--port", str(free_port(set())), "--machines", "0")
    with out.open("wb") as output:
        demo = subprocess.Popen([BIN / "gururmm", "demo", *arguments], stdout=output, stderr=subprocess.STDOUT)
    try:
        Up.until(lambda: "GuruRMM is ready" in out.read_text() or demo.poll() is not None, 90)
        assert demo.poll() is None, out.read_text()
        Up.until(lambda: "Ctrl-C" in out.read_text(), 5)
        assert socket.gethostname() in out.read_text()
        told = json.loads(ready.read_text())
        credentials = {"email": told["email"], "password": told["password"]}
        token = _ask(f"{told['url']}/api/v1/auth/sign-in", credentials)["access_token"]
        sessions = _ask(f"{told['url']}/api/v1/auth/sessions", token=token)["items"]
        assert [session["user_agent"] for session in sessions] == ["a browser"]
        rows = _ask(f"{told['url']}/api/v1/audit?operation=session.started", token=token)["items"]
        assert "gururmm demo" in {row["details"].get("user_agent") for row in rows}
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(40)
