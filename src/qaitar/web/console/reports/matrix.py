"""Reasons across, products down: which thing comes back and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.web.console.reports.records import Figure, Matrix, MatrixRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from qaitar.analytics.selectors import Reasons
    from qaitar.returns.models import ReturnRequest
    from qaitar.web.console.reports.filters import ReportRequest


def matrix_of(
    report: ReportRequest, reasons: Reasons, samples: Mapping[UUID, ReturnRequest]
) -> Matrix | None:
    """Make the table; None where nothing was filed."""
    if not reasons.total:
        return None
    product_names, reason_names = _names(reasons, samples)
    path = reverse("console:report_list")

    def figure(label: str, count: int, **narrowed: str) -> Figure:
        return Figure(label=label, count=count, url=report.url(path, measure="filed", **narrowed))

    def row(product: str) -> MatrixRow:
        cells = [reasons.cells.get((product, reason)) for reason in reasons.reasons]
        figures = [
            figure(reason_names[reason], cell.count if cell else 0, product=product, reason=reason)
            for cell, reason in zip(cells, reasons.reasons, strict=True)
        ]
        whole = figure(_("All"), reasons.products[product], product=product)
        return MatrixRow(label=product_names[product], figures=(*figures, whole))

    feet = [figure(reason_names[r], n, reason=r) for r, n in reasons.reasons.items()]
    counted = sum(reasons.products.values())
    return Matrix(
        headings=(*(reason_names[reason] for reason in reasons.reasons), _("All")),
        rows=tuple(row(product) for product in reasons.products),
        foot=MatrixRow(label=_("All products"), figures=(*feet, figure(_("All"), reasons.total))),
        rest=_("Other products: %(count)d requests.") % {"count": reasons.total - counted}
        if reasons.total > counted
        else "",
    )


def _names(
    reasons: Reasons, samples: Mapping[UUID, ReturnRequest]
) -> tuple[dict[str, str], dict[str, str]]:
    """Find words for keys: what a request among those counted calls the product and the reason."""
    products = dict.fromkeys(reasons.products, "")
    names = dict.fromkeys(reasons.reasons, "")
    for cell in reasons.cells.values():
        sample = samples.get(cell.sample_id)
        if sample is not None:
            products[cell.product] = products[cell.product] or sample.product_name
            names[cell.reason] = names[cell.reason] or sample.reason_text
    for reason, sample_id in reasons.reason_samples.items():
        sample = samples.get(sample_id)
        if sample is not None:
            names[reason] = names[reason] or sample.reason_text
    return (
        {key: name or key or _("Product not told") for key, name in products.items()},
        {key: name or key or _("Reason not told") for key, name in names.items()},
    )
