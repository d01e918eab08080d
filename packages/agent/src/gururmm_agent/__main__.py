"""The command line: `run`, `enrol`, `settings`, `status`. An error is one sentence; its exit code says which kind."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from gururmm_agent import __version__, memory
from gururmm_agent.errors import AgentError, NotEnrolled, ServerUnreachable, SettingUnusable, StateUnusable

if TYPE_CHECKING:
    import argparse

    from gururmm_agent.adapters.ports import Adapters
    from gururmm_agent.link.hello import Machine
    from gururmm_agent.link.route import Route
    from gururmm_agent.state import Identity, StateDirectory


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    memory.begin()
    memory.leave_out_the_unneeded()
    # Half a megabyte that a process which stays for months has used for a millisecond; a Namespace would keep it.
    options = SimpleNamespace(**vars(_parser().parse_args(arguments)))
    memory.forget("argparse", "gettext")
    try:
        return _COMMANDS[options.command](options)
    except AgentError as error:
        print(f"gururmm-agent: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _parser() -> "argparse.ArgumentParser":
    import argparse
    from functools import partial

    # With a width it does not ask the terminal, which would take shutil and three libraries that compress.
    formatter = partial(argparse.HelpFormatter, width=100)
    parser = argparse.ArgumentParser(
        prog="gururmm-agent", description="The GuruRMM agent of this machine.", formatter_class=formatter
    )
    parser.add_argument("--version", action="version", version=f"gururmm-agent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, prog=parser.prog)
    # By environment for a process that stays, since other users read its arguments; commands must not inherit it.
    code, proxy, no_proxy = (os.environ.pop(f"GURURMM_{name}", None) for name in ("SITE_CODE", "PROXY", "NO_PROXY"))
    for name, text in (
        ("run", "connect and serve until stopped; enrols first if --server and --site-code are given"),
        ("enrol", "register this machine with a site code; again: ask whether the server still knows it"),
        ("settings", "keep another way to the server for the next start"),
        ("status", "say whether this machine is enrolled, and with whom"),
    ):
        command = commands.add_parser(name, help=text, formatter_class=formatter)
        command.add_argument("--state-dir", type=Path, required=True, help="where the agent keeps its files")
        if name in ("run", "enrol"):
            _add_enrolment(command, code, required=name == "enrol")
        if name == "enrol":
            command.add_argument(
                "--own-key",
                action="store_true",
                help="this machine is a copy of another one: give it a key of its own, as a new machine",
            )
        if name in ("enrol", "settings"):
            command.add_argument(
                "--proxy",
                default=proxy,
                help="http:// address of the proxy to go through; empty forgets it (or GURURMM_PROXY)",
            )
            command.add_argument(
                "--no-proxy",
                default=no_proxy,
                help="names, addresses and networks that need no proxy, with commas (or GURURMM_NO_PROXY)",
            )
        if name != "status":
            command.add_argument("--ca", help="PEM file of the only authorities to trust for TLS (settings: kept)")
    return parser


def _add_enrolment(command: "argparse.ArgumentParser", code: str | None, *, required: bool) -> None:
    command.add_argument("--server", required=required, help="http:// or https:// address of the server")
    command.add_argument(
        "--site-code",
        default=code,
        required=required and not code,
        help="the code of the Site to join (or GURURMM_SITE_CODE, which other users cannot read)",
    )
    command.add_argument(
        "--insecure-http",
        action="store_true",
        help="enrol at an http:// address of another machine, although whoever is on the way could answer in "
        "its place and take this machine over",
    )


def _enrol(options: SimpleNamespace) -> int:
    """Enrol, or ask whether this machine still is; the agent itself may run meanwhile. What was given is kept."""
    import asyncio

    from gururmm_agent.link.hello import enrol

    state, adapters = _open(options)
    if state.read_identity() is None:
        state.lock(adapters.host)
    authorities = _authorities(options.ca)
    route = state.route(options.ca, options.proxy, options.no_proxy)
    proxy = _proxy(route, options.server)
    try:
        enrolled = asyncio.run(
            enrol(
                state,
                _describe(adapters),
                options.server,
                options.site_code,
                route,
                insecure_http=options.insecure_http,
                own_key=options.own_key,
            )
        )
    except ServerUnreachable as error:
        if state.read_identity() is None:
            raise
        print(f"gururmm-agent: {error} This machine stays enrolled as it was.", file=sys.stderr)  # noqa: T201
        return 0
    # A service has no shell's environment: what led to the server now has to lead there later, too.
    state.keep_route(
        ca=authorities,
        proxy=proxy if options.proxy is None else options.proxy,
        no_proxy=(route.no_proxy or None) if options.no_proxy is None else options.no_proxy,
    )
    print(f"enrolled with {enrolled.identity.server} as agent {enrolled.identity.agent_id}")  # noqa: T201
    if enrolled.message:
        print(enrolled.message)  # noqa: T201
    return 0


def _settings(options: SimpleNamespace) -> int:
    state, _ = _open(options)
    route = state.route(options.ca, options.proxy, options.no_proxy)
    _proxy(route, "http://localhost.invalid")
    _proxy(route, "https://localhost.invalid")
    state.keep_route(ca=_authorities(options.ca), proxy=options.proxy, no_proxy=options.no_proxy)
    return 0


def _authorities(ca_file: str | None) -> bytes | None:
    """The certificates in the file that was named, None where none was. Raises `SettingUnusable` where it has none."""
    if not ca_file:
        return None if ca_file is None else b""
    from gururmm_agent.link.trust import tls_context

    try:
        tls_context(ca_file)
        return Path(ca_file).read_bytes()
    except OSError as error:  # what OpenSSL cannot read is one, too
        raise SettingUnusable(f"{ca_file} holds no authority to trust (PEM): {error.strerror or error}.") from error


def _proxy(route: "Route", server: str) -> str | None:
    try:
        return route.proxy_for(server)
    except ValueError as error:
        raise SettingUnusable(f"{error}.") from error


def _run(options: SimpleNamespace) -> int:
    import asyncio

    from gururmm_agent import logs

    logs.set_up()
    state, adapters = _open(options)
    state.lock(adapters.host)
    try:
        asyncio.run(_serve(options, state, adapters))
    except OSError as error:
        raise StateUnusable(f"The agent cannot begin with the state directory {state.path}: {error}.") from error
    return 0


async def _serve(options: SimpleNamespace, state: "StateDirectory", adapters: "Adapters") -> None:
    import logging

    from gururmm_agent.app import Agent

    identity = await _identity(options, state, adapters)
    agent = Agent(state, identity, adapters, state.route(options.ca))
    memory.keep_tls_small()
    memory.settle()
    await agent.run()
    logging.shutdown()
    os._exit(0)  # the interpreter would wait for threads, and a thread may wait for a dead disk


async def _identity(options: SimpleNamespace, state: "StateDirectory", adapters: "Adapters") -> "Identity":
    """The identity; enrols if asked to. A service outlives an unreachable server, so it goes on trying."""
    import asyncio
    import logging
    import random

    from gururmm_agent.link.hello import ensure_enrolled
    from gururmm_agent.link.reconnect import Backoff, Ended

    if options.server is None or options.site_code is None:
        if (options.server is None) != (options.site_code is None):
            raise NotEnrolled("--server and --site-code belong together.")
        return state.require_identity()
    backoff = Backoff(random.uniform)
    while True:
        try:
            return await ensure_enrolled(
                state,
                _describe(adapters),
                options.server,
                options.site_code,
                state.route(options.ca),
                insecure_http=options.insecure_http,
            )
        except ServerUnreachable as error:
            delay = backoff.next_delay(Ended.FAILED)
            logging.getLogger(__name__).warning("%s Next try in %.1f s", error, delay)
            await asyncio.sleep(delay)


def _status(options: SimpleNamespace) -> int:
    from gururmm_agent.link.route import shown_proxy
    from gururmm_agent.state import StateDirectory

    state = StateDirectory(options.state_dir)
    identity = state.require_identity()
    proxy = _proxy(state.route(None), identity.server)
    for name, value in (
        ("agent", identity.agent_id),
        ("server", identity.server),
        ("gateway", identity.gateway),
        ("proxy", shown_proxy(proxy) if proxy else ""),
        ("version", __version__),
    ):
        if value:
            print(f"{name:8} {value}")  # noqa: T201
    return 0


def _open(options: SimpleNamespace) -> "tuple[StateDirectory, Adapters]":
    from gururmm_agent.adapters import detect
    from gururmm_agent.state import StateDirectory

    return StateDirectory(options.state_dir), detect.load(detect.choose(detect.observe()))


def _describe(adapters: "Adapters") -> "Machine":
    from gururmm_agent.app import describe

    return describe(adapters)


_COMMANDS = {"run": _run, "enrol": _enrol, "settings": _settings, "status": _status}

if __name__ == "__main__":
    sys.exit(main())
