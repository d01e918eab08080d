"""What an agent that only reports must not have in memory."""

import asyncio
import os
import signal
import subprocess
import sys

from gururmm_wire.v2.agent import InventoryHashes, InventorySection, Metrics
from gururmm_wire.v2.names import SECTIONS
from gururmm_wire.v2.server import InventoryWanted

HEAVY = {
    "aiofastnet", "argparse", "bz2", "cryptography", "csv", "doctest", "email", "gettext", "http.client", "json",
    "logging.config", "logging.handlers", "lzma", "multiprocessing", "pdb", "pickle", "psutil", "pydoc", "shutil",
    "sqlite3", "structlog", "tempfile", "tomllib", "typing_extensions", "unittest", "urllib.request", "xml",
    "zoneinfo",
}  # fmt: skip
"""A quarter of a megabyte and more each, or the way to such."""

TELLS_ITS_MODULES = """
import signal, sys
from gururmm_agent.__main__ import main

def tell(*_):
    with open({!r}, "w") as answer:
        answer.write("\\n".join(name for name, module in sys.modules.items() if module is not None))

signal.signal(signal.SIGUSR1, tell)
sys.exit(main())
"""

WORTH_OF_CODE = """
import ssl
from gururmm_agent import memory

def resident():
    size, is_code = 0, False
    with open("/proc/self/smaps") as maps:
        for line in maps:
            words = line.split()
            if "-" in words[0]:
                is_code = words[1] in ("r-xp", "r--p") and words[4] != "0"
            elif words[0] == "Rss:" and is_code:
                size += int(words[1])
    return size

before = resident()
memory.give_back()
print(before, resident())
assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
"""


async def test_an_agent_at_rest_has_imported_nothing_heavy(gateway, agent, tmp_path):
    answer = tmp_path / "modules"
    os.mkfifo(answer)
    agent.program = ("-c", TELLS_ITS_MODULES.format(str(answer)))
    await agent.start()
    await gateway.wait_for(InventoryHashes)
    gateway.say(InventoryWanted(SECTIONS))
    for name in SECTIONS:
        await gateway.wait_for(InventorySection, section=name)
    await gateway.wait_for(Metrics)
    agent.process.send_signal(signal.SIGUSR1)
    modules = set((await asyncio.to_thread(answer.read_text)).splitlines())
    assert "gururmm_agent.tasks.metrics" in modules
    assert sorted(modules & HEAVY) == []


def test_code_that_ran_once_is_given_back_and_runs_again():
    done = subprocess.run([sys.executable, "-c", WORTH_OF_CODE], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < before
