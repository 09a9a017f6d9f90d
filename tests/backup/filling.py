"""Fills an installation that is ready to work with one case and one file; prints what is there.  Run as a program."""

from __future__ import annotations

import io
import json
import sys

from django.db import transaction

from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case


def fill() -> dict[str, str]:
    now = utc_now()
    stored = FileStore().put(io.BytesIO(b"evidence" * 1000))
    with transaction.atomic():
        shop = make_shop(now=now)
        by = actor(make_person("aigerim", (shop.id, Role.OPERATOR), now=now), shop.id)
        open_walls(shop.id)
        case = make_case(shop, by, now=now)
        StoredFile.objects.create(
            merchant_id=shop.id,
            sha256=stored.sha256,
            size=stored.size,
            name="акт.pdf",
            kind="PDF",
            mime="application/pdf",
            extension="pdf",
            created_at=now,
            created_by_name="Айгерім",
            origin="web",
        )
    return {"merchant": str(shop.id), "number": case.number, "file": stored.sha256}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fill()) + "\n")
