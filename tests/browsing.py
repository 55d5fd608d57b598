"""A real browser, an application that it looks at, and what a person does there."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from nlq.service import Service
from nlq.web import create_app
from tests.conftest import built, copy_of
from tests.postgres import Database, Server
from tests.scripted import Script, scripted_model

_SLOW_MS = 20_000
"""How long a busy machine may take for an answer."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; tests are skipped where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None and os.environ.get("CI"):
        pytest.fail("Chromium is missing: apt-get install chromium.")
    if path is None:
        pytest.skip("Chromium is not installed.")
    expect.set_options(timeout=_SLOW_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve `app` on a free port; yields its address without a slash at the end."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Pages:
    """The pages over the demo company: where they are served, and what is behind them."""

    address: str
    service: Service
    script: Script
    database: Database


@contextmanager
def demo_pages(server: Server, template: str, **environ: str) -> Iterator[Pages]:
    """Serve the pages over a copy of the demo database `template`, with a scripted model."""
    with copy_of(template, server) as database, scripted_model() as script:
        service = built(database, script, NLQ_MODEL_TIMEOUT_S="20", **environ)
        with served(create_app(service)) as address:
            yield Pages(address, service, script, database)


@contextmanager
def watched(page: Page) -> Iterator[Page]:
    """`page`; at the end there must have been no error of a script and no breach of the page's policy."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security" in message.text else None)
    yield page
    page.context.close()
    assert errors == []


def ask(page: Page, question: str) -> None:
    """Type `question`, press Enter, and wait for the answer."""
    turns = page.locator(".turn").count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(turns + 1)
    settled(page)


def settled(page: Page) -> None:
    """Wait until nothing is worked on."""
    expect(page.locator(".busy")).to_have_count(0)
