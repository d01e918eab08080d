"""The units in `deploy/systemd`: an account and credentials for each kind of process, and little else within reach."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from gururmm_server.infra.kinds import Kind

_UNITS = Path(__file__).parents[4] / "deploy" / "systemd"
_EXPOSURE = 20
"""In tenths, as `systemd-analyze security` counts: 0 is nothing, 100 all. A plain unit has 96."""


def _unit(kind: Kind) -> str:
    return (_UNITS / f"gururmm-{kind}@.service").read_text()


def _values(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_an_account_and_credentials_of_its_own(kind: Kind) -> None:
    text = _unit(kind)
    assert _values(text, "User") == [f"gururmm-{kind}"]
    assert f"u gururmm-{kind} -" in (_UNITS / "gururmm.sysusers").read_text()
    credentials = dict(value.split(":", 1) for value in _values(text, "LoadCredential"))
    assert {"database-url", "nats-url"} <= credentials.keys()
    assert {Path(path).parent for path in credentials.values()} == {Path("/etc/gururmm") / kind}
    assert "GURURMM_DATABASE_URL=file:%d/database-url GURURMM_NATS_URL=file:%d/nats-url" in text
    assert "audit-key" in text or kind is not Kind.WORKER
    assert _values(text, "ExecStart") == [f"/opt/gururmm/.venv/bin/gururmm {kind}"]


def test_the_environment_that_all_share_holds_no_password() -> None:
    assert not re.search(r"://[^/\s]*:[^/\s]*@", (_UNITS / "gururmm.env.example").read_text())


@pytest.mark.parametrize("unit", sorted(path.name for path in _UNITS.glob("*.service")))
def test_a_unit_is_understood_and_exposes_little(unit: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None, "Debian's systemd is missing: apt-get install systemd"
    # The program is not installed where tests run; that it would be missing is not what is asked.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", (_UNITS / unit).read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit
    copy.write_text(text)
    verified = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(copy).replace("@.", "@0.")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    secure = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", f"--threshold={_EXPOSURE}", copy],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert secure.returncode == 0, secure.stdout
