"""What has to be said of an answer of the cabinet of which one value was removed, nulled, doubled or given another type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

COUNTS, LIST, DETAIL = "load-refunds-count", "load-refunds-by-tab", "load-refund-details"
NOT_READ = {
    "unit", "weight", "customerId", "unitCode", "examinationProtocolExist", "stepAction",
    "daysCountBetweenRefundCreationAndOrderCompletion",
}  # fmt: skip
MAY_LACK = {"productName"}  # read where it comes; no captured detail has it
STEP_ALWAYS = {"title", "stepType", "stage", "stepStatus"}
MONEY = {"sum", "total", "totalWithdraw", "productPrice", "quantity"}
DATES = {"plannedDate", "createdDate", "orderCompletionDate", "expirationTime"}
TABS = {"tab", "refundTab"}
RECORDS = {"order": "code", "address": "formattedAddress", "orderAddress": "formattedAddress"}
LISTS = {"stateSteps", "imageUrls", "actions"}
INSIDE = {"title", "stepType", "stage", "stepStatus", "reason", "reasonDescription"}
NEVER_EMPTY = {
    LIST: INSIDE
    | {"refundId", "tab", "refundReason", "plannedDate", "order", "productSku", "sum", "quantity", "description"},
    DETAIL: INSIDE
    | {
        "refundId", "refundTab", "refundReason", "order", "productSku", "total", "quantity", "stepDescription", "actions",
        "stateSteps", "imageUrls", "createdDate",
    },
}  # fmt: skip
OF_ITEMS_ONLY = {"tab", "reason", "plannedDate", "customer", "sum", "description"}
"""A detail as captured has none of these; where one comes all the same it may be missing or empty."""
HISTORY = "reasonChangeHistory"
READS_AS_TEXT = (str, int, float)


@dataclass(frozen=True)
class Expected:
    """Fields named with the reason, codes of problems, names given twice."""

    unread: frozenset[tuple[str, str]] = frozenset()
    problems: frozenset[str] = frozenset()
    doubled: tuple[str, ...] = ()


def problem(*codes: str) -> Expected:
    return Expected(problems=frozenset(codes))


def unread(name: str, *whys: str) -> Expected:
    return Expected(unread=frozenset((name, why) for why in whys))


def is_text(value: Any) -> bool:
    return isinstance(value, READS_AS_TEXT) and not isinstance(value, bool)


def expected(call: str, place: tuple[Any, ...], change: Any) -> Expected:
    """Say what has to be shown when `change` was done to what stands at `place` of a call's answer."""
    key = place[-1]
    if change == "DOUBLED":
        return Expected(problems=frozenset({"doubled_field"}), doubled=(str(key),))
    if call == COUNTS:
        return of_counts(place, change)
    if call == LIST and len(place) < 3:
        return of_list(place, change)
    inside = place[2:] if call == LIST else place
    return of_history(inside, change) if HISTORY in inside else of_request(call, inside, change)


def of_history(place: tuple[Any, ...], change: Any) -> Expected:
    """Inside the history of the reason nothing is missed; itself it may lack, else it has to be records."""
    lawful = place[-1] != HISTORY or place[0] == HISTORY or change in ("REMOVED", "NULLED")
    if lawful or isinstance(change, list | dict):
        return Expected()
    return unread(".".join(map(str, place)), "unread")


def of_counts(place: tuple[Any, ...], change: Any) -> Expected:
    here = f"[{place[0]}]"
    if len(place) == 1 and isinstance(change, dict):
        names = ("tab", "tabTitle", "total")
        return Expected(frozenset((f"{here}.{name}", "missing") for name in names))
    if len(place) == 1:
        return Expected() if change == "REMOVED" else unread(here, "unread")
    name = f"{here}.{place[1]}"
    if change in ("REMOVED", "NULLED"):
        return unread(name, "missing" if change == "REMOVED" else "empty")
    return of_other_type(name, place[1], change)


def of_list(place: tuple[Any, ...], change: Any) -> Expected:
    if place == ("total",):
        return Expected() if change == 7 and change is not True else problem("list_total")
    if change == "REMOVED" and len(place) == 2:
        return problem("list_total")
    if place == ("data",) and change == []:
        return problem("list_total")
    return problem("unknown_shape")


def of_request(call: str, place: tuple[Any, ...], change: Any) -> Expected:
    name = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, place)))
    key = place[-1]
    if key in NOT_READ:
        return Expected()
    if isinstance(key, int):  # one of a list
        return of_element(name, place, change)
    if key == "applicationNumber":
        return problem(
            "NUMBER_UNREADABLE"
            if is_text(change) and change not in ("REMOVED", "NULLED")
            else "no_number"
        )
    inner_step = place[0] == "stateSteps" and len(place) > 1
    not_of_details = call == DETAIL and len(place) == 1 and key in OF_ITEMS_ONLY
    if change == "REMOVED":
        lawful = key in MAY_LACK or not_of_details or (inner_step and key not in STEP_ALWAYS)
        return Expected() if lawful else unread(name, "missing")
    if change == "NULLED":
        lawful = key not in NEVER_EMPTY[call] or (key == "reason" and len(place) == 1)
        return Expected() if lawful else unread(name, "empty")
    return of_other_type(name, key, change)


def of_element(name: str, place: tuple[Any, ...], change: Any) -> Expected:
    if change == "REMOVED":
        return Expected()
    if place[0] == "stateSteps" and isinstance(change, dict):
        return Expected(frozenset((f"{name}.{each}", "missing") for each in STEP_ALWAYS))
    if place[0] == "imageUrls" and is_text(change) and change != "NULLED":
        return Expected()
    return unread(name, "unread")


def of_other_type(name: str, key: str, change: Any) -> Expected:
    """A value of another type is read where it still says what it should; else it is named."""
    if key == "refundReason" and isinstance(change, dict):
        inside = ("reason", "reasonDescription")
        return Expected(frozenset((f"{name}.{each}", "missing") for each in inside))
    if key in {"imageUrls", "stateSteps"} and change == [None]:
        return unread(f"{name}[0]", "unread")
    if not reads(key, change):
        return unread(name, "unread")
    why = "not_a_date" if key in DATES else "unknown_section" if key in TABS else ""
    return unread(name, why) if why else Expected()


def reads(key: str, change: Any) -> bool:
    if key in MONEY:
        return change == 7 and change is not True
    if key in LISTS:
        return isinstance(change, list)
    if key == "delayed":
        return change is True
    return key != "refundReason" and is_text(change)
