"""The lint of golden files finds every way to change what was once sent."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tools.lint.golden import FOLDERS, HEADING, LIST, faults

FOLDER = "golden"
TOP = Path(__file__).parents[3]


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def line(name: str, data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose list became append-only with two files in it."""
    git(tmp_path, "init", "-q")
    (tmp_path / FOLDER).mkdir()
    for name in ("a.bin", "b.bin"):
        (tmp_path / FOLDER / name).write_bytes(name.encode())
    write(tmp_path, f"{HEADING}2026-11-27\n" + line("a.bin", b"a.bin") + line("b.bin", b"b.bin"))
    commit(tmp_path)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / FOLDER / LIST).write_text(text)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "a change")


def test_what_is_appended_is_fine(root: Path) -> None:
    (root / FOLDER / "c.bin").write_bytes(b"c")
    write(root, (root / FOLDER / LIST).read_text() + line("c.bin", b"c"))
    assert faults(root, FOLDER) == []


def test_an_edited_file_is_found(root: Path) -> None:
    (root / FOLDER / "a.bin").write_bytes(b"other")
    assert faults(root, FOLDER) == ["a.bin was edited"]


def test_a_removed_and_an_unlisted_file_are_found(root: Path) -> None:
    (root / FOLDER / "a.bin").rename(root / FOLDER / "c.bin")
    assert faults(root, FOLDER) == ["a.bin was removed", f"c.bin is not listed in {LIST}"]


@pytest.mark.parametrize("committed", [False, True])
def test_an_edited_file_whose_line_was_edited_too_is_found(root: Path, committed: bool) -> None:
    (root / FOLDER / "a.bin").write_bytes(b"other")
    write(root, (root / FOLDER / LIST).read_text().replace(line("a.bin", b"a.bin"), line("a.bin", b"other")))
    if committed:
        commit(root)
    assert faults(root, FOLDER) == [f"{FOLDER}/{LIST} has lost the line: {line('a.bin', b'a.bin').strip()}"]


def test_a_removed_file_whose_line_was_removed_too_is_found(root: Path) -> None:
    (root / FOLDER / "b.bin").unlink()
    write(root, (root / FOLDER / LIST).read_text().replace(line("b.bin", b"b.bin"), ""))
    commit(root)
    assert len(faults(root, FOLDER)) == 1


def test_the_heading_cannot_be_taken_away(root: Path) -> None:
    write(root, (root / FOLDER / LIST).read_text().partition("\n")[2])
    commit(root)
    assert faults(root, FOLDER) == [f"{FOLDER}/{LIST} has lost the line: {HEADING}2026-11-27"]


def test_before_the_heading_a_list_is_free(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / FOLDER).mkdir()
    for data in (b"first", b"second"):
        (tmp_path / FOLDER / "a.bin").write_bytes(data)
        write(tmp_path, line("a.bin", data))
        commit(tmp_path)
    assert faults(tmp_path, FOLDER) == []


def test_a_folder_without_a_list_is_found(root: Path) -> None:
    (root / FOLDER / LIST).unlink()
    assert faults(root, FOLDER) == [f"{FOLDER} has no {LIST}"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wires_own_golden_files_are_as_they_were(folder: str) -> None:
    assert faults(TOP, folder) == []
