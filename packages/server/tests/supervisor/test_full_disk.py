"""The whole product on a disk that fills up. Needs root, for a small filesystem of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.supervisor.running import Up


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 400 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.takes(15)
def test_it_says_so_serves_reads_and_goes_on_by_itself(small_disk: Path, tmp_path: Path) -> None:
    up = Up(tmp_path, "--disk-reserve-mb", "32", data=small_disk / "data")
    try:
        admin = up.first_admin("first@example.org")
        partner = up.ask("/api/v1/platform/partners", {"name": "Northwind IT"}, admin)[1]["id"]
        entered = up.ask(f"/api/v1/platform/partners/{partner}/enter", {"reason": "to test"}, admin)[1]
        token = entered["access_token"]

        def add_client(name: str) -> int:
            return up.ask("/api/v1/clients", {"name": name}, token)[0]

        assert add_client("Before") == 201
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(400 * 1024 * 1024))
        Up.until(lambda: "Nothing is written until space is freed" in up.said(), 10)
        Up.until(lambda: add_client("While full") == 507, 10)
        assert up.ask("/api/v1/clients", {"name": "While full"}, token)[1]["code"] == "storage_full"
        status, clients = up.ask("/api/v1/clients", token=token)
        assert status == 200
        assert "Before" in [client["name"] for client in clients["items"]]

        filler.unlink()
        Up.until(lambda: add_client("After") == 201, 20)
        Up.until(lambda: "writing goes on" in up.said(), 10)
    finally:
        assert up.stop() == 0
