# ruff: noqa: INP001  # scripts, not a package
"""Builds the agent for Linux: a folder with its own interpreter, as `dist/agent/agent-linux-<arch>.tar.gz`.

Beside it come `.sha256` (as `sha256sum -c` reads it) and `.version`. The archive is the same, byte for byte, when
nothing in the folder changed. It runs on distributions whose glibc is not older than that of the machine that built it
(docs/howto/run-it-for-real.md says how to build for older ones).
"""

import gzip
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "bundle-work"
OUT = ROOT / "dist" / "agent"
NAME = "gururmm-agent"
_UNREACHABLE = 6  # the agent's exit code when it can't ask its server
# What PyInstaller would take along "to be safe" and a lean agent never imports; its hook for multiprocessing imports
# that at every start. The last line is what libraries would use if they found it (see `gururmm_agent.memory`).
LEFT_OUT = (
    *("tkinter", "unittest", "pydoc", "doctest", "test", "lib2to3", "distutils", "setuptools", "pip", "curses"),
    *("multiprocessing", "xmlrpc", "ftplib", "tarfile", "statistics"),
    *("aiofastnet", "typing_extensions", "yaml", "attr", "attrs"),
)


def freeze() -> Path:
    """The folder that PyInstaller makes."""
    shutil.rmtree(WORK, ignore_errors=True)
    exclude = [option for name in LEFT_OUT for option in ("--exclude-module", name)]
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "PyInstaller",
                "--onedir",
                "--noconfirm",
                "--clean",
                "--strip",
                "--log-level",
                "WARN",
            ),
            *("--name", NAME, "--distpath", WORK / "out", "--workpath", WORK / "work", "--specpath", WORK),
            *("--collect-submodules", "gururmm_agent"),
            *("--optimize", "2"),  # docstrings are a megabyte of memory
            *("--hidden-import", "_cffi_backend"),  # which libsodium's binding asks for by name, from C
            *exclude,
            Path(__file__).with_name("entry.py"),
        ],
        check=True,
        # A cache of its own: two builds at once clean the shared one under each other's feet.
        env=os.environ | {"PYINSTALLER_CONFIG_DIR": str(WORK / "cache")},
    )
    return WORK / "out" / NAME


def try_it(program: Path) -> None:
    """Let the frozen agent make a key and fail to reach a server: that takes everything it was frozen with."""
    with tempfile.TemporaryDirectory() as state:
        arguments = ("enrol", "--server", "https://127.0.0.1:1", "--site-code", "NONE", "--state-dir", state)
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env={})
    if done.returncode != _UNREACHABLE:
        sys.exit(f"the frozen agent does not work:\n{done.stdout}{done.stderr}")


def pack(folder: Path) -> bytes:
    """The folder as a tar.gz with nothing in it that depends on when or by whom it was built."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            info = tar.gettarinfo(path, arcname=str(path.relative_to(folder.parent)))
            info.uid = info.gid = info.mtime = 0
            info.uname = info.gname = "root"
            if info.isfile():
                info.mode = 0o755 if info.mode & 0o100 else 0o644
                with path.open("rb") as file:
                    tar.addfile(info, file)
            else:
                tar.addfile(info)
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def main() -> None:
    """Build, try, pack."""
    folder = freeze()
    try_it(folder / NAME)
    archive = pack(folder)
    OUT.mkdir(parents=True, exist_ok=True)
    name = f"agent-linux-{platform.machine()}.tar.gz"
    (OUT / name).write_bytes(archive)
    (OUT / f"{name}.sha256").write_text(f"{hashlib.sha256(archive).hexdigest()}  {name}\n", encoding="ascii")
    (OUT / f"{name}.version").write_text(f"{version('gururmm-agent')}\n", encoding="ascii")
    sys.stdout.write(f"{name}: {len(archive) / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
