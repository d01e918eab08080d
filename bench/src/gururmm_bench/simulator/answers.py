"""What a simulated machine answers when the server asks on demand."""

import random
from typing import Any, Final

from gururmm_wire.v2.agent import Answer
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import Query

from gururmm_bench.simulator.folders import folder_sizes
from gururmm_bench.simulator.inventory import collect, smart
from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import boot_time, cpu_permille, memory_used, temperatures

_MIB: Final = 1024 * 1024
_HEAVY: Final = frozenset(
    ("java", "node", "postgres", "firefox-esr", "gnome-shell", "chrome.exe", "OUTLOOK.EXE", "ms-teams.exe",
     "MsMpEng.exe", "sqlservr.exe", "WindowServer", "Safari", "Microsoft Word")
)  # fmt: skip
_PROCESSES: Final = {
    "linux": (
        ("systemd", "root", "/sbin/init"),
        ("systemd-journald", "root", "/lib/systemd/systemd-journald"),
        ("dbus-daemon", "messagebus", "/usr/bin/dbus-daemon --system --address=systemd: --nofork"),
        ("cron", "root", "/usr/sbin/cron -f"),
        ("sshd", "root", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
        ("chronyd", "_chrony", "/usr/sbin/chronyd -F 1"),
        ("nginx", "www-data", "nginx: worker process"),
        ("postgres", "postgres", "postgres: 15/main: checkpointer"),
        ("java", "tomcat", "/usr/bin/java -Xmx2g -jar /opt/app/app.jar"),
        ("node", "www-data", "node /srv/portal/server.js"),
        ("containerd", "root", "/usr/bin/containerd"),
        ("firefox-esr", "", "/usr/lib/firefox-esr/firefox-esr"),
        ("gnome-shell", "", "/usr/bin/gnome-shell"),
        ("bash", "", "-bash"),
    ),
    "windows": (
        ("System", "SYSTEM", "System"),
        ("svchost.exe", "SYSTEM", "C:\\Windows\\system32\\svchost.exe -k netsvcs -p"),
        ("svchost.exe", "LOCAL SERVICE", "C:\\Windows\\system32\\svchost.exe -k LocalService -p"),
        ("lsass.exe", "SYSTEM", "C:\\Windows\\system32\\lsass.exe"),
        ("MsMpEng.exe", "SYSTEM", "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\MsMpEng.exe"),
        ("explorer.exe", "", "C:\\Windows\\Explorer.EXE"),
        ("chrome.exe", "", '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --type=renderer'),
        ("OUTLOOK.EXE", "", '"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE"'),
        ("ms-teams.exe", "", '"C:\\Program Files\\WindowsApps\\MSTeams\\ms-teams.exe"'),
        ("SearchIndexer.exe", "SYSTEM", "C:\\Windows\\system32\\SearchIndexer.exe /Embedding"),
        (
            "sqlservr.exe",
            "MSSQLSERVER",
            '"C:\\Program Files\\Microsoft SQL Server\\MSSQL\\Binn\\sqlservr.exe" -sSQLEXPRESS',
        ),
    ),
    "macos": (
        ("launchd", "root", "/sbin/launchd"),
        (
            "WindowServer",
            "_windowserver",
            "/System/Library/PrivateFrameworks/SkyLight.framework/Resources/WindowServer",
        ),
        ("mds_stores", "root", "/System/Library/Frameworks/CoreServices.framework/mds_stores"),
        ("kernel_task", "root", "kernel_task"),
        ("Finder", "", "/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder"),
        ("Safari", "", "/Applications/Safari.app/Contents/MacOS/Safari"),
        ("Microsoft Word", "", "/Applications/Microsoft Word.app/Contents/MacOS/Microsoft Word"),
        ("zsh", "", "-zsh"),
    ),
}


def answer(profile: Profile, query: Query, at: float) -> Answer:
    """The answer to any query; what the machine does not have is refused with the reason."""
    if query.kind == "processes":
        return Answer(query.query_id, ok=True, data=processes(profile, at))
    if query.kind == "temperatures":
        data = {"items": _celsius(profile, at), "tried": collect(profile, "temperatures", at)["sources"]["tried"]}
        return Answer(query.query_id, ok=True, data=data)
    if query.kind == "smart":
        return Answer(query.query_id, ok=True, data={"items": {"disk 0": smart(profile)}})
    if query.kind != "folders":
        return Answer(query.query_id, ok=False, message="a simulated machine does not know that", code=UNKNOWN_KIND)
    return _folders(profile, query, at)


def processes(profile: Profile, at: float) -> dict[str, Any]:
    """The process list, whose CPU and memory add up to the machine's readings."""
    rng = random.Random(f"processes:{profile.machine_id}")
    chosen = [item for item in _PROCESSES[profile.os] for _ in range(rng.choice((1, 1, 1, 2, 4)))]
    shares = [rng.uniform(0.3, 1) * (24 if name in _HEAVY else 1) for name, _, _ in chosen]
    moving = random.Random(f"{profile.machine_id}:{int(at) // 5}")
    busy = [share * moving.random() ** 2 for share in shares]
    cpu = cpu_permille(profile, at) / 10 * profile.model.threads
    memory = memory_used(profile, at) * 0.8
    booted = boot_time(profile, at)
    rows = []
    for index, (name, user, command) in enumerate(chosen):
        rows.append(
            {
                "pid": 1 if index == 0 else 400 + index * 37 + rng.randrange(30),
                "ppid": 0 if index == 0 else 1,
                "name": name,
                "user": user or profile.user or "admin",
                "cpu_percent": round(cpu * busy[index] / sum(busy), 1),
                "rss": int(memory * shares[index] / sum(shares)) // 4096 * 4096 + 2 * _MIB,
                "read_bytes": int(rng.random() * 900 * _MIB),
                "write_bytes": int(rng.random() * 400 * _MIB),
                "started": booted + 4 + index,
                "command": command,
            }
        )
    rows.sort(key=lambda row: (-row["cpu_percent"], row["pid"]))  # type: ignore[operator]
    return {"items": rows, "truncated": False}


def _celsius(profile: Profile, at: float) -> list[dict[str, Any]]:
    sensors = collect(profile, "temperatures", at)
    return [
        {"label": label, "source": sensors[label]["source"], "celsius": tenths / 10}
        for label, tenths in temperatures(profile, at)
    ]


def _folders(profile: Profile, query: Query, at: float) -> Answer:
    path = query.arguments.get("path", "/")
    if not isinstance(path, str) or "\0" in path or not path:
        return Answer(query.query_id, ok=False, message="folders needs a path")
    data = folder_sizes(profile, path, at)
    if data is None:
        message = f"{path[:200]} does not exist on this simulated machine"
        return Answer(query.query_id, ok=False, message=message)
    return Answer(query.query_id, ok=True, data=data)
