"""One running product of each kind, a signed-in API, a real browser."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from external import ExternalEngines, free_port
from playwright.sync_api import Browser, Page, expect, sync_playwright
from product import Api, Product, start_demo, stop

# Two cores carry the product twice, its engines, a browser and other tests: what a page shows may take its time.
expect.set_options(timeout=15_000)

ARTIFACTS = Path(__file__).parent / ".artifacts"


ENGINES = ("embedded", "external")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on the engines that it names by the mark `engines`: on both where it names none."""
    if "product" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("engines")
        kinds = [
            pytest.param(kind, marks=pytest.mark.xdist_group(f"e2e {kind}"))
            for kind in (mark.args if mark else ENGINES)
        ]
        metafunc.parametrize("product", kinds, indirect=True, scope="package")


@pytest.fixture(scope="package")
def product(request: pytest.FixtureRequest) -> Iterator[Product]:
    """`gururmm demo` in a folder of its own: on embedded engines, or on Debian's with two of each process.

    What the engines and the number of processes can change runs on both; what happens in the browser once, on one of
    the two, so that two workers are busy for about as long.

    Not under pytest's own folder: another run closes that to other users, and PostgreSQL's is one of them.
    """
    with tempfile.TemporaryDirectory(prefix="gururmm-e2e-", ignore_cleanup_errors=True) as home:
        yield from _run_product(Path(home), request.param)


def _run_product(home: Path, kind: str) -> Iterator[Product]:
    ports = ("--port", str(free_port()))
    if kind == "embedded":
        running = start_demo(home, *ports)
        yield running
        stop(running)
        return
    engines = ExternalEngines(home / "engines")
    engines.start()
    try:
        running = start_demo(
            home,
            *ports,
            *("--database-url", engines.database_url, "--owner-database-url", engines.owner_database_url),
            *("--nats-url", engines.nats_url),
            *("--apis", "2", "--gateways", "2", "--workers", "2"),
        )
        running.external = engines
        yield running
        stop(running)
    finally:
        engines.stop()


@pytest.fixture
def api(product: Product) -> Iterator[Api]:
    person = Api(product.url, product.email, product.password).sign_in()
    yield person
    person.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while it runs, it holds the thread's event loop, which other modules' tests need."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh browser profile on the sign-in page; a picture of it is kept under .artifacts."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=product.url)
    fresh = context.new_page()
    fresh.set_default_timeout(15_000)
    yield fresh
    ARTIFACTS.mkdir(exist_ok=True)
    fresh.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
    context.close()


@pytest.fixture
def signed_in(page: Page, product: Product) -> Page:
    """The page after signing in as the demo's Partner admin."""
    page.goto("/")
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mission Control").wait_for()
    return page
