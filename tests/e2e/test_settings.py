"""Settings, from the page to real agents: at once, on return, and at the Site where a machine is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from product import Api, Product, start_agent, until

pytestmark = pytest.mark.takes(3)


class Machine:
    """A real agent at a Site of its own."""

    def __init__(self, product: Product, api: Api, home: Path) -> None:
        self._product, self._api, self._home = product, api, home
        client = api.get("/clients", limit=1)["items"][0]
        self.site = api.post("/sites", {"client_id": client["id"], "name": f"Settings of {home.name}"})
        self._code = api.post(f"/sites/{self.site['id']}/codes", {"expires_in_h": 1, "max_uses": 1})["code"]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self.id: str = until(self._enrolled, 20)

    def start(self) -> None:
        self.process = start_agent(self._product, self._home / "agent", self._code)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def change(self, path: str, **values: Any) -> None:
        answer = self._api.call("PATCH", path, json=values)
        assert answer.status_code == 200, answer.text

    @property
    def settings(self) -> dict[str, int | None]:
        return self._api.get(f"/agents/{self.id}")["settings"]

    def runs_the_newest(self) -> int:
        """Wait until the agent says so; the version."""

        def check() -> int | None:
            found = self.settings
            return found["version"] if found["version"] == found["newest"] else None

        version: int = until(check, 20)
        return version

    def _enrolled(self) -> str | None:
        found = self._api.get("/agents", site_id=self.site["id"])["items"]
        return found[0]["id"] if found else None


@pytest.fixture
def machine(product: Product, api: Api, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(product, api, tmp_path)
    yield made
    made.stop()


def test_a_real_agent_follows_its_sites_settings(product: Product, api: Api, machine: Machine) -> None:
    path = f"/sites/{machine.site['id']}/settings"
    first = machine.runs_the_newest()
    other = api.get(f"/agents/{product.agent_id}")["settings"]["newest"]
    machine.change(path, heartbeat_s=7)
    second = machine.runs_the_newest()
    assert second > first
    assert api.get(f"/agents/{product.agent_id}")["settings"]["newest"] == other
    machine.stop()
    machine.change(path, heartbeat_s=8)
    assert machine.settings["version"] != machine.settings["newest"]
    machine.start()
    third = machine.runs_the_newest()
    assert third > second
    # Elsewhere it is told what all are told, and here again what is set here.
    elsewhere = api.get(f"/agents/{product.agent_id}")["site_id"]
    machine.change(f"/agents/{machine.id}", site_id=elsewhere)
    until(lambda: machine.settings["newest"] == other, 20)
    assert machine.runs_the_newest() == other
    machine.change(f"/agents/{machine.id}", site_id=machine.site["id"])
    until(lambda: machine.settings["newest"] == third, 20)
    assert machine.runs_the_newest() == third
    machine.change(path, heartbeat_s=None)
    until(lambda: machine.settings["newest"] == other, 20)
    assert machine.runs_the_newest() == other


def test_the_page_says_where_a_value_comes_from_and_takes_it_back(signed_in: Page, api: Api, machine: Machine) -> None:
    signed_in.goto(f"/settings/partner?site={machine.site['id']}")
    line = signed_in.get_by_role("listitem").filter(has_text="How often a machine says that it is there.")
    expect(line.get_by_text("Default", exact=True)).to_be_visible()
    field = line.get_by_label("Heartbeat (seconds)")
    field.fill("2")
    signed_in.get_by_role("button", name="Save").click()
    expect(line.get_by_role("alert")).to_be_visible()
    field.fill("9")
    signed_in.get_by_role("button", name="Save").click()
    expect(line.get_by_text("Set here", exact=True)).to_be_visible()
    expect(line.get_by_text("Set by")).to_be_visible()
    found = {item["key"]: item for item in api.get(f"/sites/{machine.site['id']}/settings")["items"]}
    assert found["heartbeat_s"]["value"] == 9
    version = machine.runs_the_newest()
    line.get_by_role("button", name="Reset Heartbeat").click()
    signed_in.get_by_role("button", name="Save").click()
    expect(line.get_by_text("Default", exact=True)).to_be_visible()
    until(lambda: machine.settings["newest"] != version, 20)
    signed_in.goto(f"/agents/{machine.id}")
    newest = machine.runs_the_newest()
    signed_in.reload()
    expect(signed_in.get_by_text(f"Version {newest}, the newest")).to_be_visible()
