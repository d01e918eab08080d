"""What machines are made of: the vocabulary that profiles are drawn from."""

from typing import Final, NamedTuple


class OperatingSystem(NamedTuple):
    """One release. `weight` is its share of a fleet."""

    family: str
    name: str
    version: str
    id: str
    pretty: str
    kernel: str
    build: str
    edition: str | None
    weight: int


class Model(NamedTuple):
    """One product of a manufacturer. `kind` is LAP, DSK or SRV, which hostnames carry."""

    kind: str
    family: str
    manufacturer: str
    model: str
    board: str
    oui: str
    cpu: str
    cores: int
    threads: int
    max_mhz: int
    memory_gib: tuple[int, ...]
    gpu: str | None


SYSTEMS: Final = (
    OperatingSystem("linux", "Debian GNU/Linux", "12 (bookworm)", "debian", "Debian GNU/Linux 12 (bookworm)",
                    "6.1.0-28-amd64", "6.1.119-1", None, 4),
    OperatingSystem("linux", "Ubuntu", "24.04.1 LTS (Noble Numbat)", "ubuntu", "Ubuntu 24.04.1 LTS",
                    "6.8.0-49-generic", "49-Ubuntu", None, 4),
    OperatingSystem("linux", "Ubuntu", "22.04.5 LTS (Jammy Jellyfish)", "ubuntu", "Ubuntu 22.04.5 LTS",
                    "5.15.0-126-generic", "136-Ubuntu", None, 3),
    OperatingSystem("windows", "Microsoft Windows", "11 23H2", "windows", "Windows 11 Pro 23H2",
                    "10.0.22631", "22631.4460", "Pro", 8),
    OperatingSystem("windows", "Microsoft Windows", "10 22H2", "windows", "Windows 10 Pro 22H2",
                    "10.0.19045", "19045.5131", "Pro", 4),
    OperatingSystem("windows", "Microsoft Windows Server", "2022 21H2", "windows", "Windows Server 2022 Standard",
                    "10.0.20348", "20348.2849", "Standard", 4),
    OperatingSystem("macos", "macOS", "15.1 (Sequoia)", "macos", "macOS 15.1 (Sequoia)", "24.1.0", "24B83", None, 3),
    OperatingSystem("macos", "macOS", "14.7 (Sonoma)", "macos", "macOS 14.7 (Sonoma)", "23.6.0", "23H124", None, 2),
)  # fmt: skip

MODELS: Final = (
    Model("LAP", "pc", "LENOVO", "ThinkPad T14 Gen 4", "21HDCTO1WW", "88:a4:c2",
          "13th Gen Intel(R) Core(TM) i5-1345U", 10, 12, 4700, (16, 32), None),
    Model("LAP", "pc", "Dell Inc.", "Latitude 5540", "0XG5F2", "a4:bb:6d",
          "13th Gen Intel(R) Core(TM) i7-1355U", 10, 12, 5000, (16, 32), None),
    Model("LAP", "pc", "HP", "EliteBook 845 G10", "8B74", "e0:70:ea",
          "AMD Ryzen 7 PRO 7840U w/ Radeon 780M Graphics", 8, 16, 5100, (16, 32), "AMD Radeon 780M"),
    Model("LAP", "mac", "Apple Inc.", "MacBook Pro (14-inch, M3)", "Mac15,3", "f8:4d:89",
          "Apple M3", 8, 8, 4050, (8, 16, 24), "Apple M3 (10 cores)"),
    Model("DSK", "mac", "Apple Inc.", "Mac mini (M2)", "Mac14,3", "5c:e9:1e",
          "Apple M2", 8, 8, 3490, (8, 16), "Apple M2 (10 cores)"),
    Model("DSK", "pc", "Dell Inc.", "OptiPlex 7010", "0YXT71", "b8:ca:3a",
          "13th Gen Intel(R) Core(TM) i5-13500", 14, 20, 4800, (8, 16, 32), None),
    Model("DSK", "pc", "HP", "ProDesk 400 G7", "8717", "7c:57:58",
          "Intel(R) Core(TM) i5-10500 CPU @ 3.10GHz", 6, 12, 4500, (8, 16), None),
    Model("DSK", "pc", "LENOVO", "ThinkStation P3 Tower", "1064", "98:fa:9b",
          "13th Gen Intel(R) Core(TM) i7-13700", 16, 24, 5200, (32, 64), "NVIDIA RTX A2000 12GB"),
    Model("SRV", "server", "Dell Inc.", "PowerEdge R650", "0PYXKY", "d0:8e:79",
          "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz", 32, 64, 3400, (64, 128, 256), None),
    Model("SRV", "server", "HPE", "ProLiant DL380 Gen10 Plus", "P11781-001", "48:df:37",
          "Intel(R) Xeon(R) Gold 5315Y CPU @ 3.20GHz", 16, 32, 3600, (64, 128), None),
    Model("SRV", "vm", "VMware, Inc.", "VMware20,1", "440BX Desktop Reference Platform", "00:50:56",
          "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 4, 4, 2000, (4, 8, 16), None),
    Model("SRV", "vm", "QEMU", "Standard PC (Q35 + ICH9, 2009)", "", "52:54:00",
          "AMD EPYC 7443 24-Core Processor", 4, 4, 2850, (4, 8, 16), None),
)  # fmt: skip

PREFIXES: Final = ("NW", "HB", "LK", "CT", "OR", "SV", "GM", "PA", "WE", "DX")
"""What hostnames begin with, one for each site code that there is when a machine is new, in turn."""

FIRST_NAMES: Final = (
    "anna", "ben", "carla", "david", "elena", "felix", "grace", "hannah", "ivan", "julia", "karim", "laura",
    "marco", "nina", "omar", "petra", "quentin", "rosa", "samir", "tessa", "ulrich", "vera", "wanda", "xenia",
    "yusuf", "zoe",
)  # fmt: skip
LAST_NAMES: Final = (
    "adler", "brandt", "castro", "dietz", "evans", "fischer", "garcia", "hughes", "ito", "jansen", "keller",
    "lopez", "meyer", "novak", "okafor", "peters", "quinn", "rossi", "schmidt", "turner", "ueda", "vogel", "weber",
    "young",
)  # fmt: skip

TIMEZONES: Final = (("Europe/Berlin", 1.0), ("Europe/London", 0.0), ("America/New_York", -5.0), ("Europe/Lisbon", 0.0))
"""Name and hours east of UTC (winter), for the working day's curve."""

LINUX_SOFTWARE: Final = (
    "adduser", "apt", "base-files", "bash", "bind9-host", "bsdutils", "ca-certificates", "chrony", "coreutils",
    "cron", "curl", "dash", "dbus", "debconf", "diffutils", "dnsutils", "docker-ce", "dpkg", "e2fsprogs",
    "fail2ban", "file", "findutils", "fontconfig", "gawk", "git", "gnupg", "grep", "grub-pc", "gzip", "haproxy",
    "htop", "ifupdown", "init", "iproute2", "iptables", "iputils-ping", "jq", "kmod", "less", "linux-image",
    "lm-sensors", "login", "logrotate", "lsb-release", "lsof", "lvm2", "man-db", "mariadb-server", "mdadm", "mount",
    "nano", "netbase", "net-tools", "nfs-common", "nginx", "nodejs", "open-vm-tools", "openjdk-17-jre",
    "openssh-client", "openssh-server", "openssl", "parted", "passwd", "perl", "php-fpm", "pigz", "postfix",
    "postgresql-15", "procps", "psmisc", "python3", "qemu-guest-agent", "redis-server", "rsync", "rsyslog", "samba",
    "sed", "smartmontools", "snmpd", "socat", "sqlite3", "strace", "sudo", "sysstat", "systemd", "tar", "tcpdump",
    "tmux", "tzdata", "ufw", "unattended-upgrades", "unzip", "util-linux", "vim", "wget", "whois",
    "wireguard-tools", "xz-utils", "zip", "zsh",
)  # fmt: skip
LINUX_LIBRARIES: Final = (
    "acl", "apparmor", "archive", "assuan", "attr", "audit", "avahi", "blkid", "bpf", "brotli", "bsd", "bz2",
    "cairo", "cap", "cbor", "com-err", "crypt", "cups", "curl", "db", "dbus", "deflate", "devmapper", "drm", "edit",
    "elf", "event", "evdev", "expat", "ext2fs", "fdisk", "ffi", "fido2", "freetype", "fuse", "gbm", "gcc-s",
    "gcrypt", "gd", "gdbm", "geoip", "glib", "gmp", "gnutls", "gpg-error", "gpm", "gssapi", "hogweed", "icu",
    "idn2", "ip4tc", "jansson", "jpeg", "json-c", "k5crypto", "keyutils", "kmod", "krb5", "ksba", "ldap", "lmdb",
    "lz4", "lzma", "magic", "maxminddb", "mnl", "mount", "mpfr", "ncurses", "netfilter", "nettle", "nftables",
    "nghttp2", "nl", "npth", "nspr", "nss", "onig", "pam", "pcap", "pci", "pcre2", "pipeline", "png", "popt",
    "proc", "psl", "python", "readline", "rtmp", "sasl2", "seccomp", "selinux", "sensors", "slang", "smartcols",
    "snmp", "sodium", "sqlite3", "ssh2", "ssl", "stdc++", "systemd", "tasn1", "tdb", "tiff", "tirpc", "tinfo",
    "udev", "unistring", "usb", "uuid", "uv", "webp", "wrap", "x11", "xml2", "xmu", "xslt", "xtables", "xxhash",
    "yaml", "zstd",
)  # fmt: skip
WINDOWS_SOFTWARE: Final = (
    "7-Zip", "Adobe Acrobat Reader", "AnyDesk", "Autodesk DWG TrueView", "Bitwarden", "Cisco Secure Client",
    "Citrix Workspace", "Dell Command | Update", "Docker Desktop", "Dropbox", "FileZilla", "Foxit PDF Editor",
    "Git", "GIMP", "Google Chrome", "Greenshot", "HP Support Assistant", "Intel Graphics Software",
    "Intel Management Engine Components", "IrfanView", "Java 8 Update", "KeePass", "Lenovo System Update",
    "LibreOffice", "Logi Options+", "Microsoft .NET Runtime", "Microsoft 365 Apps for business", "Microsoft Edge",
    "Microsoft OneDrive", "Microsoft Power BI Desktop", "Microsoft SQL Server Management Studio", "Microsoft Teams",
    "Microsoft Visual C++ 2015-2022 Redistributable (x64)", "Microsoft Visual C++ 2015-2022 Redistributable (x86)",
    "Microsoft Visual Studio Code", "Mozilla Firefox", "Mozilla Thunderbird", "Node.js", "Notepad++",
    "NVIDIA Graphics Driver", "OBS Studio", "OpenVPN", "Paint.NET", "PDF24 Creator", "PowerShell 7", "PuTTY",
    "Python 3.12", "QNAP Qfinder Pro", "Realtek Audio Driver", "Sage 50", "SAP GUI", "Slack", "Snagit",
    "Sophos Endpoint", "Spotify", "Sumatra PDF", "TeamViewer Host", "TreeSize Free", "VLC media player",
    "VMware Tools", "WinRAR", "WinSCP", "WireGuard", "Wireshark", "XnView", "Zoom Workplace",
)  # fmt: skip
MAC_SOFTWARE: Final = (
    "1Password", "Adobe Acrobat Reader", "Adobe Creative Cloud", "Affinity Photo", "AppCleaner", "BBEdit",
    "Bitwarden", "Docker", "Dropbox", "Figma", "Final Cut Pro", "Firefox", "GarageBand", "Google Chrome",
    "Homebrew", "iMovie", "iTerm", "Keynote", "Logic Pro", "Microsoft Excel", "Microsoft Outlook",
    "Microsoft PowerPoint", "Microsoft Teams", "Microsoft Word", "Notion", "Numbers", "OmniGraffle", "Pages",
    "Parallels Desktop", "Postman", "Raycast", "Rectangle", "Safari", "Sequel Ace", "Sketch", "Slack", "Spotify",
    "Sublime Text", "Things", "Transmit", "Tunnelblick", "Visual Studio Code", "VLC", "WhatsApp", "Xcode", "Zoom",
)  # fmt: skip
PACK_WORDS: Final = (
    "Audio", "Backup", "Bluetooth", "Camera", "Chipset", "Connectivity", "Desktop", "Docking", "Ethernet",
    "Fingerprint", "Firmware", "Graphics", "Hotkey", "Keyboard", "Language", "Monitor", "Printing", "Scanner",
    "Security", "Storage", "Thunderbolt", "Touchpad", "Update", "Wireless",
)  # fmt: skip
PACK_KINDS: Final = (
    "Assistant",
    "Component",
    "Driver",
    "Helper Tool",
    "Module",
    "Pack",
    "Runtime",
    "Service",
    "Utility",
)
