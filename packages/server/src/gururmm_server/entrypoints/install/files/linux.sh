#!/bin/sh
# Installs the GuruRMM agent on this machine, or takes it away:
#   curl -sSL …/linux.sh | sudo sh
#   curl -sSL …/linux.sh | sudo sh -s -- --uninstall
# From an http:// server on another machine it installs nothing unless it is told to accept that: --insecure-http
# On the way to the server, kept over updates: --ca FILE (the only authorities to trust), --proxy URL, --no-proxy LIST.
# Running it again repairs or updates; a machine that the server knows stays the machine it is, one that was deleted
# there is registered again, and a copy of another machine becomes one of its own with --own-key.
# With a site code that has ended it repairs and takes away; it adds no machine and downloads nothing.
set -eu

settings() {
    server='@server@'
    code='@code@'
    ended='@ended@'
    where='@where@'
    archive='@archive@'
    sha256='@sha256@'
    version='@version@'
    plain='@plain@'

    base=/opt/gururmm-agent
    state=/var/lib/gururmm-agent
    unit=/etc/systemd/system/gururmm-agent.service
    pid_file=$state/agent.pid
    log_file=$state/agent.log
    lock_file=/run/gururmm-agent.install
    work=
    fresh=
    insecure=
    own_key=
    ca=
    ca_given=
    proxy_given=
    no_proxy_given=
    unset proxy without
}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'gururmm: %s\n' "$*" >&2
    exit 1
}

# However it ends: no download stays, and of an installation that failed nothing does.
leave() {
    [ -z "$work" ] || rm -rf "$work"
    rm -rf "${base:?}/versions/"*.new "$base/current.new"
    [ -z "$fresh" ] || rm -rf "$base" "$state"
}

# Two installers at once would unpack into one folder. The lock goes with this process, however it ends.
lock() {
    command -v flock >/dev/null 2>&1 && (: >>"$lock_file") 2>/dev/null || return 0
    exec 9>>"$lock_file"
    flock -n 9 && return 0
    say "Another installation is under way here: waiting for it …"
    flock -w 300 9 || fail "another installation is under way on this machine, and does not end: see 'ps ax'."
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

require_root() {
    [ "$(id -u)" = 0 ] || fail "the agent is installed by root: put sudo before sh."
}

require_system() {
    [ "$(uname -s)" = Linux ] || fail "this installer is for Linux; here is $(uname -s)."
    [ "$(uname -m)" = x86_64 ] || fail "there is an agent for x86_64; this machine is $(uname -m)."
    for tool in tar gzip sha256sum; do
        command -v "$tool" >/dev/null 2>&1 || fail "'$tool' is missing: install it, then run this again."
    done
}

# Without TLS this very script may come from somebody else; that it asks helps against what happens later.
require_trust() {
    [ -z "$plain" ] || [ -n "$insecure" ] ||
        fail "$server does without TLS: whoever is on the way could take this machine over; use its https:// address, or accept that: sh -s -- --insecure-http"
}

# What is given counts, else what an earlier installation kept. Proxies go to curl, wget and the agent by environment,
# where other users do not read a password that stands in one.
prepare_way() {
    [ -z "$ca" ] || [ -r "$ca" ] || fail "$ca cannot be read: --ca takes a file with certificates (PEM)."
    [ -n "$ca_given" ] || [ ! -r "$state/ca.pem" ] || ca=$state/ca.pem
    [ -n "$proxy_given" ] || [ ! -r "$state/proxy" ] || proxy=$(cat "$state/proxy")
    [ -n "$no_proxy_given" ] || [ ! -r "$state/no_proxy" ] || without=$(cat "$state/no_proxy")
    if [ -n "${proxy+given}" ]; then
        export http_proxy="$proxy" https_proxy="$proxy"
        unset HTTPS_PROXY ALL_PROXY all_proxy
    fi
    if [ -n "${without+given}" ]; then
        export no_proxy="$without"
        unset NO_PROXY
    fi
}

# download URL FILE. The address has the site code in it, so it is no argument, which other users could read.
download() {
    if command -v curl >/dev/null 2>&1; then
        printf 'url = "%s"\n' "$1" |
            curl -fsSL --retry 3 --connect-timeout 15 ${ca:+--cacert "$ca"} -o "$2" -K - ||
            fail "the agent could not be downloaded from $server."
    elif command -v wget >/dev/null 2>&1; then
        printf '%s\n' "$1" | wget -q -T 30 ${ca:+--ca-certificate="$ca"} -O "$2" -i - ||
            fail "the agent could not be downloaded from $server."
    else
        fail "neither curl nor wget is here: install one of them, then run this again."
    fi
}

# Programs cannot be started from everywhere, and there may be no room. Says so before anything is downloaded.
require_place() {
    mkdir -p "$base/versions" 2>/dev/null || fail "$base cannot be created: is the file system full, or read-only?"
    probe=$base/versions/probe.new
    { printf '#!/bin/sh\nexit 0\n' >"$probe" && chmod 700 "$probe"; } 2>/dev/null ||
        fail "nothing can be written to $base: is the file system full, or read-only?"
    "$probe" 2>/dev/null ||
        fail "programs cannot be started from $base: its file system is mounted noexec (mount -o remount,exec … allows it)."
    rm -f "$probe"
}

# Why a program that was just unpacked does not run, from what it said.
why_not() {
    case $1 in
        *GLIBC*|*"not found"*|*"No such file"*) say "its C library is too old or of another kind" ;;
        *) say "it says: $(printf %s "${1:-nothing}" | head -n 1)" ;;
    esac
}

# Unpacks into a folder of its own, named by version and content; `current` points to the one in use.
unpack() {
    folder=versions/$version-$(printf %.12s "$sha256")
    if [ ! -x "$base/$folder/gururmm-agent" ]; then
        say "Downloading the agent $version …"
        work=$(mktemp -d)
        download "$server/install/$code/$archive" "$work/$archive"
        printf '%s  %s\n' "$sha256" "$work/$archive" | sha256sum -c - >/dev/null 2>&1 ||
            fail "the download is damaged (its SHA-256 is not $sha256): run this again."
        rm -rf "${base:?}/$folder.new" "${base:?}/$folder"
        mkdir "$base/$folder.new"
        tar -xzf "$work/$archive" -C "$base/$folder.new" --strip-components=1 2>/dev/null ||
            fail "the agent could not be unpacked into $base: is the file system full?"
        tried=$("$base/$folder.new/gururmm-agent" --version 2>&1) ||
            fail "the agent does not run on this distribution: $(why_not "$tried")."
        mv "$base/$folder.new" "$base/$folder"
    fi
    ln -sfn "$folder" "$base/current.new"
    mv -T "$base/current.new" "$base/current"
}

# The server that this machine is enrolled at; nothing when it isn't.
known_server() { "$base/current/gururmm-agent" status --state-dir "$state" 2>/dev/null | sed -n 's/^server *//p'; }

# Also where the machine is enrolled already: whether the server still knows it, only the server can say. The code goes
# by the environment, as other users read a program's arguments.
enrol() {
    mkdir -p "$state"
    chmod 700 "$state"
    known=$(known_server)
    [ -z "$known" ] || [ "$known" = "$server" ] ||
        fail "this machine belongs to $known: take that agent away first (sh -s -- --uninstall)."
    set -- enrol --server "$server" --state-dir "$state" ${insecure:+--insecure-http} ${ca_given:+--ca "$ca"} \
        ${own_key:+--own-key}
    (
        export GURURMM_SITE_CODE="$code"
        [ -z "$proxy_given" ] || export GURURMM_PROXY="$proxy"
        [ -z "$no_proxy_given" ] || export GURURMM_NO_PROXY="$without"
        "$base/current/gururmm-agent" "$@"
    ) || fail "this machine could not be enrolled."
}

start_service() {
    cat >"$unit.new" <<UNIT
[Unit]
Description=GuruRMM agent
Documentation=$server
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=$base/current/gururmm-agent run --state-dir $state
Restart=always
RestartSec=2
# What a person put in the background outlives the agent's restart; what was in the foreground the agent ends itself.
KillMode=process
OOMPolicy=continue
TimeoutStopSec=15
LimitNOFILE=8192

[Install]
WantedBy=multi-user.target
UNIT
    mv "$unit.new" "$unit"
    systemctl daemon-reload
    systemctl enable --quiet gururmm-agent.service
    systemctl restart gururmm-agent.service
    sleep 1
    systemctl is-active --quiet gururmm-agent.service ||
        fail "the service did not start: see 'journalctl -u gururmm-agent'."
    say "Installed as the service gururmm-agent ($where)."
}

# The pid of an agent that was started as a plain process; nothing when there is none.
running_pid() {
    [ -r "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    case $(readlink "/proc/$pid/exe" 2>/dev/null) in
        "$base"/*) printf %s "$pid" ;;
    esac
}

stop_process() {
    pid=$(running_pid)
    [ -n "$pid" ] || return 0
    kill "$pid" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.5
    done
    kill -9 "$pid" 2>/dev/null || true
}

start_process() {
    stop_process
    nohup "$base/current/gururmm-agent" run --state-dir "$state" >"$log_file" 2>&1 </dev/null 9>&- &
    printf '%s\n' "$!" >"$pid_file"
    sleep 1
    [ -n "$(running_pid)" ] || fail "the agent did not start: see $log_file."
    say "Installed ($where). systemd does not run here, so the agent is a plain process (pid $(running_pid), log $log_file):"
    say "after a restart of this machine run the installer again."
}

# Takes away versions that nothing runs any more.
tidy() {
    for folder in "$base"/versions/*; do
        [ "$folder" = "$base/$(readlink "$base/current")" ] || rm -rf "$folder"
    done
}

install_agent() {
    if [ -n "$ended" ]; then
        [ "$(known_server)" = "$server" ] || fail "$ended"
    fi
    require_root
    require_system
    lock
    trap leave EXIT
    if [ -z "$ended" ]; then
        require_trust
        prepare_way
        [ -e "$base" ] || [ -e "$state" ] || fresh=yes
        require_place
        unpack
        enrol
        fresh=
    fi
    if has_systemd; then start_service; else start_process; fi
    tidy
}

uninstall_agent() {
    require_root
    lock
    if has_systemd && [ -e "$unit" ]; then
        systemctl disable --quiet --now gururmm-agent.service || true
        rm -f "$unit"
        systemctl daemon-reload
    fi
    stop_process
    rm -rf "$base" "$state"
    say "The agent is gone from this machine. Its record stays in GuruRMM until somebody deletes it there."
}

# Called in the last line, so that a download which was cut short does nothing.
main() {
    settings
    act=install_agent
    while [ $# -gt 0 ]; do
        case $1 in
            --uninstall) act=uninstall_agent ;;
            --insecure-http) insecure=yes ;;
            --own-key) own_key=yes ;;
            --ca | --proxy | --no-proxy)
                [ $# -gt 1 ] || fail "$1 needs a value after it."
                case $1 in
                    --ca) ca_given=yes ca=$2 ;;
                    --proxy) proxy_given=yes proxy=$2 ;;
                    *) no_proxy_given=yes without=$2 ;;
                esac
                shift
                ;;
            *)
                fail "unknown option '$1': there are --uninstall, --insecure-http, --own-key, --ca FILE, --proxy URL and --no-proxy LIST."
                ;;
        esac
        shift
    done
    "$act"
}

main "$@"
