"""The words of the pages: every one of them in every language, and the language that a person reads."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from nlq.web import create_app
from nlq.web.preferences import LANGUAGES
from nlq.words import FOLDER, translations
from tests import stand_in
from tests.dependencies import ROOT
from tests.forms import form

_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
TRANSLATED = [code for code in LANGUAGES if code != "en"]

Message = str | tuple[str, ...]


def words() -> set[Message]:
    """Every message of code and templates, those with a plural as pairs."""
    with (FOLDER / "extract.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = extract_from_dir(ROOT / "nlq", methods, options, keywords)
    return {message for _, _, message, _, _ in found}


def forms(text: object) -> list[str]:
    """The forms of a message: one, or the singular and the plural."""
    return [text] if isinstance(text, str) else list(text)  # type: ignore[call-overload]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_of_the_pages_is_translated(language: str) -> None:
    with (FOLDER / f"{language}.po").open("rb") as file:
        known = {m.id: m for m in read_po(file, locale=language) if m.id}
    found = words()
    assert len(found) > 10
    assert found == set(known), "make words"
    assert [m.id for m in known.values() if m.fuzzy or not all(forms(m.string))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_places_for_what_is_put_in(language: str) -> None:
    with (FOLDER / f"{language}.po").open("rb") as file:
        for message in read_po(file, locale=language):
            wanted = set(_PLACE.findall(forms(message.id)[-1]))
            assert all(set(_PLACE.findall(form)) == wanted for form in forms(message.string)), message.id


def test_a_language_without_words_speaks_english() -> None:
    assert translations("xx").gettext("Ask a question") == "Ask a question"


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    """A client of the application."""
    with create_app(stand_in.service()).test_client() as client:
        yield client


def page(client: FlaskClient, **headers: str) -> str:
    """The page that says that there is none: the shortest of all."""
    return client.get("/nowhere", headers={"Accept": "text/html", **headers}).get_data(as_text=True)


@pytest.mark.parametrize(
    ("wanted", "language"), [("de-AT,en;q=0.5", "de"), ("fr,en;q=0.5", "en"), ("fr", "en"), ("", "en")]
)
def test_pages_speak_the_language_that_the_browser_prefers(
    client: FlaskClient, wanted: str, language: str
) -> None:
    shown = page(client, **{"Accept-Language": wanted})
    assert f'<html lang="{language}"' in shown
    assert translations(language).gettext("Ask a question") in shown


def test_a_language_and_colours_that_were_chosen_stay(client: FlaskClient) -> None:
    chosen = client.post("/preferences", data=form(client, language="de", next="/nowhere"))
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/nowhere")
    client.post("/preferences", data=form(client, theme="dark"))
    assert '<html lang="de" data-theme="dark">' in page(client, **{"Accept-Language": "en"})


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"]
)
def test_choosing_never_leads_to_another_site(client: FlaskClient, address: str) -> None:
    chosen = client.post("/preferences", data=form(client, theme="dark", next=address))
    assert chosen.headers["Location"] == "/"


@pytest.mark.parametrize("data", [{"language": "tlh"}, {"theme": "<script>"}])
def test_what_cannot_be_chosen_is_refused(client: FlaskClient, data: dict[str, str]) -> None:
    assert client.post("/preferences", data=form(client, **data)).status_code == 422


def test_an_address_that_does_not_exist_is_said_on_a_page_of_ours(client: FlaskClient) -> None:
    missing = client.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert client.get("/nowhere").mimetype == "application/problem+json"
    assert client.get("/api/v1/x", headers={"Accept": "text/html"}).mimetype == "application/problem+json"
