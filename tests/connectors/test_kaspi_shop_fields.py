"""Orders over Kaspi's Shop API: how the fields of an order and of its lines are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from qaitar.connectors.kaspi_shop import translate, wire
from qaitar.contracts.marketplace import OrderRecord, RowRejected, TenderKind


def example() -> dict[str, Any]:
    """An order in the documented shape, every field filled."""
    return {
        "id": "NzAwMDAwMDAx=",
        "type": "orders",
        "attributes": {
            "code": "700000001", "totalPrice": "5990.0", "paymentMode": "PAY_WITH_CREDIT", "creditTerm": 6, "state": "ARCHIVE",
            "status": "COMPLETED", "creationDate": 1745691162415, "plannedDeliveryDate": 1745891162415,
            "deliveryMode": "DELIVERY_PICKUP", "isKaspiDelivery": True, "deliveryCost": "0.0", "deliveryCostForSeller": "895.0",
            "assembled": True, "pickupPointId": "1_PP1", "cancellationReason": "TIMEOUT_BUYER_PICKUP",
            "waybillNumber": "old", "returnedToWarehouse": True,
            "deliveryAddress": {"formattedAddress": "г. Алматы"},
            "customer": {"id": "NzAw", "name": "Т", "cellPhone": "7000000000", "firstName": "Т", "lastName": "Т"},
            "kaspiDelivery": {"waybill": "https://w", "waybillNumber": "101", "courierTransmissionDate": 1745755274000,
                              "courierTransmissionPlanningDate": 1745755274000, "returnedToWarehouse": False},
        },
        "relationships": {"entries": {"data": [{"id": "NzAwMDAwMDAxIyMw", "type": "orderentries"}]}},
    }  # fmt: skip


def entry() -> dict[str, Any]:
    return {
        "id": "NzAwMDAwMDAxIyMw", "type": "orderentries",
        "attributes": {"entryNumber": 0, "quantity": 2, "basePrice": "2995.0", "totalPrice": "5990.0", "unitType": "PIECES",
                       "category": {"code": "c", "title": "К"}, "offer": {"code": "o", "name": "Н", "isImeiRequired": True}},
        "relationships": {"product": {"data": {"id": "MTM3", "type": "masterproducts"}}},
    }  # fmt: skip


def read(order: dict[str, Any], included: list[dict[str, Any]]) -> OrderRecord | RowRejected:
    resources = [wire.Resource.model_validate(raw) for raw in included]
    return translate.order_from(order, translate.index_included(resources))


class TestTranslate:
    def test_documented_shape_is_read_whole(self):
        reported = read(example(), [entry()])
        assert isinstance(reported, OrderRecord)
        assert (reported.external_id, reported.total_minor, reported.credit_term_months) == (
            "NzAwMDAwMDAx",
            599000,
            6,
        )
        assert reported.created_at == datetime(2025, 4, 26, 18, 12, 42, 415000, tzinfo=UTC)
        assert (reported.waybill_number, reported.returned_to_warehouse) == ("101", False)
        assert reported.tenders is not None
        assert [(t.kind, t.amount_minor, t.term_months) for t in reported.tenders] == [
            (TenderKind.CREDIT, 599000, 6)
        ]
        assert reported.lines is not None
        [line] = reported.lines
        assert (line.quantity_milli, line.price_minor, line.offer_code, line.imei_required) == (
            2000,
            299500,
            "o",
            True,
        )

    def test_delivery_fields_of_old_documents_are_found_on_the_order(self):
        order = example()
        del order["attributes"]["kaspiDelivery"]
        reported = read(order, [])
        assert isinstance(reported, OrderRecord)
        assert (reported.waybill_number, reported.returned_to_warehouse) == ("old", True)

    def test_lines_come_whole_or_not_at_all(self):
        order = example()
        order["relationships"]["entries"]["data"].append({"id": "x", "type": "orderentries"})
        reported = read(order, [entry()])
        assert isinstance(reported, OrderRecord)
        assert reported.lines is None

    def test_status_never_seen_is_stored(self):
        order = example()
        order["attributes"] |= {
            "status": "GIVEN_TO_DELIVERY",
            "state": "SOMEWHERE",
            "paymentMode": "BARTER",
        }
        reported = read(order, [])
        assert isinstance(reported, OrderRecord)
        assert (reported.status, reported.state, reported.payment_mode) == (
            "GIVEN_TO_DELIVERY",
            "SOMEWHERE",
            "BARTER",
        )
        assert reported.tenders is not None
        assert reported.tenders[0].kind is TenderKind.UNKNOWN

    def test_any_field_may_be_anything(self):
        junk: list[Any] = [
            None,
            True,
            -1,
            10**14,
            "1e999",
            "",
            "\x00",
            [],
            {},
            [{}],
            {"data": 5},
            "x" * 9,
        ]
        rejected = 0
        for path in paths(example()) + [("included", *path) for path in paths(entry())]:
            for value in junk:
                order, line = example(), entry()
                target: Any = line if path[0] == "included" else order
                keys = path[1:] if path[0] == "included" else path
                for key in keys[:-1]:
                    target = target[key]
                target[keys[-1]] = value
                reported = read(order, [line])
                rejected += isinstance(reported, RowRejected)
                assert isinstance(reported, RowRejected) or reported.code
        assert 0 < rejected < 2 * len(junk)


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [so_far] if so_far else []
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return here + [path for key, below in inner for path in paths(below, (*so_far, key))]
