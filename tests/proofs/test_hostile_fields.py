"""Six hundred hostile strings in each single field of every office form; `make test` sends them in all fields at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.clock import frozen_at
from tests.factories.accounts import NOW
from tests.web.console.hostile_forms import (
    FORMS,
    SYSTEMS,
    connection_form,
    connection_try,
    form_try,
    pages_run_nothing,
)
from tests.web.console.office import make_office
from tests.web.hostile_strings import hostile_strings, writable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db
STRINGS = [text for text in hostile_strings() if writable(text)]


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
    print(f"\n{name}: {len(STRINGS)} strings in each of {len(FORMS[name])} fields")  # noqa: T201  the figures are what a proof is for


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_setting_of_a_connection_alone(settings: Any, system: str) -> None:
    with frozen_at(NOW):
        office = make_office(settings)
        _, _, names = connection_form(office, system)
        for field in names:
            connection_try(office, system, STRINGS, [field])
        pages_run_nothing(office.owner)
    print(f"\n{system}: {len(STRINGS)} strings in each of {len(names)} settings")  # noqa: T201  the figures are what a proof is for
