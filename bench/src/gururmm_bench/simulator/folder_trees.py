"""What drives hold: the folders inside each folder, with how much of it each takes on average.

"" is the drive's root, "." the files of the folder itself, USER whoever uses the machine. What weighs nothing is a
mount point or empty. A folder that is named but not described holds files only.
"""

from typing import Final

Tree = dict[str, dict[str, int]]

_SYSTEM_DRIVE: Final[Tree] = {
    "": {"Users": 46, "Windows": 20, "Program Files": 13, "Program Files (x86)": 6, "ProgramData": 7, "$Recycle.Bin": 1,
         "Recovery": 1, "PerfLogs": 0, ".": 8},
    "Users": {"USER": 90, "Public": 4, "Default": 1},
    "Users/USER": {"AppData": 34, "Documents": 20, "Downloads": 19, "OneDrive": 16, "Pictures": 8, "Videos": 6,
                   "Desktop": 4, ".": 1},
    "Users/USER/AppData": {"Local": 74, "Roaming": 24, "LocalLow": 2},
    "Users/USER/AppData/Local": {"Microsoft": 40, "Google": 22, "Temp": 16, "Packages": 18, "Programs": 12},
    "Users/USER/AppData/Roaming": {"Microsoft": 50, "Zoom": 12, "Code": 20},
    "Users/USER/Documents": {"Projects": 45, "Outlook Files": 40, "Scans": 12, ".": 8},
    "Users/USER/OneDrive": {"Documents": 60, "Pictures": 30, ".": 4},
    "Users/Public": {"Documents": 60, "Desktop": 10, "Downloads": 30},
    "Windows": {"WinSxS": 36, "System32": 24, "Installer": 14, "SoftwareDistribution": 9, "SysWOW64": 6, "assembly": 5,
                "Temp": 3, "Logs": 2, "Fonts": 1, ".": 1},
    "Windows/System32": {"DriverStore": 42, "config": 6, "drivers": 5, "winevt": 3, "spool": 2, ".": 42},
    "Windows/SoftwareDistribution": {"Download": 80, "DataStore": 20},
    "Program Files": {"Microsoft Office": 30, "WindowsApps": 26, "Common Files": 10, "Google": 9, "dotnet": 6,
                      "Windows Defender": 3, "7-Zip": 1},
    "Program Files/Microsoft Office": {"root": 92, "Updates": 8},
    "Program Files (x86)": {"Microsoft": 55, "Common Files": 18, "Windows Kits": 15, "Reference Assemblies": 6},
    "Program Files (x86)/Microsoft": {"Edge": 52, "EdgeWebView": 40, "EdgeUpdate": 5},
    "ProgramData": {"Package Cache": 34, "Microsoft": 48, "USOShared": 4, "chocolatey": 8},
    "ProgramData/Microsoft": {"Windows Defender": 46, "Windows": 30, "Search": 20},
    "Recovery": {"WindowsRE": 1},
}  # fmt: skip
_WORK_DRIVE: Final[Tree] = {
    "": {"Projects": 42, "Media": 22, "Backup": 20, "Archive": 12, "Virtual Machines": 14, "$RECYCLE.BIN": 2, ".": 1},
    "Projects": {"Current": 45, "2024": 24, "2023": 18, "Templates": 3, "Drawings": 14, ".": 1},
    "Projects/Current": {"CAD": 50, "Documents": 18, "Renderings": 34, "Photos": 20},
    "Media": {"Video": 62, "Photos": 30, "Music": 6},
    "Backup": {"System image": 60, "File history": 36, "Phone": 6},
    "Backup/File history": {"Data": 96, "Configuration": 1},
    "Archive": {"2022": 30, "2021": 26, "2020": 20, "Mail": 22},
    "Virtual Machines": {"Windows 10 Test": 55, "Ubuntu": 30, "ISO": 16},
}  # fmt: skip
SHARED_DRIVE: Final[Tree] = {
    "": {"Shares": 44, "Backups": 26, "Hyper-V": 18, "SQLData": 12, "WSUS": 7, "Profiles": 8, "$RECYCLE.BIN": 1,
         ".": 1},
    "Shares": {"Departments": 44, "Projects": 34, "Public": 8, "Scans": 7, "Software": 9},
    "Shares/Departments": {"Accounting": 26, "Management": 10, "Marketing": 30, "Sales": 20, "Engineering": 38},
    "Shares/Projects": {"2025": 24, "2024": 30, "2023": 26, "Archive": 32},
    "Backups": {"Daily": 40, "Weekly": 34, "Monthly": 28, "System state": 9},
    "Hyper-V": {"Virtual Hard Disks": 92, "Virtual Machines": 3, "Snapshots": 12},
    "SQLData": {"Data": 58, "Backup": 34, "Log": 12},
    "WSUS": {"WsusContent": 94, "UpdateServicesPackages": 4},
    "Profiles": {"Desktop": 12, "Documents": 60, "AppData": 30},
}  # fmt: skip
"""The second drive of a Windows server."""
_SEALED_VOLUME: Final[Tree] = {
    "": {"System": 92, "usr": 6, "bin": 1, "sbin": 1, "Applications": 0, "Users": 0, "Library": 0, "private": 0,
         "opt": 0},
    "System": {"Library": 78, "Applications": 14, "iOSSupport": 7, "Volumes": 0, "DriverKit": 1},
    "System/Library": {"Frameworks": 24, "PrivateFrameworks": 28, "dyld": 20, "AssetsV2": 10, "Fonts": 5,
                       "CoreServices": 9, "Speech": 6},
    "System/Volumes": {"Data": 0},
    "usr": {"share": 50, "lib": 26, "libexec": 14, "bin": 10, "standalone": 6},
}  # fmt: skip
_DATA_VOLUME: Final[Tree] = {
    "": {"Users": 60, "Applications": 20, "Library": 10, "private": 7, "opt": 5},
    "Users": {"USER": 95, "Shared": 3},
    "Users/USER": {"Library": 36, "Documents": 18, "Downloads": 16, "Movies": 14, "Pictures": 18, "Music": 5,
                   "Desktop": 5, ".": 1},
    "Users/USER/Library": {"Application Support": 32, "Caches": 20, "Containers": 24, "Group Containers": 14,
                           "Mail": 16, "Developer": 12, "Logs": 1},
    "Users/USER/Pictures": {"Photos Library.photoslibrary": 95, "Screenshots": 4},
    "Applications": {"Xcode.app": 34, "Microsoft Word.app": 8, "Microsoft Excel.app": 8, "Google Chrome.app": 5,
                     "Slack.app": 2, "Utilities": 2},
    "Applications/Xcode.app": {"Contents": 1},
    "Library": {"Application Support": 44, "Developer": 26, "Caches": 10, "Fonts": 4, "Updates": 12, "Logs": 2},
    "private": {"var": 96, "tmp": 3, "etc": 1},
    "private/var": {"folders": 36, "vm": 40, "db": 20, "log": 4},
    "opt": {"homebrew": 1},
    "opt/homebrew": {"Cellar": 70, "Caskroom": 12, "Library": 14, "var": 4},
}  # fmt: skip
_ROOT: Final[Tree] = {
    "": {"var": 48, "usr": 34, "opt": 12, "root": 3, "etc": 1, "tmp": 2, "home": 0, "boot": 0, "srv": 0, ".": 1},
    "var": {"lib": 62, "log": 18, "cache": 14, "backups": 3, "spool": 2, "tmp": 2, "www": 6},
    "var/lib": {"docker": 46, "postgresql": 28, "apt": 6, "dpkg": 5, "snapd": 12, "systemd": 2},
    "var/lib/docker": {"overlay2": 78, "volumes": 20, "containers": 3, "image": 1},
    "var/lib/postgresql": {"15": 1},
    "var/log": {"journal": 62, "nginx": 14, "apt": 1, "postgresql": 8, ".": 16},
    "var/cache": {"apt": 70, "man": 4, "debconf": 4, "fontconfig": 2},
    "usr": {"lib": 52, "share": 28, "bin": 9, "local": 7, "src": 8, "include": 2, "sbin": 1},
    "usr/lib": {"x86_64-linux-gnu": 50, "modules": 18, "firmware": 16, "jvm": 10, "python3": 5, "firefox-esr": 8},
    "usr/share": {"locale": 20, "doc": 22, "fonts": 14, "icons": 16, "man": 5},
    "usr/local": {"lib": 50, "bin": 30, "share": 10},
    "opt": {"app": 58, "containerd": 10, "google": 22},
    "opt/app": {"releases": 70, "data": 24, "log": 8},
    "root": {".cache": 60, "scripts": 4, ".": 10},
    "etc": {"ssl": 30, "systemd": 8, "apt": 5, "alternatives": 4, ".": 20},
    "tmp": {"build": 60, ".": 20},
}  # fmt: skip
_BOOT: Final[Tree] = {
    "": {"grub": 8, ".": 90},
    "grub": {"x86_64-efi": 60, "fonts": 20, "locale": 20},
}
_HOME: Final[Tree] = {
    "": {"USER": 88, "support": 8, "lost+found": 0},
    "USER": {"Documents": 18, "Downloads": 22, "src": 20, ".cache": 14, ".local": 12, "Pictures": 8, "VMs": 18, ".": 2},
    "USER/.cache": {"mozilla": 50, "pip": 18, "thumbnails": 8, "go-build": 16},
    "USER/.local": {"share": 90, "lib": 10},
    "USER/.local/share": {"containers": 55, "Trash": 30, "applications": 1},
    "USER/src": {"portal": 50, "infrastructure": 16, "archive": 24},
    "support": {"backup": 80, "scripts": 5, ".": 6},
}  # fmt: skip
_SERVED: Final[Tree] = {
    "": {"shares": 40, "backups": 32, "images": 16, "www": 6, "databases": 12},
    "shares": {"projects": 46, "departments": 30, "scans": 8, "public": 10, "software": 8},
    "shares/projects": {"2025": 24, "2024": 30, "2023": 26, "archive": 32},
    "backups": {"daily": 40, "weekly": 34, "monthly": 28, "offsite": 10},
    "images": {"vm": 72, "iso": 14, "templates": 16},
    "www": {"portal": 60, "uploads": 50, "static": 10},
    "databases": {"postgresql": 60, "mariadb": 24, "dumps": 26},
}
TREES: Final = {
    "windows": {"C:\\": _SYSTEM_DRIVE, "D:\\": _WORK_DRIVE},
    "macos": {"/": _SEALED_VOLUME, "/System/Volumes/Data": _DATA_VOLUME},
    "linux": {"/": _ROOT, "/boot": _BOOT, "/home": _HOME, "/srv": _SERVED},
}
"""By family and mount point: every one that profiles have."""

USUALLY_BELOW_GIB: Final = {
    "Windows": 24, "Program Files": 34, "Program Files (x86)": 18, "ProgramData": 24, "Recovery": 1, "$Recycle.Bin": 4,
    "Public": 4, "Default": 1, "Applications": 50, "private": 16, "opt": 12, "usr": 14, "etc": 1, "tmp": 4, ".": 20,
}  # fmt: skip
"""What does not grow with the drive: on a large one, the folders beside it do instead."""

FEW_FILES: Final = frozenset(
    (".", "Backup", "Backups", "backups", "Hyper-V", "SQLData", "System image", "Virtual Machines",
     "Virtual Hard Disks", "Video", "Movies", "VMs", "images", "databases", "vm", "dyld", "iso", "ISO", "daily",
     "weekly", "monthly", "Daily", "Weekly", "Monthly", "Outlook Files")
)  # fmt: skip
"""Where single files are large."""
