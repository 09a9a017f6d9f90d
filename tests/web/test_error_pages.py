"""Error pages people meet seldom: each says what happened and where to go, in their language, in the program's own frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from qaitar.foundation.inbox.request_bodies import FAILURE_KEY, BodyFailure
from qaitar.kernel.roles import Role
from tests.factories.accounts import make_person, make_shop

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpResponse

LANGUAGES = ("ru", "kk", "en")


@pytest.fixture(autouse=True)
def folders(db: None, db_walls: None, settings: Any, tmp_path: Path) -> None:
    """Pages read the database; no folder of built files is needed."""
    settings.STATIC_ROOT = tmp_path


def whole_page(answer: HttpResponse, status: int, language: str) -> str:
    """See that an answer is a page of ours with a style, one heading and a way on; return its text."""
    html = answer.content.decode()
    assert answer.status_code == status
    assert html.startswith("<!DOCTYPE html>"), html[:200]
    assert f'lang="{language}"' in html
    assert 'rel="stylesheet"' in html
    assert html.count("<h1") == 1
    assert f'<p class="big-code" aria-hidden="true">{status}</p>' in html
    assert 'class="button button--main" href="/"' in html
    assert "Content-Security-Policy" in answer.headers
    return html


@pytest.mark.parametrize("failure", list(BodyFailure), ids=lambda each: each.name)
def test_a_body_that_was_not_received(failure: BodyFailure) -> None:
    pages = set()
    for language in LANGUAGES:
        extra: dict[str, Any] = {FAILURE_KEY: failure}
        answer = Client().post("/accounts/login/", headers={"accept-language": language}, **extra)
        pages.add(whole_page(answer, failure.status, language))
    assert len(pages) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_many_tries_of_a_form_of_the_account(language: str) -> None:
    """The library that counts them answers with a bare line where there is no page of ours."""
    person = make_person("saule", (make_shop().id, Role.OWNER))
    person.language = language
    person.save()
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    form = {"oldpassword": "wrong", "password1": "a b c d e f 1", "password2": "a b c d e f 1"}
    answers = [browser.post("/accounts/password/change/", form) for _ in range(12)]
    assert answers[0].status_code == 200
    whole_page(answers[-1], 429, language)
