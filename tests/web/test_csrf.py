"""A form without its token is refused at every address of the program; only calls by a token of the API need none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import Client

from qaitar.kernel.roles import Role
from tests.factories.accounts import make_person, make_shop
from tests.web.console.desk import signed_in
from tests.web.server.site import body_addresses

if TYPE_CHECKING:
    from pathlib import Path

API = "/api/"
NO_ADDRESS = "/accounts/password/reset/key/x/"
"""What a made-up value makes of an address that takes a person and a key: no address at all."""


def test_a_form_without_a_token_is_refused_everywhere(
    db_walls: None, settings: Any, tmp_path: Path
) -> None:
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    person = make_person("saule", (make_shop().id, Role.OWNER))
    paths = [path for path in body_addresses() if not path.startswith(API) and path != NO_ADDRESS]
    assert len(paths) > 130
    accepted = {}
    for browser in (signed_in(person, csrf=True), Client(enforce_csrf_checks=True)):
        for path in paths:
            answer = browser.post(path, {"x": "1"})
            if answer.status_code != 403:
                accepted[path] = answer.status_code
    assert accepted == {}
