"""More people and more real agents, for what is bounded by person or by machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from gururmm_bench.rest import Rest
from gururmm_bench.stack import Stack

_ONLINE_S: Final = 30.0


def technicians(stack: Stack, count: int) -> list[Rest]:
    """New technicians of the Partner, invited and signed in as people are."""
    people = []
    for number in range(count):
        email, password = f"bench-{number}-{os.urandom(4).hex()}@example.org", os.urandom(16).hex()
        invited = stack.rest.post("/users", {"email": email, "role": "partner_tech", "name": f"Tech {number}"}).body
        token = invited["invitation_url"].rpartition("/")[2]
        stack.rest.post_unsigned(f"/auth/invitation/{token}", {"name": f"Tech {number}", "password": password})
        people.append(Rest(stack.url, email, password))
    return people


@contextmanager
def agents(stack: Stack, count: int) -> Iterator[list[str]]:
    """The ids of further real agents on this machine, online; they are ended and removed afterwards."""
    if not count:
        yield []
        return
    site = stack.rest.get("/sites").body["items"][0]["id"]
    code = stack.rest.post(f"/sites/{site}/codes", {"max_uses": count}).body["code"]
    folder = stack.scratch("agents")
    with ExitStack() as running:
        homes = [folder / f"agent-{number}" for number in range(count)]
        for home in homes:
            running.enter_context(_agent(stack.url, code, home))
        ids = [_online(stack.rest, home) for home in homes]
        yield ids


@contextmanager
def _agent(url: str, code: str, home: Path) -> Iterator[None]:
    home.mkdir()
    command = [sys.executable, "-OO", "-m", "gururmm_agent", "run", "--server", url, "--state-dir", str(home / "state")]
    environment = os.environ | {"GURURMM_SITE_CODE": code, "HOME": str(home)}
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def _online(rest: Rest, home: Path) -> str:
    """The agent's id, once the server says that it is online. Raises `RuntimeError` with its log."""
    identity = home / "state" / "identity.json"
    deadline = time.monotonic() + _ONLINE_S
    while time.monotonic() < deadline:
        if identity.exists():
            agent_id = str(json.loads(identity.read_text(encoding="utf-8"))["agent_id"])
            if rest.get(f"/agents/{agent_id}").body["status"] == "online":
                return agent_id
        time.sleep(0.2)
    raise RuntimeError(f"an agent did not come online:\n{(home / 'log').read_text(errors='replace')[-1000:]}")
