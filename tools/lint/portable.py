"""A contract on source text: what only a Unix has stands in the adapters that are for one.

Imports tell half of it: `os.kill`, `loop.add_reader` and `signal.SIGKILL` are attributes, and two of the three even
exist on Windows, where they do something else or raise. So the modules' syntax is read too.
"""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

_MODULES = frozenset(("fcntl", "grp", "posix", "pty", "pwd", "resource", "signal", "syslog", "termios", "tty"))

_OF_OS = """chown fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpriority getsid getuid kill killpg
mkfifo nice openpty pidfd_open posix_openpt posix_spawn set_blocking setegid seteuid setgid setpgid setsid setuid
statvfs sysconf ttyname uname wait wait3 wait4 waitid waitpid"""
_OF_ASYNCIO = "PidfdChildWatcher get_child_watcher open_unix_connection set_child_watcher start_unix_server"
_OF_SOCKET = "AF_UNIX recv_fds send_fds socketpair"
_ATTRIBUTES = {
    "os": frozenset(_OF_OS.split()),
    "asyncio": frozenset(_OF_ASYNCIO.split()),
    "socket": frozenset(_OF_SOCKET.split()),
}

_OF_LOOPS = """add_reader add_signal_handler add_writer connect_read_pipe connect_write_pipe create_unix_connection
create_unix_server remove_reader remove_signal_handler remove_writer subprocess_exec subprocess_shell"""
_METHODS = frozenset(_OF_LOOPS.split())
"""Programs are started by adapters, so that what starts them can also end them."""


class PortableContract(Contract):
    """Checks every module of `root` but those at or below `adapters`."""

    type_name = "portable"

    root = fields.StringField()
    adapters = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  # the base's signature
        root = str(self.root)
        apart = tuple(str(name) for name in self.adapters)  # type: ignore[attr-defined]
        found = [
            (module, line, what)
            for module in sorted(graph.modules)
            if (module == root or module.startswith(f"{root}."))
            and not any(module == name or module.startswith(f"{name}.") for name in apart)
            for line, what in _unix_only(_source(module))
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for module, line, what in check.metadata["found"]:
            output.print_error(f"- {module}:{line} uses {what}, which only a Unix has: it belongs in an adapter")


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    return Path(spec.origin).read_text(encoding="utf-8")


def _unix_only(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of everything in a module's text that Windows' Python lacks or means otherwise."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in _MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = _ATTRIBUTES.get(node.module or "", frozenset())
            if node.module in _MODULES:
                yield node.lineno, str(node.module)
            yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names if a.name in names)
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in _ATTRIBUTES.get(owner, frozenset()):
                yield node.lineno, f"{owner}.{node.attr}"
            elif node.attr in _METHODS:
                yield node.lineno, f".{node.attr}"
