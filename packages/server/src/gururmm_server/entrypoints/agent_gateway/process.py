"""The gateway's process: from its settings to SIGTERM."""

import asyncio
import gc
import signal

from gururmm_server.core.component import House
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.files import use_every_file
from gururmm_server.infra.health import HealthServer
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import MetricsReaders

log = get_logger(__name__)


def prepare_process() -> None:
    """Use every file handle this process may have, and let the garbage collector look less often: agents stay long."""
    use_every_file()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def run(house: House, stop: asyncio.Event | None = None) -> None:
    """Hold agents until `stop` is set (None: until SIGTERM or SIGINT), then let them go and return.

    The house's database and bus are open and are closed by the caller. Raises `StartError` before anything is left
    behind.
    """
    prepare_process()
    settings = house.settings
    if stop is None:
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    gateway = Gateway(house)
    readers = MetricsReaders(settings.metrics_from)
    health = HealthServer(gateway.ready, settings.host, settings.health_port, readers)
    health_port = await health.open()
    try:
        await gateway.open(settings.host, settings.port, settings.advertise_url)
        log.info("gateway is ready", gateway_id=gateway.gateway_id, port=gateway.port, health_port=health_port)
        work = asyncio.create_task(gateway.run())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            await gateway.drain()
            await gateway.close()
            work.cancel()
        await asyncio.wait({work})
        if not work.cancelled() and (failure := work.exception()) is not None:
            raise failure
    finally:
        await health.close()
