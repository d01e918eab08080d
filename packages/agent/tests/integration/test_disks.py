"""Disks as an ordinary user finds them, on a real agent with real file systems. Needs root."""

import ctypes
import os

import pytest
from gururmm_wire.v2.agent import Answer, FilesystemUse, InventorySection, Metrics
from gururmm_wire.v2.server import InventoryWanted, Query, Settings, Watch

from packages.agent.tests.machines import Apart, apart, needs_root

pytestmark = pytest.mark.skipif(needs_root, reason="needs root")

ALWAYS = Settings(version=3, heartbeat_s=3600, metrics_s=3600)
_MEGABYTE = 2**20


@pytest.fixture
def machine():
    with apart("-m") as apart_machine:
        yield apart_machine


async def use_of(gateway, mount, accept) -> FilesystemUse:
    """The first sample from now on that tells of this mount what is waited for."""
    gateway.messages.clear()
    gateway.say(Watch(1, 60))

    def found() -> FilesystemUse | None:
        uses = [disk for sample in gateway.of(Metrics) for disk in sample.disks if disk.mount == str(mount)]
        return next(filter(accept, uses), None)

    return await gateway.wait_until(found, 30)


def disk(machine: Apart, path, *options: str) -> None:
    """A small file system of its own at this path."""
    machine.run(f"truncate -s 32M {path}.img && mkfs.ext4 -q {' '.join(options)} {path}.img && mkdir {path}")
    machine.run(f"mount -o loop {path}.img {path}")


async def test_what_is_kept_for_root_is_not_free_and_full_for_users_is_full(gateway, agent, machine, tmp_path):
    gateway.settings = ALWAYS
    disk(machine, tmp_path / "data", "-m", "40")
    agent.prefix = machine.prefix
    await agent.start()
    use = await use_of(gateway, tmp_path / "data", lambda use: use.total)
    told = machine.run(f"df -B1 --output=used,avail,size {tmp_path}/data").split()
    assert [use.used, use.available, use.total] == list(map(int, told[-3:]))
    assert use.total - use.used - use.available > 10 * _MEGABYTE
    machine.run(f"head -c {use.available - _MEGABYTE} /dev/zero >{tmp_path}/data/much; sync")
    nearly = await use_of(gateway, tmp_path / "data", lambda use: use.available < 2 * _MEGABYTE)
    assert nearly.access is None
    assert nearly.total - nearly.used > 10 * _MEGABYTE, "root alone could still write that"


async def test_an_image_is_read_only_and_a_disk_became_it_also_after_a_restart(gateway, agent, machine, tmp_path):
    gateway.settings = ALWAYS
    disk(machine, tmp_path / "data")
    machine.run(f"head -c 99M /dev/zero >{tmp_path}/data/all 2>/dev/null || true")
    disk(machine, tmp_path / "image")
    machine.run(f"umount {tmp_path}/image && mount -o loop,ro {tmp_path}/image.img {tmp_path}/image")
    agent.prefix = machine.prefix
    await agent.start()
    assert (await use_of(gateway, tmp_path / "image", bool)).access == "read_only"
    assert (await use_of(gateway, tmp_path / "data", bool)).access is None
    machine.run(f"sync; mount -o remount,ro {tmp_path}/data")
    await use_of(gateway, tmp_path / "data", lambda use: use.access == "became_read_only")
    await agent.kill()
    await agent.start()
    assert (await use_of(gateway, tmp_path / "data", bool)).access == "became_read_only"
    assert (await use_of(gateway, tmp_path / "image", bool)).access == "read_only"
    machine.run(f"mount -o remount,rw {tmp_path}/data")
    await use_of(gateway, tmp_path / "data", lambda use: use.access is None)


async def test_a_mount_that_never_answers_holds_up_nothing_else(gateway, agent, machine, tmp_path):
    gateway.settings = ALWAYS
    hung = tmp_path / "hung"
    hung.mkdir()
    machine.run(f"truncate -s 8M {tmp_path}/device")
    device = machine.run(f"losetup --show -f {tmp_path}/device").decode().strip()
    never = os.open("/dev/fuse", os.O_RDWR)  # the file system's own end, which nobody serves
    try:
        machine.in_its_mounts(lambda: _mount(device, hung, never))
        disk(machine, tmp_path / "data")
        agent.prefix = machine.prefix
        await agent.start()
        assert (await use_of(gateway, hung, bool)).access == "not_answering"
        assert (await use_of(gateway, tmp_path / "data", bool)).access is None
        gateway.say(InventoryWanted(["disks", "network", "software"]))
        section = await gateway.wait_for(InventorySection, section="disks", timeout=30)
        assert section.items[str(hung)]["unavailable"] == "it does not answer"
        assert section.items[str(tmp_path / "data")]["total"] > _MEGABYTE
        await gateway.wait_for(InventorySection, section="software", timeout=30)
        gateway.say(Query(b"p" * 16, "processes", {}))
        assert (await gateway.wait_for(Answer, query_id=b"p" * 16)).ok
        assert await agent.terminate() == 0
    finally:
        os.close(never)  # and with it everybody who waits is let go
        machine.run(f"umount -l {hung}; losetup -d {device}")


def _mount(device: str, point: object, served_at: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    options = f"fd={served_at},rootmode=40000,user_id=0,group_id=0,blksize=512"
    done = library.mount(device.encode(), str(point).encode(), b"fuseblk", 0, options.encode())
    assert done == 0, os.strerror(ctypes.get_errno())
