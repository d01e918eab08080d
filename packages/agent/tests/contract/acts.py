"""The programs of the contract tests, for adapters of real systems: `python acts.py NAME ARGUMENTS…`."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def say(text: str, stream: int = 1) -> None:
    os.write(stream, text.encode())


def ignore_hanging_up() -> None:
    """For this process and those it starts."""
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def stay() -> None:
    while True:
        time.sleep(1000)  # sleep: it stays until somebody ends it


def raw() -> None:
    """Bytes as they are, both ways."""
    if sys.platform != "win32":
        import tty

        tty.setraw(0)


def child(act: str, *arguments: str, **options: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, __file__, act, *arguments], **options)


def speaks() -> int:
    say("out")
    say("err", 2)
    return 3


def tells(name: str) -> int:
    say(f"{os.environ.get(name)} {Path.cwd()} {len(sys.stdin.buffer.read())}")
    return 0


def floods(size: str) -> int:
    for number in range(int(size) // 64):
        say(f"{number:>64}", 1 + number % 2)
    return 0


def sleeps() -> int:
    say("ready")
    stay()
    return 0


def goes() -> int:
    def leave(*_: object) -> None:
        say("bye")
        os._exit(5)

    signal.signal(signal.SIGTERM, leave)
    return sleeps()


def refuses() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ignore_hanging_up()
    return sleeps()


def family() -> int:
    """A child that left the group, and itself."""
    one = child("quiet", start_new_session=True)
    say(f"{one.pid} ready")
    stay()
    return 0


def leaves() -> int:
    """A child that outlives it and holds its output."""
    ignore_hanging_up()
    say(f"{child('quiet').pid} left")
    return 4


def turns(count: str) -> int:
    """Every third write on the other stream."""
    for number in range(int(count)):
        say(f"{number}\n", 2 if number % 3 == 0 else 1)
    return 0


def leaves_talking(begin: str, done: str) -> int:
    """A child that outlives it, and has much to say when `begin` is there."""
    child("talks", begin, done)
    return 4


def talks(begin: str, done: str) -> int:
    while not Path(begin).exists():
        time.sleep(0.01)  # sleep: between two looks
    for _ in range(4096):
        say("x" * 64)
        say("y" * 64, 2)
    Path(done).touch()
    return 0


def escapes() -> int:
    """A child that has left the group, the session and the environment, and does not go when it is asked to."""
    one = child("refuses_quietly", start_new_session=True, env={"PATH": os.defpath})
    say(f"{one.pid} ")
    one.wait()
    return 0


def daemon() -> int:
    """The same, of which nobody is the parent any more; it still has the output."""
    if os.fork() == 0:
        say(f"{child('refuses_quietly', start_new_session=True, env={'PATH': os.defpath}).pid} ")
        return 0
    os.wait()
    stay()
    return 0


def refuses_quietly() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready")
    stay()
    return 0


def quiet() -> int:
    stay()
    return 0


def echoes() -> int:
    raw()
    say("ready")
    while (data := os.read(0, 65536)) != b"\x04":
        os.write(1, data)
    return 7


def counts(size: str) -> int:
    raw()
    say("ready")
    digest, left = hashlib.sha256(), int(size)
    while left:
        data = os.read(0, left)
        digest.update(data)
        left -= len(data)
    say(digest.hexdigest())
    return 0


def pours(size: str, done: str) -> int:
    raw()
    piece = bytes(range(256)) * 256
    left = int(size)
    while left:
        left -= os.write(1, piece[: min(left, len(piece))])
    Path(done).touch()
    return 0


def measures() -> int:
    while True:
        size = os.get_terminal_size()
        say(f"[{size.columns} {size.lines}]")
        sys.stdin.readline()


def crowd() -> int:
    """On a terminal: it and a child, neither of which goes when it is told to."""
    ignore_hanging_up()
    say(f"{child('quiet').pid} ready")
    stay()
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
