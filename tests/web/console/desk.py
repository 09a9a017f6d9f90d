"""What tests of the console share: a signed-in browser, counted statements, the words of a page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test import Client

from qaitar.returns.models import ReturnRequest
from tests.factories.accounts import open_walls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.foundation.models import User

BOOKKEEPING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")


def signed_in(person: User, *, csrf: bool = False) -> Client:
    """Open a browser session of this person without the login page."""
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def counted(client: Client, url: str, *, status: int = 200, **headers: Any) -> int:
    """Count the statements of one GET, session, user and walls included, BEGIN and COMMIT not."""
    stated: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        stated.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = client.get(url, **headers)
    assert answer.status_code == status, answer.status_code
    return sum(not sql.upper().startswith(BOOKKEEPING) for sql in stated)


def versioned(case: ReturnRequest, form: Mapping[str, str]) -> dict[str, str]:
    """Fill in the version of a case as its page shows it now."""
    open_walls(case.merchant_id)
    return {"version": str(ReturnRequest.objects.get(pk=case.pk).version), **form}


def words_of(answer: Any) -> str:
    """Give the text of a page without its tags, with single spaces."""
    text = re.sub(
        r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL
    )
    return " ".join(html.unescape(text).split())
