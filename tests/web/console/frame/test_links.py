"""Every link a page shows leads to a page that is there."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, actor
from tests.factories.returns import make_case
from tests.web.console.office import make_office

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db
LINK = re.compile(r'(?:href|src)="(/[^"#]*)')
PAGES_MAX = 200


def test_no_link_leads_nowhere(settings: Any, tmp_path: Path) -> None:
    """Walk from the first page of an owner wherever links lead; pages that differ by what follows ? are one page."""
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    with frozen_at(NOW):
        office = make_office(settings)
        make_case(office.shop, actor(office.staff[Role.OPERATOR], office.shop.id))
        browser = office.browser(Role.OWNER)
        seen, waiting = {"/"}, ["/"]
        lost, pages = [], 0
        while waiting and pages < PAGES_MAX:
            address = waiting.pop(0)
            answer = browser.get(address)
            if answer.status_code in {404, 500}:
                lost.append(address)
            if answer.streaming or not answer["Content-Type"].startswith("text/html"):
                continue
            pages += 1
            for link in LINK.findall(answer.content.decode()):
                target = unescape(link)
                path = urlsplit(target).path
                if path not in seen and not path.startswith("/static/"):
                    seen.add(path)
                    waiting.append(target)
    assert lost == []
    assert waiting == [], "every page was looked at"
    assert pages > 60
    assert any(path.startswith("/api/") for path in seen)
