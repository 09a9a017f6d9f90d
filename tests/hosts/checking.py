"""Holds the database to what was acknowledged: each write is there, once; and each life is as one life has to be."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.db import transaction

from qaitar.foundation.models import JournalEntry, PlannedEffect, StoredFile
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.full_case_check import faults
from qaitar.returns.models import Evidence, ReturnRequest


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Look for every acknowledged write; `effects` only counts by state."""
    merchant = UUID(task["merchant"])
    with transaction.atomic():
        see([merchant])
        states = Counter(PlannedEffect.objects.values_list("state", flat=True))
        reported: dict[str, Any] = {"effects": dict(states), **_compared(task["acknowledged"])}
        reported["proofs"] = Evidence.objects.count()
        reported["files"] = StoredFile.objects.count()
        reported["cases"] = ReturnRequest.objects.count()
        sample = ReturnRequest.objects.values_list("pk", flat=True).first()
    if task.get("lives") and sample is not None:
        found = faults(merchant, task["lives"], sample)
        found["calls answered without a stored answer"] -= reported["proofs"]
        reported["faults"] = {name: count for name, count in found.items() if count}
    return reported


def _compared(acknowledged: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = dict(ReturnRequest.objects.values_list("pk", "number"))
    done = Counter(JournalEntry.objects.values_list("subject_id", "act"))
    lost, twice = [], []
    for write in acknowledged:
        key = UUID(write["case"])
        times = done[key, write["act"]]
        if numbers.get(key) != write["number"] or times == 0:
            lost.append(f"{write['number']} {write['act']}")
        elif times > 1:
            twice.append(f"{write['number']} {write['act']}")
    return {"lost": lost, "twice": twice}
