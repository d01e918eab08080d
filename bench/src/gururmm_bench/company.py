"""More people and more real agents, for what is bounded by person or by machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, Self

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
def agents(stack: Stack, count: int, of: Rest | None = None, *, nice: int = 0) -> Iterator[list[str]]:
    """The ids of further real agents on this machine, online; they are ended afterwards.

    `of` is an admin of another Partner, whose they shall be; `nice` makes them give way to the server.
    """
    with ExitStack() as running:
        started = [running.enter_context(RealAgent(stack, f"agent-{n}", of, nice=nice)) for n in range(count)]
        yield [each.online() for each in started]


class RealAgent:
    """A further real agent on this machine, in a folder of its own. A context manager: runs from its beginning on."""

    def __init__(self, stack: Stack, name: str, of: Rest | None = None, *, nice: int = 0) -> None:
        """Gets it a code. `of` is an admin of another Partner; `nice` as of the command."""
        self._rest = of or stack.rest
        site = self._rest.get("/sites").body["items"][0]["id"]
        code = self._rest.post(f"/sites/{site}/codes", {"max_uses": 1}).body["code"]
        self._home = stack.scratch("agents" if of is None else "agents-elsewhere") / name
        self._home.mkdir()
        self._command = [
            *("nice", "-n", str(nice), sys.executable, "-OO", "-m", "gururmm_agent", "run"),
            *("--server", stack.url, "--state-dir", str(self._home / "state")),
        ]
        self._environment = os.environ | {"GURURMM_SITE_CODE": code, "HOME": str(self._home)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run it, again after it was stopped."""
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def stop(self) -> None:
        """End it as systemd does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def online(self) -> str:
        """Its id, once the server says that it is online. Raises `RuntimeError` with its log."""
        identity = self._home / "state" / "identity.json"
        deadline = time.monotonic() + _ONLINE_S
        while time.monotonic() < deadline:
            if identity.exists():
                agent_id = str(json.loads(identity.read_text(encoding="utf-8"))["agent_id"])
                if self._rest.get(f"/agents/{agent_id}").body["status"] == "online":
                    return agent_id
            time.sleep(0.1)
        raise RuntimeError(f"an agent did not come online:\n{(self._home / 'log').read_text(errors='replace')[-1000:]}")
