"""Says where a golden file of the wire was edited or removed: agents in the field still send those bytes.

Each folder of golden files has a list of digests, `SHA256SUMS`. Files and list have to agree. A list that begins with
`# append-only since <day>` is closed against changes of itself, too: every line of it that was ever committed under
that heading has to stand in it today. (What stood in it before the heading was never released.)
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

LIST: Final = "SHA256SUMS"
HEADING: Final = "# append-only since "
FOLDERS: Final = tuple(f"packages/wire/tests/golden/{name}" for name in ("hello", "link", "v2"))


def faults(root: Path, folder: str) -> list[str]:
    """Returns what is wrong with the golden files in a folder of a repository, one sentence each."""
    try:
        text = (root / folder / LIST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return [f"{folder} has no {LIST}"]
    found = _against_list(root / folder, text)
    if (root / ".git").exists():  # a source package has no history
        found += _against_history(root, f"{folder}/{LIST}", text)
    return found


def _against_list(folder: Path, text: str) -> list[str]:
    listed = {name: digest for digest, name in (line.split(maxsplit=1) for line in _entries(text))}
    there = {file.name: file for file in folder.iterdir() if file.name != LIST}
    found = [f"{name} was removed" for name in sorted(listed.keys() - there.keys())]
    found += [f"{name} is not listed in {LIST}" for name in sorted(there.keys() - listed.keys())]
    for name in sorted(there.keys() & listed.keys()):
        if hashlib.sha256(there[name].read_bytes()).hexdigest() != listed[name]:
            found.append(f"{name} was edited")
    return found


def _against_history(root: Path, path: str, text: str) -> list[str]:
    now = set(text.splitlines())
    lost: list[str] = []
    for commit in _git(root, "log", "--full-history", "--format=%H", "--", path).split():
        before = _git(root, "show", f"{commit}:{path}", may_fail=True)
        if before.startswith(HEADING):
            lost += [line for line in before.splitlines() if line not in now and line not in lost]
    return [f"{path} has lost the line: {line}" for line in lost]


def _entries(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _git(root: Path, *arguments: str, may_fail: bool = False) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        raise SystemExit(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout if not done.returncode else ""


def main() -> int:
    root = Path(__file__).parents[2]
    found = [fault for folder in FOLDERS for fault in faults(root, folder)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
