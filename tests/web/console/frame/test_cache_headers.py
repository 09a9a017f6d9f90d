"""No answer may be kept by a browser or a proxy unless its view says so: every address of the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.returns import make_case
from tests.web.url_matrix import addresses

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor
    from tests.factories.accounts import Shop

pytestmark = pytest.mark.usefixtures("clock", "db_walls")

SET_BY_THE_VIEW = {  # nothing of anybody in the first three; the others are asked again each time
    "manifest.webmanifest": "public, max-age=86400",
    "sw.js": "no-cache",
    "offline": "no-cache",
    "live": "private, no-cache",
    "views/counts": "private, no-cache",
}


def _path(route: str, values: dict[str, Any]) -> str:
    """Write a route's address; parameters that are not given get a value of their type that names nothing."""
    named = re.sub(r"\(\?P<(\w+)>(?:\[[^\]]*\]|[^)\]])*\)", r"<\1>", route).strip("$^")

    def value(found: re.Match[str]) -> str:
        kind, name = found[1] or "str", found[2]
        return str(values.get(name, {"int": 1, "uuid": uuid4()}.get(kind, "x")))

    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", value, named).replace("\\", "")


@pytest.mark.parametrize("who", ["signed in", "nobody"])
def test_no_answer_is_stored_unless_its_view_says_so(
    client: Client, shop: Shop, by: Actor, who: str
) -> None:
    case = make_case(shop, by)
    browser = client if who == "signed in" else Client()
    browser.raise_request_exception = False
    stated, pages = {}, 0
    for address in addresses():
        answer = browser.get(_path(address.route, {"pk": case.pk, "request_id": case.pk}))
        pages += answer.status_code == 200
        stated[address.route] = answer.get("Cache-Control", "")
        if address.route.endswith("logout/"):
            browser = client if who == "signed in" else browser
    other = {route: cache for route, cache in stated.items() if "no-store" not in cache}
    expected = SET_BY_THE_VIEW if who == "signed in" else dict(list(SET_BY_THE_VIEW.items())[:3])
    assert other == expected
    assert pages > (30 if who == "signed in" else 5)
    if who == "signed in":
        assert stated[""] == "private, no-store"


def test_errors_are_not_stored(client: Client) -> None:
    for answer in (
        client.get("/nowhere"),
        client.post(reverse("console:queue")),
        client.get("/api/v1/returns"),
        Client(headers={"Host": "bad_host!"}).get("/"),
    ):
        assert answer.status_code >= 400
        assert answer["Cache-Control"] == "private, no-store", answer


def test_an_unchanged_answer_keeps_what_its_first_stated(client: Client) -> None:
    first = client.get(reverse("console:live"))
    again = client.get(reverse("console:live"), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert first["Cache-Control"] == again["Cache-Control"] == "private, no-cache"
