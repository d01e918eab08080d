"""The store that only grows, in a folder."""

from pathlib import Path

import pytest
from gururmm_server.infra.errors import NotFound, StorageFull
from gururmm_server.infra.object_store import FolderStore, ObjectExists


async def test_what_was_added_is_there_for_good(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    assert await store.names() == []
    await store.add("b/2.json", b"two")
    await store.add("b/1.json", b"one")
    await store.add("a/3.json", b"three")
    assert await store.names() == ["a", "b"]
    assert await store.names("b") == ["1.json", "2.json"]
    assert await store.names("c") == []
    with pytest.raises(ObjectExists):
        await store.add("b/1.json", b"another")
    assert await store.read("b/1.json") == b"one"
    assert [path.name for path in (tmp_path / "store" / "b").iterdir() if path.name.startswith(".")] == []
    assert (tmp_path / "store" / "b" / "1.json").stat().st_mode & 0o777 == 0o440
    with pytest.raises(NotFound):
        await store.read("b/4.json")


@pytest.mark.parametrize("name", ["", "../x", "/etc/x", "a//b", ".x", "a/.x", "A", "a b", "a/", "a\n"])
async def test_a_name_that_leads_elsewhere_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no name of an object"):
        await FolderStore(tmp_path).add(name, b"")


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFull):
        await FolderStore(tmp_path / "file").add("a/b", b"")
