"""Draws what people see in Slack for the documentation, from the blocks that the app sends to the stand-in.

`python -m tests.slack.pictures` writes `docs/slack-*.png`. They are renderings in the manner of Slack, not
screenshots of it.
"""

import base64
import html
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from nlq import settings as settings_module
from nlq.clock import fixed
from nlq.service import build
from nlq.web import create_app
from nlq.web.slack import SLACK_EXTENSION
from schema import migrate
from schema.demo.load import load
from tests.catalogs import TODAY
from tests.conftest import ROLES, copy_of
from tests.dependencies import ROOT
from tests.postgres import running_server
from tests.scripted import scripted_model
from tests.slack import payloads, stand_in
from tests.slack.block_kit import DATA
from tests.slack.conftest import ACME, environ, wait
from tests.slack.fronts import Http
from tests.slack.stand_in import StandIn

Json = dict[str, Any]

_CHROMIUM = "/usr/bin/chromium"
_STYLE = (DATA / "pictures.css").read_text()


@contextmanager
def company_in_slack() -> Iterator[tuple[StandIn, Http]]:
    """The demo company, asked in the stand-in's workspace."""
    with running_server() as server, stand_in.running() as slack, scripted_model() as script:
        slack.add(ACME)
        with server.fresh_database() as template:
            migrate.upgrade(server.url(template), ROLES)
            load(server.url(template), TODAY)
            with copy_of(template, server) as database:
                settings = settings_module.load(environ(database, slack, script))
                app = create_app(build(settings, fixed(TODAY)))
                http = make_server("127.0.0.1", 0, app, threaded=True)
                threading.Thread(target=http.serve_forever, daemon=True).start()
                yield slack, Http(f"http://127.0.0.1:{http.server_port}")
                app.extensions[SLACK_EXTENSION].stop(5.0)
                http.shutdown()


def ask(http: Http, slack: StandIn, text: str, user: str = "UANN", thread: str | None = None) -> str:
    """Mention the bot and wait for its answer; gives the thread."""
    ts, before = slack.next_ts(), len(slack.thread(ACME.id, "C1", thread)) if thread else 0
    more = {"thread_ts": thread} if thread else {}
    http.event(payloads.message(ACME.id, "C1", user, f"<@UBOT> {text}", ts, kind="app_mention", **more))
    root = thread or ts
    wait(lambda: len(slack.thread(ACME.id, "C1", root)) > before)
    wait(lambda: len(charts(slack)) > before)
    return root


def charts(slack: StandIn) -> list[bytes]:
    """The charts that were sent so far."""
    return [f["content"] for f in slack.files.values() if "channel_id" in f and f["name"].endswith(".png")]


def person(name: str, text: str) -> str:
    """What a person wrote, as HTML."""
    said = f'<p><span class="u">@KPIs</span> {html.escape(text)}</p>'
    who = f'<b class="n">{name}</b><span class="t">9:41 AM</span>'
    return f'<div class="m"><div class="a p">{name[0]}</div><div>{who}{said}</div></div>'


def bot(blocks: list[Json], picture: bytes | None = None) -> str:
    """What the bot sent, as HTML."""
    image = f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">' if picture else ""
    name = '<b class="n">KPIs</b><span class="app">APP</span><span class="t">9:41 AM</span>'
    shown = "".join(map(_block, blocks))
    return f'<div class="m"><div class="a">K</div><div>{name}{shown}{image}</div></div>'


def _block(block: Json) -> str:
    kind = block["type"]
    if kind == "header":
        return f"<h2>{html.escape(block['text']['text'])}</h2>"
    if kind == "context":
        return "".join(f'<div class="c">{html.escape(e["text"])}</div>' for e in block["elements"])
    if kind == "actions":
        return f"<div>{''.join(map(_element, block['elements']))}</div>"
    if kind == "table":
        return _table(block)
    return "".join(_rich(part) for part in block["elements"])


def _element(element: Json) -> str:
    label = element.get("text") or element["placeholder"]
    return f'<span class="b {"s" if "options" in element else ""}">{html.escape(label["text"])}</span>'


def _table(block: Json) -> str:
    sides = ["r" if column["align"] == "right" else "" for column in block["column_settings"]]
    rows = [
        "".join(
            f'<{tag} class="{side}">{html.escape(cell["text"])}</{tag}>'
            for side, cell in zip(sides, row, strict=True)
        )
        for tag, row in zip(["th", *["td"] * 100], block["rows"], strict=False)
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _rich(part: Json) -> str:
    pieces = []
    for element in part["elements"]:
        text = html.escape(element.get("text", ""))
        if element["type"] == "user":
            text = f'<span class="u">@{ACME.users[element["user_id"]]["name"].title()}</span>'
        elif element["type"] == "link":
            text = f'<span class="u">{text}</span>'
        elif element.get("style", {}).get("bold"):
            text = f"<b>{text}</b>"
        pieces.append(text)
    tag = "pre" if part["type"] == "rich_text_preformatted" else "p"
    return f"<{tag}>{''.join(pieces)}</{tag}>"


def pages() -> Iterator[tuple[str, str]]:
    """The name of each picture and what it shows as HTML."""
    with company_in_slack() as (slack, http):
        first, then = "Revenue by region last month", "and how did it develop by month in EMEA in 2025?"
        root = ask(http, slack, first)
        ask(http, slack, then, "UBEN", root)
        answers = slack.thread(ACME.id, "C1", root)
        thread = bot(answers[0]["blocks"], charts(slack)[0])
        yield "slack-answer", f'{person("Ann", first)}<div class="th">{thread}</div>'
        follow_up = person("Ben", then) + bot(answers[1]["blocks"], charts(slack)[1])
        yield "slack-follow-up", f'<div class="th">{follow_up}</div>'
        http.event(payloads.event(ACME.id, {"type": "app_home_opened", "user": "UANN", "tab": "home"}))
        home = wait(lambda: slack.homes.get((ACME.id, "UANN")))
        yield "slack-home", "".join(map(_block, home["blocks"]))


def main() -> None:
    """Draw all pictures into `docs/`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 760, "height": 400}, device_scale_factor=1.5)
        for name, body in pages():
            page.set_content(f"<style>{_STYLE}</style>{body}")
            page.screenshot(path=ROOT / "docs" / f"{name}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
