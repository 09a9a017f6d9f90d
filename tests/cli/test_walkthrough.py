"""`qaitar walkthrough` plays every branch of the procedure, tells each step, and ends with 1 when something does not hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from qaitar.cli import walkthrough as command
from qaitar.demo.branches import BRANCHES
from qaitar.demo.report import ReportedEffect, ReportedStep
from qaitar.demo.walkthrough import Played, walkthrough
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry, MerchantKey
from qaitar.foundation.tenancy.walls import see
from qaitar.returns.rules.procedure import PROCEDURE
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    import pytest

    from qaitar.runtime.addresses import DatabaseAddresses

AT = datetime(2026, 5, 18, 4, 0, tzinfo=UTC)
STEP = ReportedStep(
    at=AT,
    step="1-2",
    request="710000001-1",
    who="Айгерим (operator)",
    act="ASK_CUSTOMER",
    stage="WAITING_CUSTOMER",
    section="NEW",
    control_at="2026-05-20T04:00:00+00:00",
    control_rule="MARKETPLACE_DATE",
    control_source="kaspi.request.planned_date",
    effects=(ReportedEffect("OPEN_TICKET", "DONE", "1001"),),
)


def test_all_branches_hold_and_pass_every_step_of_the_procedure(
    installation: DatabaseAddresses, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.show(walkthrough(), json_wanted=True) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["ok"] is True
    assert reported["journal"] == []
    assert [each["name"] for each in reported["branches"]] == [branch.name for branch in BRANCHES]
    assert [each["wrong"] for each in reported["branches"]] == [[] for _ in BRANCHES]

    steps = [step for branch in reported["branches"] for step in branch["steps"]]
    assert {step.number for step in PROCEDURE} <= {step["step"] for step in steps}
    effects = [effect for step in steps for effect in step["effects"]]
    presses = {Effect.PRESS_TAKE, Effect.PRESS_REFUSE, Effect.PRESS_GRANT}
    assert {effect["kind"] for effect in effects} == {e.value for e in set(Effect) - presses}
    assert {effect["state"] for effect in effects} == {"DONE"}
    slept = [s["why"] for s in steps if s["act"] == "GUARD_MISSED" and "skipped=" in s["why"]]
    assert any("DEFAULT_ACTION" in why for why in slept)

    (merchant,) = MerchantKey.objects.all()
    assert merchant.active is False
    with transaction.atomic():
        see([merchant.pk])
        for subject in JournalEntry.objects.values_list("subject_id", flat=True).distinct():
            assert (
                first_break(JournalEntry.objects.filter(subject_id=subject).order_by("seq")) is None
            )


def test_each_step_is_a_line_a_person_can_follow(capsys: pytest.CaptureFixture[str]) -> None:
    played = Played("proper quality", "asked", (STEP,), ())
    assert command.show([played], json_wanted=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "",
        "1. proper quality: asked",
        (
            "   18.05 09:00  1-2  710000001-1  Айгерим (operator): ASK_CUSTOMER → WAITING_CUSTOMER,"
            " section NEW, control date 20.05 09:00 (MARKETPLACE_DATE, kaspi.request.planned_date)"
        ),
        "                     OPEN_TICKET done 1001",
        "   ok",
        "",
        "1 of 1 branches hold; 1 effects outside, each exactly once.",
        "Everything holds.",
    ]


def test_what_does_not_hold_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Played("proper quality", "asked", (STEP,), ("OPEN_TICKET 7: 2 tickets, not 1",))
    assert command.show([wrong], json_wanted=False) == 1
    assert "   NOT SO: OPEN_TICKET 7: 2 tickets, not 1" in capsys.readouterr().out
    fine = Played("proper quality", "asked", (STEP,), ())
    assert command.show([fine, "the journal of 7 breaks at line 2"], json_wanted=True) == 1
    reported = json.loads(capsys.readouterr().out)
    assert reported["ok"] is False
    assert reported["journal"] == ["the journal of 7 breaks at line 2"]
    assert reported["branches"][0]["ok"] is True


def test_the_child_is_led_to_nothing_of_this_installation() -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/root",
        "DATABASE_URL": "postgresql://shop@db/shop",
        "QAITAR_DB_APP_DSN": "x",
        "QAITAR_DB_OWNER_DSN": "x",
        "QAITAR_DATA": "/srv/shop",
        "QAITAR_S3_BUCKET": "proofs",
        "QAITAR_ENCRYPTION_KEY": "k" * 40,
    }
    assert command._environ(environ) == {"PATH": "/bin", "HOME": "/root"}
