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
        count = wire.Count.model_validate(item)
        if count.tab is None or count.total is None or count.total < 0:
            continue
        section = facts.SECTIONS.get(count.tab)
        if section is None:
            unknown[count.tab] = count.total
        else:
            totals[section] = count.total
    return SectionCounts(totals=totals, unknown=unknown, unread=counts_unread(items))


def reading_from(
    raw: Mapping[str, Any], *, position: int = 1, tab: str | None = None
) -> ReturnReading | RowRejected:
    """Read a list item or a detail.  `tab` is the section that was asked for, used when the item does not tell its own."""
    refund = wire.Refund.model_validate(raw)
    if refund.applicationNumber is None:
        return RowRejected(
            row_number=position,
            reason_code="no_number",
            reason="A return request without applicationNumber.",
            raw=raw,
        )
    section_raw = refund.tab or refund.refundTab or tab
    why = refund.refundReason or wire.Reason()
    origin = _origin(why)
    return ReturnReading(
        number=refund.applicationNumber,
        refund_id=refund.refundId,
        section=facts.SECTIONS.get(section_raw) if section_raw else None,
        section_raw=section_raw,
        order_code=_order(refund),
        reason_code=why.reason or refund.reason,
        reason_text=why.reasonDescription,
        planned_at=moment(refund.plannedDate) or _current_expiry(refund),
        status_text=refund.description or refund.stepDescription,
        step_text=refund.stepDescription,
        hint_text=refund.merchantHint,
        product_sku=refund.productSku,
        product_name=refund.productName,
        customer_name=refund.customerName or refund.customer,
        customer_phone_raw=phone(refund.customerPhone),
        amount_minor=refund.sum if refund.sum is not None else refund.total,
        total_withdraw_minor=refund.totalWithdraw,
        price_minor=refund.productPrice,
        quantity_milli=refund.quantity,
        comment=refund.comment,
        reject_text=refund.rejectDescription,
        responsible=refund.responsible,
        delivery_type=refund.deliveryType,
        address=_address(refund.address) or _address(refund.orderAddress),
        steps=tuple(map(_step, refund.stateSteps)) if refund.stateSteps is not None else None,
        image_urls=tuple(refund.imageUrls) if refund.imageUrls is not None else None,
        tracking_url=refund.klTrackUrl,
        created_at=moment(refund.createdDate),
        order_completed_on=day(refund.orderCompletionDate),
        actions_raw=tuple(refund.actions) if refund.actions is not None else None,
        reason_history=_history(raw),
        reason_origin_code=origin.originReason,
        reason_origin_text=origin.originReasonDescription,
        unread=unread_in(raw, refund),
        raw=raw,
    )


def _order(refund: wire.Refund) -> str | None:
    code = refund.order.get("code") if isinstance(refund.order, dict) else refund.order
    return lenient.text(code) or order_code_of(refund.applicationNumber or "")


def _address(value: object) -> str | None:
    return lenient.text(value.get("formattedAddress") if isinstance(value, dict) else value)


def _current_expiry(refund: wire.Refund) -> datetime | None:
    """The control date was seen equal to the current step's expiry, so it stands in where the date itself is missing."""
    current = (step for step in refund.stateSteps or () if step.stage == facts.CURRENT_STAGE)
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
    history = inside.get("reasonChangeHistory") or raw.get("reasonChangeHistory")
    return tuple(lenient.records(history)) if isinstance(history, list | dict) else None


def _step(step: wire.StepWire) -> StepReading:
    return StepReading(
        title=step.title,
        step_type=step.stepType,
        step_status=step.stepStatus,
        stage=step.stage,
        result=step.result,
        expires_at=moment(step.expirationTime),
        delayed=step.delayed,
        comment=step.comment,
        additional_text=step.additionalText,
        hint=step.stepHint,
        inspection_result_url=step.inspectionResultUrl,
    )


def images_from(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Read `images/preview`.

    >>> images_from([{"imageUrl": "https://a/1"}, {}])
    ('https://a/1',)
    """
    urls = (wire.Image.model_validate(item).imageUrl for item in items)
    return tuple(url for url in urls if url is not None)
