"""The dashboard's files travel compressed, where the build made a twin and the browser takes it."""

import gzip
from pathlib import Path

import httpx
from gururmm_server.entrypoints.internal_api.dashboard import Dashboard

SCRIPT = b"console.log(1);" * 100


async def fetch(folder: Path, path: str, encoding: str) -> httpx.Response:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    transport = httpx.ASGITransport(app=Dashboard(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        return await browser.get(path, headers={"accept-encoding": encoding})


async def test_a_browser_that_takes_gzip_gets_the_twin(tmp_path: Path) -> None:
    answer = await fetch(tmp_path, "/assets/app-1a2b.js", "br, gzip")
    assert answer.content == SCRIPT
    assert int(answer.headers["content-length"]) < len(SCRIPT)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert answer.headers["vary"] == "accept-encoding"


async def test_any_other_gets_the_file_itself(tmp_path: Path) -> None:
    answer = await fetch(tmp_path, "/assets/app-1a2b.js", "identity")
    assert answer.content == SCRIPT
    assert "content-encoding" not in answer.headers


async def test_a_page_without_a_twin_is_sent_as_it_is(tmp_path: Path) -> None:
    answer = await fetch(tmp_path, "/fleet?search=x", "gzip")
    assert answer.text == "<!doctype html>"
    assert "content-encoding" not in answer.headers
