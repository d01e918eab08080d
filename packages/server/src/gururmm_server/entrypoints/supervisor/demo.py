"""The demo on top of a running stack: its Partner, this very machine, and machines that don't exist."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from gururmm_server.infra.embedded.data_dir import write_private
from gururmm_server.infra.embedded.probe import http_json
from gururmm_server.infra.errors import StartError

_ONLINE_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """How to sign in to the demo Partner, and where its machines enrol."""

    email: str
    password: str
    tenant_id: str
    site_codes: list[str]

    @classmethod
    def parse(cls, text: str) -> "DemoAccess":
        """Returns what `python -m gururmm_server seed-demo` printed."""
        given = json.loads(text)
        return cls(given["email"], given["password"], given["tenant_id"], given["site_codes"])


def follow_server(agent_dir: Path, url: str) -> None:
    """Let the demo's own agent find its server on another port than last time; it still checks the server's key."""
    path = agent_dir / "identity.json"
    if path.exists():
        identity = json.loads(path.read_text(encoding="utf-8"))
        if identity["server"] != url:
            write_private(path, json.dumps(identity | {"server": url, "gateway": ""}))


async def sign_in(host: str, port: int, access: DemoAccess) -> str:
    """Returns an access token for the questions below; `wait_online` ends its session. Raises `StartError`."""
    body = {"email": access.email, "password": access.password}
    path = "/api/v1/auth/sign-in"
    status, answer = await http_json(port, "POST", path, host=host, user_agent="gururmm demo", body=body)
    if status != 200:
        raise StartError(f"The demo's sign-in was refused ({status}): {answer.get('message', '')}")
    return str(answer["access_token"])


async def forget_removed(host: str, port: int, token: str, agent_dir: Path) -> None:
    """Let this machine enrol anew, with nothing of before, where its agent is on record no longer."""
    agent_id = _agent_id(agent_dir / "identity.json")
    if agent_id:
        status, _ = await http_json(port, "GET", f"/api/v1/agents/{agent_id}", host=host, token=token)
        if status == 404:
            shutil.rmtree(agent_dir)


async def wait_online(host: str, port: int, token: str, agent_dir: Path) -> str:
    """Returns the id of the agent with its state in `agent_dir`, once it is online. Raises `StartError`."""
    try:
        return await asyncio.wait_for(_watch(host, port, token, agent_dir), _ONLINE_LIMIT_S)
    except TimeoutError:
        raise StartError(
            f"This machine's agent was not online after {_ONLINE_LIMIT_S:.0f} s: see log/agent.log and log/gateway.log "
            f"in {agent_dir.parent}."
        ) from None


async def _watch(host: str, port: int, token: str, agent_dir: Path) -> str:
    while True:
        agent_id = _agent_id(agent_dir / "identity.json")
        if agent_id:
            status, agent = await http_json(port, "GET", f"/api/v1/agents/{agent_id}", host=host, token=token)
            if status == 200 and agent["status"] == "online":
                await _sign_out(host, port, token)
                return agent_id
        await asyncio.sleep(0.05)


async def _sign_out(host: str, port: int, token: str) -> None:
    """End this program's own session, so that the list of who is signed in has people only."""
    status, listed = await http_json(port, "GET", "/api/v1/auth/sessions", host=host, token=token)
    if status == 200:
        mine = next(session["id"] for session in listed["items"] if session["current"])
        await http_json(port, "POST", f"/api/v1/auth/sessions/{mine}/end", host=host, token=token)


def _agent_id(identity: Path) -> str:
    """Returns the id that the agent enrolled with; empty until it did."""
    try:
        return str(json.loads(identity.read_text(encoding="utf-8"))["agent_id"])
    except FileNotFoundError:
        return ""
