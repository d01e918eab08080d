"""Reading while the disk is full to its last byte, for as long as it is. Needs root, for a small filesystem."""

from pathlib import Path
from typing import Any

import pytest
import requests

from packages.server.tests.supervisor.running import Up

from .test_full_disk import small_disk  # noqa: F401  # the fixture

PASSWORD = "a long enough password"


class Person:
    """A browser: it keeps the refresh cookie."""

    def __init__(self, up: Up) -> None:
        self._up = up
        self._session = requests.Session()
        self.token = ""

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Origin": self._up.url, "Authorization": f"Bearer {self.token}"}
        url = f"{self._up.url}/api/v1{path}"
        answer = self._session.request(method, url, json=body, headers=headers, timeout=20)
        found = answer.json() if answer.content else None
        if answer.ok and isinstance(found, dict):
            self.token = found.get("access_token", self.token)
        return answer.status_code, found


@pytest.mark.takes(15)
def test_people_come_in_stay_and_read(small_disk: Path, tmp_path: Path) -> None:  # noqa: F811
    up = Up(tmp_path, "--disk-reserve-mb", "32", data=small_disk / "data")
    try:
        up.first_admin("first@example.org")
        staying = Person(up)
        credentials = {"email": "first@example.org", "password": PASSWORD}
        assert staying.ask("POST", "/auth/sign-in", credentials)[0] == 200
        partner = staying.ask("POST", "/platform/partners", {"name": "Northwind IT"})[1]["id"]
        assert staying.ask("POST", f"/platform/partners/{partner}/enter", {"reason": "to test"})[0] == 200
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(400 * 1024 * 1024))
        Up.until(lambda: "Nothing is written until space is freed" in up.said(), 10)
        Up.until(lambda: staying.ask("POST", "/clients", {"name": "While full"})[0] == 507, 10)

        # Whoever is in stays in, however long it lasts: what was issued before is worth nothing after 5 minutes.
        for _ in range(3):
            staying.token = ""
            status, answer = staying.ask("POST", "/auth/refresh")
            assert status == 200, answer
        for path in ("/clients", "/audit", "/events", "/auth/sessions"):
            assert staying.ask("GET", path)[0] == 200, path
        assert staying.ask("POST", "/live/ticket")[0] == 200

        coming = Person(up)
        assert coming.ask("POST", "/auth/sign-in", credentials)[0] == 200
        assert coming.ask("GET", "/platform/partners")[0] == 200
        assert coming.ask("POST", f"/platform/partners/{partner}/enter", {"reason": "to look"})[0] == 200
        status, audit = coming.ask("GET", "/audit?limit=50")
        assert status == 200
        entered = [row["details"]["reason"] for row in audit["items"] if row["operation"] == "platform.entered"]
        assert sorted(entered) == ["to look", "to test"], "who came in while it was full is in the audit"
        assert coming.ask("POST", "/auth/sign-out-everywhere")[0] == 204
        assert staying.ask("POST", "/clients", {"name": "While full"})[0] in (401, 507), "and nothing else is written"

        filler.unlink()
        Up.until(lambda: "writing goes on" in up.said(), 20)
        back = Person(up)
        Up.until(lambda: back.ask("POST", "/auth/sign-in", credentials)[0] == 200, 10)
        assert back.ask("POST", f"/platform/partners/{partner}/enter", {"reason": "to write"})[0] == 200
        Up.until(lambda: back.ask("POST", "/clients", {"name": "After"})[0] == 201, 20)
        Up.until((up.data / "ballast").exists, 10)
    finally:
        assert up.stop() == 0
