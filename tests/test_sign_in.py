"""Promises of signing in: who may come in which way, and what each may do."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask.testing import FlaskClient

from nlq import settings as settings_module
from nlq.errors import SettingsError
from nlq.signing_in import Identity, Role, SignIn, check
from nlq.web import create_app
from tests import provider, stand_in
from tests.command_line import Run
from tests.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.stand_in import StandInService

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a start is asked to listen on
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
QUESTION = {"question": "Sales?"}
PROXY = {
    "NLQ_PROXY_USER_HEADER": "X-User",
    "NLQ_PROXY_GROUPS_HEADER": "X-Groups",
    "NLQ_REVIEWERS": "@kpi-reviewers, rita@example.com",
    "NLQ_ADMINS": "@admins",
}


def serving(environ: Mapping[str, str], **client: Any) -> tuple[FlaskClient, StandInService]:
    """A client of the application under the settings `environ`, and the service behind it."""
    service = stand_in.service(environ=environ)
    return create_app(service).test_client(**client), service


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_nobody_signs_in(host: str) -> None:
    client, service = serving({"NLQ_HOST": host})
    assert client.post("/api/v1/ask", json=QUESTION).status_code == 200
    assert service.pipeline.asked[0].user is None


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.7", "kpis.example.com"])
def test_a_start_for_others_without_a_sign_in_is_refused_and_says_how_to_go_on(run: Run, host: str) -> None:
    ended = run("serve", "--host", host, "--port", "0")
    assert ended.status == 1
    assert f"NLQ_HOST is {host}" in ended.err
    assert all(way in ended.err for way in ("NLQ_PROXY_USER_HEADER", "NLQ_OIDC_ISSUER", "NLQ_API_TOKENS"))
    with pytest.raises(SettingsError, match="NLQ_PROXY_USER_HEADER"):
        serving({"NLQ_HOST": host})


def test_another_server_that_opens_the_service_to_others_all_the_same_is_no_way_in() -> None:
    client, _ = serving({})
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/api/v1/history", environ_base=elsewhere).status_code == 403
    assert client.get("/healthz", environ_base=elsewhere).status_code == 200


def test_a_proxy_says_who_asks_and_what_they_may_do() -> None:
    client, service = serving({**PROXY, "NLQ_HOST": EVERYWHERE})
    assert client.get("/api/v1/history").status_code == 401
    ann = {"X-User": "ann@example.com"}
    assert client.post("/api/v1/ask", json=QUESTION, headers=ann).status_code == 200
    assert service.pipeline.asked[0].user == "ann@example.com"
    assert client.get("/api/v1/history?user=bob", headers=ann).status_code == 403
    for reviewer in ({"X-User": "bob", "X-Groups": "staff, kpi-reviewers"}, {"X-User": "rita@example.com"}):
        assert client.get("/api/v1/history?user=bob", headers=reviewer).status_code == 200


def test_headers_from_elsewhere_than_the_proxy_are_not_believed() -> None:
    client, _ = serving({**PROXY, "NLQ_HOST": EVERYWHERE, "NLQ_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    headers = {"X-User": "rita@example.com"}
    for address, status in (("10.2.3.4", 200), ("::ffff:10.2.3.4", 200), ("192.0.2.7", 403), ("", 403)):
        response = client.get("/api/v1/history", headers=headers, environ_base={"REMOTE_ADDR": address})
        assert response.status_code == status, address


def test_only_those_who_are_named_come_in_where_askers_are_named() -> None:
    client, _ = serving({**PROXY, "NLQ_ASKERS": "@staff"})
    assert client.get("/api/v1/catalog", headers={"X-User": "ann", "X-Groups": "staff"}).status_code == 200
    refused = client.get("/api/v1/catalog", headers={"X-User": "eve", "X-Groups": "guests"})
    assert refused.status_code == 403
    assert "eve" in refused.get_json()["detail"]


def test_a_user_who_is_called_like_a_group_gets_nothing_from_it() -> None:
    sign_in = SignIn(admins=frozenset({"@admins"}))
    assert sign_in.identity("admins") == Identity("admins", Role.ASKER)
    assert sign_in.identity("x", ["admins"]) == Identity("x", Role.ADMIN, ("admins",))


def test_askers_see_their_own_questions_and_give_thumbs_and_reviewers_correct() -> None:
    client, service = serving(PROXY)
    service.history.entries = (replace(stand_in.ENTRY, user="ann"),)
    ann, bob, rita = ({"X-User": user} for user in ("ann", "bob", "rita@example.com"))
    assert client.get("/api/v1/history/42", headers=ann).status_code == 200
    assert client.get("/api/v1/history/42", headers=bob).status_code == 404
    client.get("/api/v1/history", headers=bob)
    assert service.history.calls[-1][0].user == "bob"
    feedback = "/api/v1/history/42/feedback"
    assert client.post(feedback, json={"verdict": "wrong"}, headers=bob).status_code == 404
    assert client.post(feedback, json={"verdict": "wrong"}, headers=ann).status_code == 201
    approval = {"verdict": "wrong", "correct_sql": "SELECT 1", "approved": True}
    assert client.post(feedback, json=approval, headers=ann).status_code == 403
    assert client.post(feedback, json=approval, headers=rita).status_code == 201
    assert [given.user for given in service.review.given] == ["ann", "rita@example.com"]


def test_programs_come_in_with_a_token_that_can_be_taken_back(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tokens"
    environ = {"NLQ_API_TOKENS": str(file), "NLQ_HOST": EVERYWHERE}
    monkeypatch.setenv("NLQ_API_TOKENS", str(file))
    token = run("token", "grafana", "--role", "reviewer").out.strip()
    assert file.stat().st_mode & 0o077 == 0
    assert token not in file.read_text()
    client, service = serving(environ)
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.post("/api/v1/ask", json=QUESTION, headers=bearer).status_code == 200
    assert service.pipeline.asked[0].user == "grafana"
    assert client.get("/api/v1/history?user=bob", headers=bearer).status_code == 200
    for wrong in ({}, {"Authorization": "Bearer nlq_guess"}, {"Authorization": "Basic Z3JhZmFuYTp4"}):
        refused = client.get("/api/v1/history", headers=wrong)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert "There is a token named grafana" in run("token", "grafana").err
    file.write_text("# nobody\n\n")
    assert client.get("/api/v1/history", headers=bearer).status_code == 401


def test_a_file_of_tokens_that_cannot_be_read_is_named(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens"
    file.write_text("abc king arthur\n")
    client, _ = serving({"NLQ_API_TOKENS": str(file)})
    refused = client.get("/api/v1/history", headers={"Authorization": "Bearer x"})
    assert refused.status_code == 500
    assert "line 1" in refused.get_json()["detail"]
    assert "NLQ_API_TOKENS" in run("token", "grafana").err


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
    ],
)
def test_another_site_cannot_ask_in_the_name_of_who_looks_at_it(
    headers: Mapping[str, str], status: int
) -> None:
    client, service = serving({})
    assert client.post("/api/v1/ask", json=QUESTION, headers=headers).status_code == status
    assert len(service.pipeline.asked) == (status == 200)


def test_a_form_needs_the_token_that_was_set_into_it() -> None:
    client, _ = serving({})
    refused = client.post("/sign-out", data={"csrf_token": ""})
    assert refused.status_code == 403
    assert "reload" in refused.get_json()["detail"]


@pytest.fixture
def openid() -> Iterator[Provider]:
    """A running provider."""
    with provider.running() as found:
        yield found


@pytest.fixture
def signing_in(openid: Provider) -> FlaskClient:
    """A browser at a service that uses the provider."""
    return serving(openid_environ(openid))[0]


def openid_environ(openid: Provider) -> dict[str, str]:
    return {
        "NLQ_HOST": EVERYWHERE,
        "NLQ_PUBLIC_URL": "https://kpis.example.com",
        "NLQ_OIDC_ISSUER": openid.url,
        "NLQ_OIDC_CLIENT_ID": CLIENT_ID,
        "NLQ_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "NLQ_REVIEWERS": "@kpi-reviewers",
    }


HTTPS = {"base_url": "https://kpis.example.com"}


def begin(client: FlaskClient, path: str = "/api") -> str:
    """Go where signing in leads, and return with what the provider sends back."""
    leave = client.get("/sign-in", query_string={"next": path}, **HTTPS)
    assert leave.status_code == 302
    back = httpx.get(leave.headers["Location"]).headers["Location"]
    assert back.startswith("https://kpis.example.com/sign-in/done?")
    return back


def test_somebody_signs_in_comes_back_to_where_they_were_and_signs_out(
    signing_in: FlaskClient, openid: Provider
) -> None:
    asked = signing_in.get("/?q=1", headers=PAGE, **HTTPS)
    assert asked.status_code == 302
    assert parse_qs(urlsplit(asked.headers["Location"]).query)["next"] == ["/?q=1"]
    done = signing_in.get(begin(signing_in, "/?q=1"))
    assert (done.status_code, done.headers["Location"]) == (302, "/?q=1")
    cookie = next(c for c in done.headers.getlist("Set-Cookie") if "__Host-nlq=" in c)
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert signing_in.get("/", headers=PAGE, **HTTPS).status_code == 200
    assert signing_in.get("/api/v1/history?user=bob", **HTTPS).status_code == 200
    with signing_in.session_transaction(**HTTPS) as session:
        session["csrf_token"] = "t"
    assert signing_in.post("/sign-out", data={"csrf_token": "t"}, **HTTPS).status_code == 200
    assert signing_in.get("/api/v1/history", **HTTPS).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-service"},
        {"iss": "https://evil.example.com"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_token_that_was_not_made_for_this_visit_is_refused(
    signing_in: FlaskClient, openid: Provider, wrong: dict[str, Any]
) -> None:
    openid.changed = wrong
    assert signing_in.get(begin(signing_in)).status_code == 403
    assert signing_in.get("/api/v1/history", **HTTPS).status_code == 401


@pytest.mark.parametrize("wrong", [{"forged": True}, {"algorithm": "none"}, {"algorithm": "HS256"}])
def test_a_token_that_somebody_else_could_have_signed_is_refused(
    signing_in: FlaskClient, openid: Provider, wrong: dict[str, Any]
) -> None:
    vars(openid).update(wrong)
    assert signing_in.get(begin(signing_in)).status_code == 403
    assert signing_in.get("/api/v1/history", **HTTPS).status_code == 401


def test_a_reply_that_this_browser_did_not_ask_for_is_refused(
    signing_in: FlaskClient, openid: Provider
) -> None:
    stolen = begin(signing_in)
    victim = serving(openid_environ(openid))[0]
    assert victim.get(stolen).status_code == 403
    back = begin(signing_in)
    assert signing_in.get(back.replace("state=", "state=x")).status_code == 403
    assert signing_in.get("/sign-in/done", **HTTPS).status_code == 403
    assert signing_in.get("/sign-in/done?error=access_denied&state=1", **HTTPS).status_code == 403


def test_a_code_is_good_once(signing_in: FlaskClient) -> None:
    back = begin(signing_in)
    assert signing_in.get(back).status_code == 302
    assert signing_in.get(back).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [{"sub": "1"}, {"sub": "1", "email": "a@b.c", "email_verified": False}, {"sub": "1", "email": 7}],
)
def test_somebody_whom_the_provider_does_not_vouch_for_is_not_let_in(
    signing_in: FlaskClient, openid: Provider, claims: dict[str, Any]
) -> None:
    openid.claims = claims
    assert signing_in.get(begin(signing_in)).status_code == 403


def test_a_provider_that_is_down_or_another_is_said_to_be(signing_in: FlaskClient, openid: Provider) -> None:
    openid.issuer = "https://evil.example.com"
    assert signing_in.get("/sign-in", **HTTPS).status_code == 503
    down = serving({**openid_environ(openid), "NLQ_OIDC_ISSUER": "http://127.0.0.1:1"})[0]
    assert down.get("/sign-in", **HTTPS).status_code == 503


@pytest.mark.parametrize(
    "path", ["//evil.example.com", "https://evil.example.com", "/\\evil.example.com", ""]
)
def test_nobody_is_led_to_another_site_after_signing_in(signing_in: FlaskClient, path: str) -> None:
    assert signing_in.get(begin(signing_in, path)).headers["Location"] == "/"


def test_settings_that_cannot_be_used_say_what_to_set() -> None:
    for environ, said in (
        ({"NLQ_OIDC_ISSUER": "accounts"}, "NLQ_OIDC_ISSUER"),
        ({"NLQ_OIDC_ISSUER": "https://a.example.com"}, "NLQ_OIDC_CLIENT_ID"),
        ({"NLQ_PROXY_USER_HEADER": "X", "NLQ_TRUSTED_PROXIES": "proxy"}, "NLQ_TRUSTED_PROXIES"),
        ({"NLQ_SECRET_KEY_FILE": "/nowhere"}, "NLQ_SECRET_KEY_FILE"),
        ({"NLQ_PUBLIC_URL": "kpis.example.com"}, "NLQ_PUBLIC_URL"),
    ):
        with pytest.raises(SettingsError, match=said):
            settings_module.load(environ)
    plain = {"NLQ_OIDC_ISSUER": "https://a.example.com", "NLQ_OIDC_CLIENT_ID": "nlq"}
    with pytest.raises(SettingsError, match="NLQ_PUBLIC_URL"):
        check(settings_module.load(plain).sign_in, EVERYWHERE)


def test_a_secret_may_stand_in_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    environ = {
        "NLQ_OIDC_ISSUER": "https://a.example.com",
        "NLQ_OIDC_CLIENT_ID": "nlq",
        "NLQ_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "NLQ_SECRET_KEY": "s3cret too",
    }
    sign_in = settings_module.load(environ).sign_in
    assert sign_in.openid is not None
    assert (sign_in.openid.client_secret, sign_in.secret_key) == ("s3cret", "s3cret too")
    assert "s3cret" not in repr(sign_in)


def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    environ = {"NLQ_HOME": str(tmp_path), "NLQ_SECRET_KEY": ""}
    apps = [create_app(stand_in.service(environ=environ)) for _ in range(2)]
    assert apps[0].secret_key == apps[1].secret_key
    assert (tmp_path / "session-key").stat().st_mode & 0o077 == 0
