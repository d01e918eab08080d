"""The install page and script: what they hold, whom they refuse, and that nothing hostile gets out of its place."""

import asyncio
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from gururmm_server.entrypoints.install import InstallSite, install_routes

_HOSTILE = """x'; touch hacked; echo "'@version@'" $(touch hacked) `touch hacked` <script>alert(1)</script>\n"""


class _Codes:
    """The core's answer, by code."""

    sites = {  # noqa: RUF012  # a table
        "GOOD-CODE": InstallSite("Northwind IT", "Contoso", "HQ", usable=True),
        "ENDED-CODE": InstallSite("Northwind IT", "Contoso", "HQ", usable=False),
        "EVIL-CODE": InstallSite(_HOSTILE, _HOSTILE, _HOSTILE, usable=True),
    }

    async def find(self, code: str) -> InstallSite | None:
        return self.sites.get(code)


@pytest.fixture
def bundle_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "agent"
    folder.mkdir()
    name = "agent-linux-x86_64.tar.gz"
    (folder / name).write_bytes(b"archive")
    (folder / f"{name}.sha256").write_text(f"{hashlib.sha256(b'archive').hexdigest()}  {name}\n")
    (folder / f"{name}.version").write_text("1.2.3\n")
    return folder


class _Http:
    """Asks the routes, without a socket between."""

    def __init__(self, bundle_dir: Path | None, server_url: str = "https://rmm.example.org/") -> None:
        self._app = FastAPI()
        self._app.include_router(install_routes(_Codes(), bundle_dir, server_url))

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
                return await http.get(path, headers=headers)

        return asyncio.run(ask())


def test_the_page_names_whose_site_it_is_and_gives_the_command(bundle_dir: Path) -> None:
    answer = _Http(bundle_dir).get("/install/GOOD-CODE", headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    assert answer.status_code == 200
    assert "curl -sSL https://rmm.example.org/install/GOOD-CODE/linux.sh | sudo sh" in answer.text
    for text in ("Northwind IT", "Contoso", "HQ", "You seem to be on Linux"):
        assert text in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("user_agent", "seen"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "on a Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "on a phone"),
        ("Mozilla/5.0 (Linux; Android 14)", "on a phone"),
        ("", "Run this command"),
    ],
)
def test_the_page_sees_which_system_asks(bundle_dir: Path, user_agent: str, seen: str) -> None:
    assert seen in _Http(bundle_dir).get("/install/GOOD-CODE", headers={"user-agent": user_agent}).text


def test_the_page_has_no_inline_script_or_style_and_its_files_are_there(bundle_dir: Path) -> None:
    http = _Http(bundle_dir)
    page = http.get("/install/GOOD-CODE").text
    assert "<style" not in page
    assert "style=" not in page
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    for path in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert http.get(path).status_code == 200, path
    assert http.get("/install/assets/linux.sh").status_code == 404


@pytest.mark.parametrize(("code", "status"), [("NO-SUCH-CODE", 404), ("ENDED-CODE", 410)])
def test_a_code_that_is_no_good_is_refused_in_the_shell_too(bundle_dir: Path, code: str, status: int) -> None:
    http = _Http(bundle_dir)
    for path in ("", "/agent-linux-x86_64.tar.gz", "/agent-linux-x86_64.tar.gz.sha256"):
        assert http.get(f"/install/{code}{path}").status_code == status, path
    script = http.get(f"/install/{code}/linux.sh")
    assert script.status_code == (200 if status == 410 else status)
    ran = subprocess.run(["sh"], input=script.text, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert re.fullmatch(r"gururmm: This site code is .* a new one\.\n", ran.stderr)


def test_a_code_leads_nowhere_else(bundle_dir: Path) -> None:
    http = _Http(bundle_dir)
    for path in ("", "/linux.sh", "/agent-linux-x86_64.tar.gz", "/agent-linux-x86_64.tar.gz.sha256"):
        assert http.get(f"/install/..%2F..%2Fetc{path}").status_code == 404, path


def _in_folders_of_its_own(script: str, home: Path) -> str:
    """The script, which would otherwise work on this machine, and wait for any other installation on it."""
    places = {
        "/opt/gururmm-agent": home / "base",
        "/var/lib/gururmm-agent": home / "state",
        "/run/gururmm-agent.install": home / "lock",
    }
    for place, own in places.items():
        assert place in script
        script = script.replace(place, str(own))
    return script


def test_with_a_code_that_has_ended_the_agent_can_still_be_repaired_and_taken_away(
    bundle_dir: Path, tmp_path: Path
) -> None:
    """In folders of the test's own, with an agent that only says where it is enrolled, and as if by root."""
    script = _Http(bundle_dir).get("/install/ENDED-CODE/linux.sh").text
    assert "Contoso" not in script
    base, state = tmp_path / "base", tmp_path / "state"
    script = _in_folders_of_its_own(script, tmp_path)
    script = script.replace(
        '\nmain "$@"', '\nid() { echo 0; }\nhas_systemd() { false; }\nstart_process() { say started; }\nmain "$@"'
    )

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", "-s", "--", *arguments], input=script, capture_output=True, text=True, check=False, timeout=20
        )

    agent = base / "versions" / "1" / "gururmm-agent"
    agent.parent.mkdir(parents=True)
    state.mkdir()
    (base / "current").symlink_to("versions/1")
    agent.write_text("#!/bin/sh\necho 'server  https://elsewhere.example.org'\n")
    agent.chmod(0o755)
    assert "is no longer valid" in run().stderr
    agent.write_text("#!/bin/sh\necho 'server  https://rmm.example.org'\n")
    repaired = run()
    assert (repaired.returncode, repaired.stdout) == (0, "started\n"), repaired.stderr
    assert agent.exists()
    gone = run("--uninstall")
    assert gone.returncode == 0, gone.stderr
    assert "is gone from this machine" in gone.stdout
    assert not base.exists()
    assert not state.exists()


@pytest.mark.parametrize(
    ("server", "plain"), [("http://10.0.0.5:8080", True), ("https://10.0.0.5", False), ("http://127.0.0.1:8080", False)]
)
def test_without_tls_the_command_and_the_script_ask_for_consent(
    bundle_dir: Path, tmp_path: Path, server: str, plain: bool
) -> None:
    """In folders of the test's own, with an agent that only keeps what it was called with, and as if by root."""
    http = _Http(bundle_dir, server)
    flag = " -s -- --insecure-http" if plain else ""
    command = f"curl -sSL {server}/install/GOOD-CODE/linux.sh | sudo sh{flag}"
    page = http.get("/install/GOOD-CODE").text
    assert f">{command}<" in page
    assert f"curl -sSL {server}/install/GOOD-CODE/linux.sh | sudo sh -s -- --uninstall" in page
    base, state = tmp_path / "base", tmp_path / "state"
    agent, called = base / "current" / "gururmm-agent", tmp_path / "called"
    agent.parent.mkdir(parents=True)
    agent.write_text(f'#!/bin/sh\n[ "$1" != enrol ] || echo "$GURURMM_SITE_CODE $@" >> {called}\n')
    agent.chmod(0o755)
    script = _in_folders_of_its_own(http.get("/install/GOOD-CODE/linux.sh").text, tmp_path)
    stubs = (
        "id() { echo 0; }\nhas_systemd() { false; }\nstart_process() { say started; }\nunpack() { :; }\ntidy() { :; }"
    )
    script = script.replace('\nmain "$@"', f'\n{stubs}\nmain "$@"')

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["sh", "-s", "--", *arguments], input=script, capture_output=True, text=True, check=False)

    ran = run()
    if plain:
        assert ran.returncode == 1
        assert ran.stderr == (
            f"gururmm: {server} does without TLS: whoever is on the way could take this machine over; "
            "use its https:// address, or accept that: sh -s -- --insecure-http\n"
        )
        assert not called.exists()
        ran = run("--insecure-http")
    assert (ran.returncode, ran.stdout) == (0, "started\n"), ran.stderr
    options = f"GOOD-CODE enrol --server {server} --state-dir {state}"
    assert called.read_text() == options + (" --insecure-http\n" if plain else "\n")


def test_the_script_holds_what_it_needs_and_passes_shellcheck(bundle_dir: Path) -> None:
    http = _Http(bundle_dir)
    script = http.get("/install/GOOD-CODE/linux.sh").text
    sha256 = hashlib.sha256(b"archive").hexdigest()
    assert "\n    ended=''\n" in script
    for line in ("server=https://rmm.example.org", "code=GOOD-CODE", f"sha256={sha256}", "version=1.2.3"):
        assert f"\n    {line}\n" in script
    assert "'@" not in script
    assert http.get("/install/GOOD-CODE/agent-linux-x86_64.tar.gz").content == b"archive"
    assert http.get("/install/GOOD-CODE/agent-linux-x86_64.tar.gz.sha256").text.split()[0] == sha256
    shellcheck = shutil.which("shellcheck")
    assert shellcheck is not None, "apt-get install shellcheck"
    found = subprocess.run([shellcheck, "-s", "sh", "-"], input=script, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_hostile_names_stay_names(bundle_dir: Path, tmp_path: Path) -> None:
    http = _Http(bundle_dir)
    page = http.get("/install/EVIL-CODE").text
    assert "<script>alert" not in page
    script = http.get("/install/EVIL-CODE/linux.sh").text
    ran = subprocess.run(
        ["sh", "-s", "--", "--no-such"], input=script, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.stderr == (
        "gururmm: unknown option '--no-such': there are --uninstall, --insecure-http, --own-key, --ca FILE, --proxy URL"
        " and --no-proxy LIST.\n"
    )
    assert not (tmp_path / "hacked").exists()


def test_a_script_that_was_cut_short_does_nothing(bundle_dir: Path, tmp_path: Path) -> None:
    script = _Http(bundle_dir).get("/install/GOOD-CODE/linux.sh").text
    for end in range(0, len(script) - len('main "$@"\n'), 97):
        traced = subprocess.run(
            ["sh", "-x"], input=script[:end], cwd=tmp_path, capture_output=True, text=True, check=False
        ).stderr
        commands = [line for line in traced.splitlines() if line.startswith("+ ")]
        # At most the first letters of a function's name, as a command without arguments.
        assert all(re.fullmatch(r"\+ (set( -e?u?)?|[a-z_]+)", line) for line in commands), commands


def test_a_server_without_a_bundle_says_so() -> None:
    for folder in (None, Path("nowhere")):
        answer = _Http(folder).get("/install/GOOD-CODE/linux.sh")
        assert answer.status_code == 503
        assert "no agent to give away" in answer.text
