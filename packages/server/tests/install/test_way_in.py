"""The whole way on real systems: https with an authority of one's own, through a proxy that alone knows the server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from gururmm_server.infra.embedded.data_dir import free_port
from websockets.sync.client import connect

from packages.agent.tests import connect_proxy
from packages.server.tests.install import tls_end
from packages.server.tests.install.container import Container, container
from packages.server.tests.install.serving import Server, comes_online, demo, serving
from packages.server.tests.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("installed machines"), pytest.mark.takes(100), pytest.mark.timeout(420)]

NAME = "rmm.example.org"
WHO = "site:s3cret"
STORES = "/etc/ssl/certs /usr/lib/ssl/certs /usr/lib/ssl/cert.pem"


@dataclass
class Far:
    """A server that is reached by a name which only the proxy knows, with a certificate of its own authority."""

    server: Server
    url: str
    proxy: str
    asked: Path
    authority: str

    def command(self, code: str, *options: str) -> str:
        """What a person runs inside: curl has to be told of proxy and authority, too."""
        given = " ".join(options)
        return (
            f"curl -sS --cacert /root/ca.pem --proxy {self.proxy} {self.url}/install/{code}/linux.sh | sh -s -- {given}"
        )

    def prepare(self, inside: Container, hostname: str) -> None:
        inside.run(f"hostname {hostname}; cat >/root/ca.pem", given=self.authority)


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and what it signed for the server: its certificate and key."""
    authority, leaf = folder / "ca", folder / "leaf"
    new = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    )
    own = ("-subj", "/CN=The Partner's own", "-addext", "basicConstraints=critical,CA:TRUE")
    name = ("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-addext", "basicConstraints=CA:FALSE")
    signed = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key")
    for made, options in ((authority, own), (leaf, (*name, *signed))):
        files = ("-keyout", f"{made}.key", "-out", f"{made}.pem")
        subprocess.run([*new, *files, *options], check=True, capture_output=True)
    return folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    home = tmp_path_factory.mktemp("far")
    with demo(home) as first:
        credentials = first.credentials
    authority, certificate, key = _certificates(home)
    port, gateway_port, tls_port = (free_port(set()) for _ in range(3))
    url, log = f"https://{NAME}:{tls_port}", home / "proxy.log"
    processes = [
        subprocess.Popen(
            [sys.executable, tls_end.__file__, *map(str, (tls_port, certificate, key, port, gateway_port))]
        ),
        subprocess.Popen([sys.executable, connect_proxy.__file__, log, WHO, f"{NAME}=127.0.0.1"]),
    ]
    given = ("--port", port, "--gateway-port", gateway_port, "--public-url", url)
    try:
        with serving(home, "up", *given) as up:
            server = Server(f"http://127.0.0.1:{port}", "", credentials)

            def is_up() -> bool:
                assert up.poll() is None, (home / "up.out").read_text()
                try:
                    server.sign_in()
                except OSError:
                    return False
                return True

            wait_until(is_up, 90)
            wait_until(lambda: log.exists() and log.read_text().endswith("\n"), 20)
            proxy = f"http://{WHO}@127.0.0.1:{log.read_text().split()[0]}"
            yield Far(server, url, proxy, log, authority.read_text())
    finally:
        for process in processes:
            process.kill()
            process.wait()


def type_in(far: Far, agent_id: str, line: str, wanted: str) -> None:
    """Open a terminal there, type a line, and wait for what it shows."""
    opened = far.server.ask("POST", "/tunnel/open", {"agent_id": agent_id, "columns": 80, "rows": 24})
    address = f"{far.server.url.replace('http', 'ws')}{opened['stream_url']}"
    with connect(address, origin=far.url, open_timeout=20) as stream:  # type: ignore[arg-type]
        attach = {"type": "attach", "channel": 1, "output_offset": 0, "parameters": {"columns": 80, "rows": 24}}
        stream.send(json.dumps(attach))
        stream.send(b"\x01" + bytes(8) + f"{line}\n".encode())
        shown = b""
        while wanted.encode() not in shown:
            said = stream.recv(timeout=20)
            if isinstance(said, bytes):
                shown += said[9:]
        stream.send(json.dumps({"type": "close"}))


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_install_command_terminal_uninstall_and_again(far: Far, tmp_path: Path, release: str) -> None:
    name = f"far-{release}"
    with container(tmp_path, systemd=True, release=release) as inside:
        far.prepare(inside, name)
        assert inside.run(f"curl -sS --cacert /root/ca.pem {far.url}", check=False).returncode == 6  # no such name here
        options = ("--ca", "/root/ca.pem", "--proxy", far.proxy)
        for time in range(2):
            said = inside.run(far.command(far.server.new_code(), *options), timeout=120).stdout
            assert "Installed as the service gururmm-agent (" in said
            comes_online(inside, far.server, name)
            machine = far.server.machines(name)[-1]["id"]
            assert far.server.run(machine, f"hostname; echo {time}") == f"{name}\n{time}\n"
            type_in(far, machine, f"echo $((40 + 2))-{time}", f"42-{time}")
            if time == 0:
                # An update needs none of the options: what was given is kept.
                assert "Installed" in inside.run(far.command(far.server.new_code()), timeout=120).stdout
                comes_online(inside, far.server, name)
                assert (
                    "is gone from this machine" in inside.run(far.command(far.server.new_code(), "--uninstall")).stdout
                )
                wait_until(lambda machine=machine: not far.server.is_online(machine), 20)
            else:
                assert f"This machine was {name} before" in said
        assert "s3cret" not in inside.run("systemctl cat gururmm-agent; ps axww").stdout
        assert inside.run("stat -c %a /var/lib/gururmm-agent/proxy").stdout == "600\n"


@pytest.mark.parametrize(
    "store",
    ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ca-certificates/extracted/tls-ca-bundle.pem"],
)
def test_the_systems_own_store_of_each_family_is_trusted(far: Far, tmp_path: Path, store: str) -> None:
    """The authority stands only where Fedora, openSUSE or Arch keep theirs; the agent is given none."""
    name = f"store-{Path(store).parts[2]}".replace(".", "-")
    with container(tmp_path, systemd=False) as inside:
        far.prepare(inside, name)
        inside.run(f"rm -rf {STORES}; mkdir -p $(dirname {store}); cp /root/ca.pem {store}")
        script = f"export https_proxy={far.proxy} CURL_CA_BUNDLE={store}; {far.command(far.server.new_code())}"
        assert "the agent is a plain process" in inside.run(script, timeout=120).stdout
        comes_online(inside, far.server, name)


def test_a_server_whose_authority_nobody_knows_is_refused_and_nothing_stays(far: Far, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        far.prepare(inside, "distrustful")
        failed = inside.run(far.command(far.server.new_code(), "--proxy", far.proxy), check=False, timeout=120)
        assert f"gururmm: the agent could not be downloaded from {far.url}." in failed.stdout
        assert inside.run("ls -d /opt/gururmm-agent /var/lib/gururmm-agent 2>/dev/null; true").stdout == ""
