"""How long pages take until they can be used, beside an empty page of the same server.

Run it with `python -m bench.first_page`. Usable means that the page's own module has run and completes names.
The empty page is the floor that browser, machine and server set in the same run, so that figures of different
machines compare. Last measured on 2 cores at a load of 13: empty 193 ms; ask 534 ms and 16 kB, conversation
with a chart 502 ms and 280 kB, catalogue 754 ms and 12 kB.
"""

import gzip
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser

from schema import migrate
from schema.demo.load import load
from tests.browsing import Pages, ask, chromium, demo_pages
from tests.catalogs import TODAY
from tests.conftest import ROLES
from tests.postgres import running_server

RUNS = 15
USABLE = """() => new Promise((resolve) => {
  const box = document.getElementById("question");
  const ready = () => (!box || box.hasAttribute("aria-autocomplete") ? resolve(performance.now())
                                                                      : requestAnimationFrame(ready));
  ready();
})"""


def main() -> None:
    """Measure and print."""
    with _pages() as pages, chromium() as browser:
        page = browser.new_page()
        page.goto(pages.address)
        ask(page, "Revenue by month and region in 2026")
        conversation = page.url.removeprefix(pages.address)
        page.close()
        print(f"{'page':<16}{'median ms':>10}{'slowest ms':>12}{'times empty':>13}{'gzip kB':>9}")
        floor = _milliseconds(browser, f"{pages.address}/healthz")
        print(_row("(empty)", floor, floor, 0))
        for name, path in {"ask": "/", "conversation": conversation, "catalogue": "/catalogue"}.items():
            found = _milliseconds(browser, pages.address + path)
            print(_row(name, found, floor, _weight(browser, pages.address + path)))


@contextmanager
def _pages() -> Iterator[Pages]:
    with running_server() as server, server.fresh_database() as template:
        migrate.upgrade(server.url(template), ROLES)
        load(server.url(template), TODAY)
        with demo_pages(server, template) as pages:
            yield pages


def _milliseconds(browser: Browser, address: str) -> list[float]:
    """From the start of the navigation until the page can be used, with an empty cache each time."""
    times = []
    for _ in range(RUNS):
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(address, wait_until="domcontentloaded")
        times.append(float(page.evaluate(USABLE)))
        context.close()
    return times


def _weight(browser: Browser, address: str) -> int:
    """Bytes of everything that the page fetches before anybody does anything, compressed."""
    sizes: dict[str, int] = {}
    page = browser.new_page()
    page.on("response", lambda response: sizes.update({response.url: len(gzip.compress(response.body()))}))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.close()
    return sum(sizes.values())


def _row(name: str, times: list[float], floor: list[float], weight: int) -> str:
    median = statistics.median(times)
    ratio = median / statistics.median(floor)
    return f"{name:<16}{median:>10.0f}{max(times):>12.0f}{ratio:>13.1f}{weight / 1024:>9.0f}"


if __name__ == "__main__":
    main()
