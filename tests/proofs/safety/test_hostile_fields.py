"""Twelve hundred hostile texts and three hundred odd numbers and dates in each single field of every office form and of the API.

`make test` sends the hand-picked ones in all fields at once, `make prove` six hundred that way too.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.ops.clock import frozen_at
from qaitar.web.api.schemas_returns import ActIn, NotesIn, ReturnIn
from tests.corpora.strings import strings
from tests.corpora.values import values
from tests.factories.accounts import NOW
from tests.web.api.conftest import make_cast
from tests.web.console.hostile_forms import (
    FORMS,
    SECONDS_MAX,
    SYSTEMS,
    connection_form,
    connection_try,
    form_try,
    pages_run_nothing,
)
from tests.web.console.office import make_office
from tests.web.hostile_strings import as_json, writable

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

pytestmark = pytest.mark.django_db
TEXTS = [*strings(), *values()]
STRINGS = [text for text in TEXTS if writable(text)]
ACCEPTED = {200, 201, 400, 404, 409, 413, 422}


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Static files are served from the source tree."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = False


@pytest.mark.parametrize("name", sorted(FORMS))
def test_each_field_of_a_form_alone(settings: Any, name: str) -> None:
    """The others as a browser sends them, so that the text reaches what lies behind the form's own checks."""
    with frozen_at(NOW):
        office = make_office(settings)
        for field in FORMS[name]:
            form_try(office.owner, name, STRINGS, [field])
        pages_run_nothing(office.owner)
    print(f"\n{name}: {len(STRINGS)} texts in each of {len(FORMS[name])} fields")  # noqa: T201  the figures are what a proof is for


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_setting_of_a_connection_alone(settings: Any, system: str) -> None:
    with frozen_at(NOW):
        office = make_office(settings)
        _, _, names = connection_form(office, system)
        for field in names:
            connection_try(office, system, STRINGS, [field])
        pages_run_nothing(office.owner)
    print(f"\n{system}: {len(STRINGS)} texts in each of {len(names)} settings")  # noqa: T201  the figures are what a proof is for


@pytest.mark.parametrize("shape", [ReturnIn, NotesIn, ActIn], ids=lambda shape: shape.__name__)
def test_each_field_of_the_api_alone(settings: Any, shape: type[BaseModel]) -> None:
    """Each as a JSON text; numbers and dates also bare, as other programs write them."""
    with frozen_at(NOW):
        cast = make_cast()
        store = str(cast.shop.store.pk)
        filed = {"store": store, "number": "700000001-1", "quality": "PROPER"}
        case = cast.operator.post("/returns", filed).json()["id"]
        path, usual = {
            ReturnIn: ("/returns", filed),
            NotesIn: (f"/returns/{case}/notes", {}),
            ActIn: (f"/returns/{case}/acts", {"act": "ASK_CUSTOMER"}),
        }[shape]
        sent = 0
        for field in shape.model_fields:
            bodies = [as_json({**usual, field: text}) for text in TEXTS]
            reported = json.dumps({**usual, field: "PLACE"})
            bodies += [reported.replace('"PLACE"', text).encode() for text in values()]
            for body in bodies:
                began = time.monotonic()
                answer = cast.operator.post(path, raw=body)
                assert answer.status_code in ACCEPTED, (body[:300], answer.status_code)
                assert time.monotonic() - began < SECONDS_MAX, body[:300]
            sent += len(bodies)
    print(f"\n{shape.__name__}: {sent} bodies in {len(shape.model_fields)} fields")  # noqa: T201  the figures are what a proof is for
