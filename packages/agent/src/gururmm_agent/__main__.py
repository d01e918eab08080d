"""The command line: `run`, `enrol`, `status`. An error is one sentence, and its exit code says which kind."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from gururmm_agent import __version__, memory
from gururmm_agent.errors import AgentError, NotEnrolled, ServerUnreachable

if TYPE_CHECKING:
    import argparse

    from gururmm_agent.adapters.ports import Adapters
    from gururmm_agent.link.hello import Machine
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
    code = os.environ.pop("GURURMM_SITE_CODE", None)
    for name, text in (
        ("run", "connect and serve until stopped; enrols first if --server and --site-code are given"),
        ("enrol", "register this machine with a site code, once"),
        ("status", "say whether this machine is enrolled, and with whom"),
    ):
        command = commands.add_parser(name, help=text, formatter_class=formatter)
        command.add_argument("--state-dir", type=Path, required=True, help="where the agent keeps its files")
        if name != "status":
            command.add_argument("--server", required=name == "enrol", help="http:// or https:// address of the server")
            command.add_argument(
                "--site-code",
                default=code,
                required=name == "enrol" and not code,
                help="the code of the Site to join (or GURURMM_SITE_CODE)",
            )
            command.add_argument("--ca", help="PEM file of the only authorities to trust for TLS")
            command.add_argument(
                "--insecure-http",
                action="store_true",
                help="enrol at an http:// address of another machine, although whoever is on the way could answer in "
                "its place and take this machine over",
            )
    return parser


def _enrol(options: SimpleNamespace) -> int:
    import asyncio

    from gururmm_agent.link.hello import enrol

    state, adapters = _open(options)
    state.lock(adapters.host)
    identity = asyncio.run(
        enrol(
            state,
            _describe(adapters),
            options.server,
            options.site_code,
            options.ca,
            insecure_http=options.insecure_http,
        )
    )
    print(f"enrolled with {identity.server} as agent {identity.agent_id}")  # noqa: T201
    return 0


def _run(options: SimpleNamespace) -> int:
    import asyncio

    from gururmm_agent import logs

    logs.set_up()
    state, adapters = _open(options)
    state.lock(adapters.host)
    asyncio.run(_serve(options, state, adapters))
    return 0


async def _serve(options: SimpleNamespace, state: "StateDirectory", adapters: "Adapters") -> None:
    import logging

    from gururmm_agent.app import Agent

    identity = await _identity(options, state, adapters)
    agent = Agent(state, identity, adapters, options.ca)
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

    from gururmm_agent.link.hello import enrol
    from gururmm_agent.link.reconnect import Backoff, Ended

    if options.server is None or options.site_code is None:
        if (options.server is None) != (options.site_code is None):
            raise NotEnrolled("--server and --site-code belong together.")
        return state.require_identity()
    backoff = Backoff(random.uniform)
    while True:
        try:
            return await enrol(
                state,
                _describe(adapters),
                options.server,
                options.site_code,
                options.ca,
                insecure_http=options.insecure_http,
            )
        except ServerUnreachable as error:
            delay = backoff.next_delay(Ended.FAILED)
            logging.getLogger(__name__).warning("%s Next try in %.1f s", error, delay)
            await asyncio.sleep(delay)


def _status(options: SimpleNamespace) -> int:
    from gururmm_agent.state import StateDirectory

    identity = StateDirectory(options.state_dir).require_identity()
    for name, value in (
        ("agent", identity.agent_id),
        ("server", identity.server),
        ("gateway", identity.gateway),
        ("version", __version__),
    ):
        print(f"{name:8} {value}")  # noqa: T201
    return 0


def _open(options: SimpleNamespace) -> "tuple[StateDirectory, Adapters]":
    from gururmm_agent.adapters import detect
    from gururmm_agent.state import StateDirectory

    return StateDirectory(options.state_dir), detect.load(detect.choose(detect.observe()))


def _describe(adapters: "Adapters") -> "Machine":
    from gururmm_agent.app import describe

    return describe(adapters)


_COMMANDS = {"run": _run, "enrol": _enrol, "status": _status}

if __name__ == "__main__":
    sys.exit(main())
