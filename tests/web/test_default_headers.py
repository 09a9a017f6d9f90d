"""Headers and cookies of every kind of answer, with TLS in front and without; sessions begin and end as they should."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from qaitar.config.default_headers import POLICY, DefaultHeaders
from qaitar.kernel.roles import Role
from tests.factories.accounts import make_person, make_shop

if TYPE_CHECKING:
    from pathlib import Path

    from django.http.response import HttpResponseBase

PASSWORD: Final = "a long one of tests 7"
KINDS: Final = {
    "page": "/accounts/login/",
    "missing page": "/nowhere",
    "call without a token": "/api/v1/me",
    "document of the API": "/api/v1/openapi.json",
    "style": "/static/console/css/base.css",
    "script": "/static/console/js/app.js",
}


@pytest.fixture(autouse=True)
def folders(db: None, db_walls: None, settings: Any, tmp_path: Path) -> None:
    """Pages read the database; static files are served from the source tree."""
    settings.STATIC_ROOT = tmp_path


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_every_kind_of_answer_is_guarded(path: str) -> None:
    answer = Client().get(path)
    answer.close()  # a file
    policy = answer["Content-Security-Policy"]
    for directive in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
    assert (policy == POLICY) == (not path.startswith(("/accounts", "/nowhere")))


@pytest.mark.parametrize("method", ["TRACE", "TRACK"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/me", "/static/console/css/base.css"])
def test_a_request_is_not_sent_back(method: str, path: str) -> None:
    answer = Client().generic(method, path, HTTP_X_PLANTED="planted-value")
    assert answer.status_code in {401, 403, 404, 405}
    assert b"planted-value" not in answer.getvalue()


def test_no_folder_is_listed() -> None:
    for path in ("/static/", "/static/console/", "/static/console/css/"):
        assert Client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/profile", "/accounts/login/", "/accounts/logout/", "/language"])
def test_a_form_of_another_site_is_refused(path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    shop = make_shop()
    browser.force_login(
        make_person("saule", (shop.id, Role.OWNER)), settings.AUTHENTICATION_BACKENDS[0]
    )
    answer = browser.post(path, {"language": "kk"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert browser.get("/profile").status_code == 200  # still signed in, nothing changed


def signed_in() -> tuple[Client, HttpResponseBase]:
    """Sign in with a password through the page, in a browser that had a session before."""
    shop = make_shop()
    person = make_person("saule", (shop.id, Role.OWNER))
    person.set_password(PASSWORD)
    person.save()
    browser = Client()
    planted = browser.session
    planted["planted"] = "before"
    planted.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    answer = browser.post("/accounts/login/", {"login": "saule", "password": PASSWORD})
    assert answer.status_code == 302, answer.content[:500]
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != planted.session_key
    return browser, answer


def test_signing_in_gives_a_new_session() -> None:
    """One planted in the browser beforehand opens nothing."""
    browser, answer = signed_in()
    assert browser.get("/profile").status_code == 200
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        "Lax",
        "/",
        "",
    )


def test_a_session_signed_out_opens_nothing() -> None:
    browser, _ = signed_in()
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert browser.post("/accounts/logout/").status_code == 302
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert thief.get("/profile").status_code == 302
    assert thief.get("/profile")["Location"].startswith("/accounts/login/")


# --- with TLS in front ---

COOKIES: Final = """
import django; django.setup()
from django.conf import settings as s
from qaitar.config.default_headers import MessageCookie
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, MessageCookie.cookie_name, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)
"""
PLAIN: Final = "sessionid csrftoken messages False False True True 0 False"
UNDER_TLS: Final = (
    "__Host-sessionid __Host-csrftoken __Host-messages True True True True 31536000 True"
)


@pytest.mark.parametrize(("https", "stated"), [("", PLAIN), ("1", UNDER_TLS)])
def test_cookies_belong_to_this_host_alone_inside_tls(https: str, stated: str) -> None:
    environ = {**os.environ, "QAITAR_HTTPS": https}
    done = subprocess.run(
        [sys.executable, "-c", COOKIES], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == stated.split()


@pytest.mark.parametrize(
    ("path", "forwarded", "status"),
    [
        ("/accounts/login/", "http", 301),
        ("/accounts/login/", "https", 200),
        ("/api/v1/me", "http", 403),
        ("/api/v1/me", "", 403),
        ("/api/v1/me", "https", 401),
        ("/static/console/css/base.css", "http", 301),
    ],
)
def test_inside_tls_pages_are_led_to_it_and_calls_refused(
    path: str, forwarded: str, status: int
) -> None:
    """A redirect would hide for years that a program sends its token in the clear."""
    secure: dict[str, Any] = {
        "HTTPS": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    }
    with override_settings(**secure):
        headers = {"x-forwarded-proto": forwarded, "authorization": "Bearer qtr_planted"}
        answer = Client().get(path, headers=headers)
    assert answer.status_code == status
    assert b"qtr_planted" not in answer.getvalue()
    if forwarded == "https":
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_view_keeps_a_policy_of_its_own() -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    middleware = DefaultHeaders(lambda _request: own)
    assert middleware(RequestFactory().get("/"))["Content-Security-Policy"] == "sandbox"
