"""The shapes the cabinet's refunds service answers with; names are exactly theirs, every field may be missing or retyped."""
# ruff: noqa: N815  field names are the vendor's own

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qaitar.transport.lenient import Flag, Milli, Minor, Text, Texts, Whole, record, records


class CabinetWire(BaseModel):
    """A shape that never refuses: what is unknown is ignored here and kept in the raw record."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _list_or_none(value: object) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _records_or_none(value: object) -> list[dict[str, Any]] | None:
    return records(value) if isinstance(value, list | dict) else None


class Count(CabinetWire):
    """One element of `load-refunds-count`."""

    tab: Text = None
    tabTitle: Text = None
    total: Whole = None


class ReasonChange(CabinetWire):
    """`reasonChangeHistory`: what the buyer chose; `changeContext` was null where nothing had been changed."""

    originReason: Text = None
    originReasonDescription: Text = None
    changeContext: Text = None


class Reason(CabinetWire):
    """`refundReason`: a code and its words; a detail tells besides what it was before the marketplace changed it."""

    reason: Text = None
    reasonDescription: Text = None
    reasonChangeHistory: Annotated[list[ReasonChange] | None, BeforeValidator(_records_or_none)] = (
        None
    )


class StepWire(CabinetWire):
    """One of `stateSteps`; `expirationTime` is ISO in local time without a zone."""

    title: Text = None
    stepStatus: Text = None
    stage: Text = None
    result: Text = None
    expirationTime: Text = None
    stepType: Text = None
    delayed: Flag = None
    comment: Text = None
    additionalText: Text = None
    inspectionResultUrl: Text = None
    stepHint: Text = None


class Image(CabinetWire):
    """One element of `images/preview`."""

    imageUrl: Text = None


class Refund(CabinetWire):
    """A list item or a detail: two tables of names with some in common, see `facts`."""

    refundId: Text = None
    applicationNumber: Text = None
    tab: Text = None
    refundTab: Text = None
    reason: Text = None
    refundReason: Annotated[Reason | None, BeforeValidator(record)] = None
    plannedDate: Text = None
    order: Any = None
    productSku: Text = None
    productName: Text = None
    customer: Text = None
    customerName: Text = None
    customerPhone: Text = None
    sum: Minor = None
    total: Minor = None
    totalWithdraw: Minor = None
    productPrice: Minor = None
    quantity: Milli = None
    description: Text = None
    stepDescription: Text = None
    merchantHint: Text = None
    comment: Text = None
    rejectDescription: Text = None
    responsible: Text = None
    deliveryType: Text = None
    address: Any = None
    orderAddress: Any = None
    actions: Annotated[list[Any] | None, BeforeValidator(_list_or_none)] = None
    stateSteps: Annotated[list[StepWire] | None, BeforeValidator(_records_or_none)] = None
    klTrackUrl: Text = None
    imageUrls: Annotated[Texts | None, BeforeValidator(_list_or_none)] = None
    createdDate: Text = None
    orderCompletionDate: Text = None


class RefundList(CabinetWire):
    """`load-refunds-by-tab`."""

    data: Annotated[list[dict[str, Any]], BeforeValidator(records)] = Field(default_factory=list)
    total: Whole = None
