"""`python -m gururmm_bench.simulator`: simulated machines until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from pathlib import Path

import uvloop

from gururmm_bench.simulator.fleet import EnrolmentRefused, Fleet, FleetOptions
from gururmm_bench.simulator.store import StateInUse, Store

_log = logging.getLogger("gururmm_bench.simulator")
_REPORT_S = 60.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gururmm_bench.simulator", description=__doc__)
    parser.add_argument("--server", required=True, help="the server's URL, as an agent is given it")
    codes = os.environ.get("GURURMM_SITE_CODES")
    parser.add_argument(
        "--site-codes",
        default=codes,
        required=not codes,
        help="site codes, comma-separated; each in turn (or GURURMM_SITE_CODES)",
    )
    parser.add_argument("--machines", type=int, default=25)
    parser.add_argument("--state-dir", type=Path, required=True, help="keys and identities are kept here")
    parser.add_argument("--offline-share", type=float, default=0.1, help="part of the fleet that is off, on average")
    parser.add_argument("--quick", action="store_true", help="no inventory")
    return parser.parse_args()


async def _run(options: FleetOptions, store: Store) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    fleet = Fleet(options, store)
    enrolling = asyncio.create_task(fleet.enrol())
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait((enrolling, stop), return_when=asyncio.FIRST_COMPLETED)
    if not enrolling.done():
        enrolling.cancel()
        await asyncio.gather(enrolling, return_exceptions=True)
        return
    enrolling.result()
    fleet.start()
    before = -1
    while not stop.done():
        await asyncio.wait((stop,), timeout=_REPORT_S if before >= 0 else 2.0)
        if fleet.online != before:
            before = fleet.online
            _log.info("%d of %d machines are online", before, len(fleet.machines))
    await fleet.stop()


def main() -> int:
    """Exit code 0 after a clean stop, 1 with one sentence for what stands in the way."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("picows").setLevel(logging.WARNING)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    codes = tuple(code for code in arguments.site_codes.split(",") if code)
    if not codes or arguments.machines < 1 or not 0 <= arguments.offline_share < 1:
        sys.stderr.write("Give at least one site code and one machine, and an offline share from 0 to below 1.\n")
        return 2
    options = FleetOptions(
        arguments.server, codes, arguments.machines, offline_share=arguments.offline_share, quick=arguments.quick
    )
    try:
        with Store(arguments.state_dir) as store:
            uvloop.run(_run(options, store))
    except (StateInUse, EnrolmentRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
