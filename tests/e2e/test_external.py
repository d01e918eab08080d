"""Whichever PostgreSQL the distribution has is the one that the product is tried against."""

from pathlib import Path

import pytest
from external import newest_postgres


def _installed(folder: Path, *versions: str) -> Path:
    for version in versions:
        (folder / version / "bin").mkdir(parents=True)
        (folder / version / "bin" / "postgres").touch()
    return folder


@pytest.mark.parametrize(
    ("versions", "newest"), [(["15"], "15"), (["17"], "17"), (["9.6", "13", "15", "18"], "18"), (["17", "100"], "100")]
)
def test_the_newest_that_is_there_is_taken(tmp_path: Path, versions: list[str], newest: str) -> None:
    (tmp_path / "19").mkdir()  # what a removed version leaves
    assert newest_postgres(_installed(tmp_path, *versions)) == tmp_path / newest / "bin"


@pytest.mark.parametrize("versions", [[], ["13"]])
def test_without_one_that_is_new_enough_the_package_is_named(tmp_path: Path, versions: list[str]) -> None:
    with pytest.raises(AssertionError, match="PostgreSQL 15 or newer is missing: apt-get install postgresql"):
        newest_postgres(_installed(tmp_path, *versions))
