"""The cabinet's shapes → our readings.  Pure and total: an odd value is not known, only a request without a number is rejected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qaitar.connectors.kaspi_cabinet import facts, wire
from qaitar.connectors.kaspi_cabinet.moments import moment
from qaitar.connectors.kaspi_cabinet.unread import counts_unread, unread_in
from qaitar.contracts.marketplace import (
    ReturnReading,
    RowRejected,
    Section,
    SectionCounts,
    StepReading,
)
from qaitar.kernel.almaty import almaty_day
from qaitar.transport import lenient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

_NUMBER = re.compile(r"([0-9]{1,20})-([0-9]{1,4})\Z")


def order_code_of(number: str) -> str | None:
    """Take the order's number out of a request's number `<order>-<attempt>`.

    >>> order_code_of("700000001-2"), order_code_of("возврат")
    ('700000001', None)
    """
    found = _NUMBER.match(number)
    return found[1] if found else None


def day(text: str | None) -> date | None:
    """Read the Almaty day of an ISO time.

    >>> day("2026-08-20")
    datetime.date(2026, 8, 20)
    """
    read = moment(text)
    return almaty_day(read) if read is not None else None


def phone(text: str | None) -> str | None:
    """Leave out a phone the cabinet masked, with zeros or stars.

    >>> phone("+0(000)-000-00-00"), phone("+7(701)-***-00-00"), phone("+7(701)-000-00-01")
    (None, None, '+7(701)-000-00-01')
    """
    digits = [char for char in text or "" if char.isdigit()]
    masked = "*" in (text or "") or not any(char != "0" for char in digits)
    return None if masked else text


def counts_from(items: Sequence[object]) -> SectionCounts:
    """Read `load-refunds-count`; a tab never seen is kept by its own name."""
    totals: dict[Section, int] = {}
    unknown: dict[str, int] = {}
    for item in lenient.records(list(items)):
        told = wire.Count.model_validate(item)
        if told.tab is None or told.total is None or told.total < 0:
            continue
        section = facts.SECTIONS.get(told.tab)
        if section is None:
            unknown[told.tab] = told.total
        else:
            totals[section] = told.total
    return SectionCounts(totals=totals, unknown=unknown, unread=counts_unread(items))


def reading_from(
    raw: Mapping[str, Any], *, position: int = 1, tab: str | None = None
) -> ReturnReading | RowRejected:
    """Read a list item or a detail.  `tab` is the section that was asked for, used when the item does not tell its own."""
    told = wire.Refund.model_validate(raw)
    if told.applicationNumber is None:
        return RowRejected(
            row_number=position,
            reason_code="no_number",
            reason="A return request without applicationNumber.",
            raw=raw,
        )
    shown = told.tab or told.refundTab or tab
    why = told.refundReason or wire.Reason()
    origin = _origin(why)
    return ReturnReading(
        number=told.applicationNumber,
        refund_id=told.refundId,
        section=facts.SECTIONS.get(shown) if shown else None,
        section_raw=shown,
        order_code=_order(told),
        reason_code=why.reason or told.reason,
        reason_text=why.reasonDescription,
        planned_at=moment(told.plannedDate) or _current_expiry(told),
        status_text=told.description or told.stepDescription,
        step_text=told.stepDescription,
        hint_text=told.merchantHint,
        product_sku=told.productSku,
        product_name=told.productName,
        customer_name=told.customerName or told.customer,
        customer_phone_raw=phone(told.customerPhone),
        amount_minor=told.sum if told.sum is not None else told.total,
        total_withdraw_minor=told.totalWithdraw,
        price_minor=told.productPrice,
        quantity_milli=told.quantity,
        comment=told.comment,
        reject_text=told.rejectDescription,
        responsible=told.responsible,
        delivery_type=told.deliveryType,
        address=_address(told.address) or _address(told.orderAddress),
        steps=tuple(map(_step, told.stateSteps)) if told.stateSteps is not None else None,
        image_urls=tuple(told.imageUrls) if told.imageUrls is not None else None,
        tracking_url=told.klTrackUrl,
        created_at=moment(told.createdDate),
        order_completed_on=day(told.orderCompletionDate),
        actions_raw=tuple(told.actions) if told.actions is not None else None,
        reason_history=_history(raw),
        reason_origin_code=origin.originReason,
        reason_origin_text=origin.originReasonDescription,
        unread=unread_in(raw, told),
        raw=raw,
    )


def _order(told: wire.Refund) -> str | None:
    shown = told.order.get("code") if isinstance(told.order, dict) else told.order
    return lenient.text(shown) or order_code_of(told.applicationNumber or "")


def _address(value: object) -> str | None:
    return lenient.text(value.get("formattedAddress") if isinstance(value, dict) else value)


def _current_expiry(told: wire.Refund) -> datetime | None:
    """The control date was seen equal to the current step's expiry, so it stands in where the date itself is missing."""
    current = (step for step in told.stateSteps or () if step.stage == facts.CURRENT_STAGE)
    return next((found for step in current if (found := moment(step.expirationTime))), None)


def _origin(why: wire.Reason) -> wire.ReasonChange:
    """Give what the buyer had chosen where the marketplace has replaced it; an empty record where it has not."""
    for change in why.reasonChangeHistory or ():
        if change.originReason and why.reason and change.originReason != why.reason:
            return change
    return wire.ReasonChange()


def _history(raw: Mapping[str, Any]) -> tuple[Mapping[str, object], ...] | None:
    """Keep the history of the reason as it came: inside the reason, as captured, or beside it."""
    inside = lenient.record(raw.get("refundReason")) or {}
    told = inside.get("reasonChangeHistory") or raw.get("reasonChangeHistory")
    return tuple(lenient.records(told)) if isinstance(told, list | dict) else None


def _step(told: wire.Step) -> StepReading:
    return StepReading(
        title=told.title,
        step_type=told.stepType,
        step_status=told.stepStatus,
        stage=told.stage,
        result=told.result,
        expires_at=moment(told.expirationTime),
        delayed=told.delayed,
        comment=told.comment,
        additional_text=told.additionalText,
        hint=told.stepHint,
        inspection_result_url=told.inspectionResultUrl,
    )


def images_from(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Read `images/preview`.

    >>> images_from([{"imageUrl": "https://a/1"}, {}])
    ('https://a/1',)
    """
    urls = (wire.Image.model_validate(item).imageUrl for item in items)
    return tuple(url for url in urls if url is not None)
