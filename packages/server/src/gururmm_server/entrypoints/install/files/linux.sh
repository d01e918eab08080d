#!/bin/sh
# Installs the GuruRMM agent on this machine, or takes it away:
#   curl -sSL …/linux.sh | sudo sh
#   curl -sSL …/linux.sh | sudo sh -s -- --uninstall
# From an http:// server on another machine it installs nothing unless it is told to accept that: --insecure-http
# Running it again repairs or updates; a machine that is enrolled already stays the machine it is.
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
    work=
    insecure=
}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'gururmm: %s\n' "$*" >&2
    exit 1
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

# download URL FILE
download() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --retry 3 --connect-timeout 15 -o "$2" "$1" || fail "$1 could not be downloaded."
    elif command -v wget >/dev/null 2>&1; then
        wget -q -T 30 -O "$2" "$1" || fail "$1 could not be downloaded."
    else
        fail "neither curl nor wget is here: install one of them, then run this again."
    fi
}

# Unpacks into a folder of its own, named by version and content; `current` points to the one in use.
unpack() {
    folder=versions/$version-$(printf %.12s "$sha256")
    if [ ! -x "$base/$folder/gururmm-agent" ]; then
        say "Downloading the agent $version …"
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        download "$server/install/$code/$archive" "$work/$archive"
        printf '%s  %s\n' "$sha256" "$work/$archive" | sha256sum -c - >/dev/null 2>&1 ||
            fail "the download is damaged (its SHA-256 is not $sha256): run this again."
        mkdir -p "$base/versions"
        rm -rf "${base:?}/$folder.new" "${base:?}/$folder"
        mkdir "$base/$folder.new"
        tar -xzf "$work/$archive" -C "$base/$folder.new" --strip-components=1
        "$base/$folder.new/gururmm-agent" --version >/dev/null 2>&1 ||
            fail "the agent does not run on this distribution: its C library is too old or of another kind."
        mv "$base/$folder.new" "$base/$folder"
    fi
    ln -sfn "$folder" "$base/current.new"
    mv -T "$base/current.new" "$base/current"
}

# The server that this machine is enrolled at; nothing when it isn't.
known_server() { "$base/current/gururmm-agent" status --state-dir "$state" 2>/dev/null | sed -n 's/^server *//p'; }

enrol() {
    mkdir -p "$state"
    chmod 700 "$state"
    known=$(known_server)
    [ "$known" != "$server" ] || return 0
    [ -z "$known" ] || fail "this machine belongs to $known: take that agent away first (sh -s -- --uninstall)."
    "$base/current/gururmm-agent" enrol --server "$server" --site-code "$code" --state-dir "$state" ${insecure:+--insecure-http} ||
        fail "this machine could not be enrolled."
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
    nohup "$base/current/gururmm-agent" run --state-dir "$state" >"$log_file" 2>&1 </dev/null &
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
    if [ -z "$ended" ]; then
        require_trust
        unpack
        enrol
    fi
    if has_systemd; then start_service; else start_process; fi
    tidy
}

uninstall_agent() {
    require_root
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
    case ${1:-} in
        '') install_agent ;;
        --insecure-http)
            insecure=yes
            install_agent
            ;;
        --uninstall) uninstall_agent ;;
        *) fail "unknown option '$1': there are --uninstall and --insecure-http, and installing without any." ;;
    esac
}

main "$@"
