"""Every call of the API in every role: a call does for a role what the page of the same work does, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.foundation.models import Membership, StoredFile
from qaitar.kernel.roles import Role
from qaitar.orders.services.stores import StoreEntry, store_create
from tests.factories.accounts import NOW, make_person, make_token, open_walls
from tests.web.api.callers import Program
from tests.web.api.test_matrix import MATRIX, Try, call, everything
from tests.web.api.world import Side, make_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.foundation.models import User

PEOPLE: Final = frozenset(Role) - {Role.SYSTEM}
WORKERS: Final = frozenset({Role.OPERATOR, Role.SENIOR, Role.OWNER, Role.ADMIN})
WORKERS_AND_CLERK: Final = WORKERS | {Role.CLERK}
MANAGERS: Final = frozenset({Role.OWNER, Role.ADMIN})

READS: Final = {
    "api/v1/returns",
    "api/v1/returns/<uuidstr:request_id>",
    "api/v1/returns/<uuidstr:request_id>/journal",
    "api/v1/evidence/<uuidstr:evidence_id>/file",
    "api/v1/orders",
    "api/v1/orders/<uuidstr:order_id>",
    "api/v1/stores",
    "api/v1/me",
}
MAY: Final[dict[tuple[str, str], frozenset[Role]]] = {
    **{("GET", route): PEOPLE for route in READS},
    ("POST", "api/v1/returns"): WORKERS,
    ("POST", "api/v1/returns/<uuidstr:request_id>/acts"): WORKERS,
    ("POST", "api/v1/returns/acts"): WORKERS,
    ("POST", "api/v1/returns/<uuidstr:request_id>/notes"): WORKERS_AND_CLERK,
    ("POST", "api/v1/returns/<uuidstr:request_id>/evidence"): WORKERS_AND_CLERK,
    ("POST", "api/v1/evidence/<uuidstr:evidence_id>/confirm"): WORKERS_AND_CLERK,
    ("POST", "api/v1/evidence/<uuidstr:evidence_id>/withdraw"): WORKERS_AND_CLERK,
    ("POST", "api/v1/orders/import"): WORKERS,
    ("POST", "api/v1/intake/cabinet/<uuidstr:store_id>"): WORKERS,
    ("GET", "api/v1/intake/<uuidstr:intake_id>"): WORKERS,
    ("POST", "api/v1/companion/pair"): WORKERS,
    ("POST", "api/v1/companion/contact"): WORKERS,
    ("POST", "api/v1/companion/unpair"): PEOPLE,  # whoever has it may end it
    ("POST", "api/v1/companion/shown"): WORKERS,
    ("POST", "api/v1/companion/missing"): WORKERS,
    ("GET", "api/v1/webhooks"): MANAGERS,
    ("POST", "api/v1/webhooks"): MANAGERS,
    ("GET", "api/v1/webhooks/<uuidstr:endpoint_id>"): MANAGERS,
    ("PATCH", "api/v1/webhooks/<uuidstr:endpoint_id>"): MANAGERS,
    ("DELETE", "api/v1/webhooks/<uuidstr:endpoint_id>"): MANAGERS,
    ("POST", "api/v1/webhooks/<uuidstr:endpoint_id>/rotate"): MANAGERS,
    ("POST", "api/v1/webhooks/<uuidstr:endpoint_id>/test"): MANAGERS,
    ("GET", "api/v1/webhooks/<uuidstr:endpoint_id>/deliveries"): MANAGERS,
}


def calls() -> Iterator[tuple[str, Try]]:
    for route, tries in MATRIX.items():
        for each in tries:
            yield route, each


@pytest.fixture
def side(db_walls: None) -> Side:
    return make_side("ТОО «Алма»", "saule")


def demote(side: Side, role: Role) -> None:
    """Give the owner whose tokens the side holds another role; tokens stay as they are."""
    open_walls(side.shop.id)
    assert Membership.objects.filter(merchant_id=side.shop.id).update(role=role) == 1


def test_every_call_says_which_roles_it_is_for() -> None:
    assert {(each.method, route) for route, each in calls()} == set(MAY)


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_call_answers_a_role_as_the_page_does(side: Side, role: Role) -> None:
    """What a role may not do is refused with 403 and leaves nothing behind; the owner's tokens lose it with the role."""
    demote(side, role)
    denied = [each for each in calls() if role not in MAY[each[1].method, each[0]]]
    before, files = everything(side), StoredFile.objects.count()
    for route, each in denied:
        answer = call(side.by_scope[each.scope], route, each, side.ids)
        if route == "api/v1/returns/acts":
            assert answer.json()["done"] == []
            assert [row["why_not"]["code"] for row in answer.json()["refused"]] == [
                "ROLE_NOT_ALLOWED"
            ]
            continue
        assert answer.status_code == 403, (each.method, route, answer.content)
        assert answer.json()["code"] == "ROLE_NOT_ALLOWED"
        assert answer.json()["params"] == {"role": role.value}
    open_walls(side.shop.id)
    assert everything(side) == before
    assert StoredFile.objects.count() == files
    for route, each in calls():
        if each.method == "GET" and role in MAY[each.method, route]:
            answer = call(side.by_scope[each.scope], route, each, side.ids)
            if "evidence" not in route:  # its file is a row without bytes here
                assert answer.status_code == each.own, (route, answer.content)


@pytest.mark.parametrize(("method", "route"), [key for key in MAY if key[0] != "GET"])
def test_the_last_role_that_may_write_is_let_in(side: Side, method: str, route: str) -> None:
    """The lowest of the roles that may, so that a refusal of everybody would be noticed."""
    lowest = (Role.VIEWER, Role.CLERK, Role.OPERATOR, Role.ADMIN)
    demote(side, next(role for role in lowest if role in MAY[method, route]))
    each = next(one for one in MATRIX[route] if one.method == method)
    answer = call(side.by_scope[each.scope], route, each, side.ids)
    assert answer.status_code not in {401, 403}, answer.content


def test_a_companion_reads_only_the_stores_where_its_person_works(side: Side) -> None:
    other = make_side("ТОО «Жұлдыз»", "timur")
    dana: User = make_person("dana", (side.shop.id, Role.VIEWER), (other.shop.id, Role.OPERATOR))
    code = Program(make_token(dana, "pairing"))
    paired = code.post("/companion/pair", {"browser": "Chrome"})
    assert paired.status_code == 201
    assert [store["id"] for store in paired.json()["stores"]] == [other.ids["store_id"]]
    token = Program(paired.json()["token"])
    assert token.post(f"/intake/cabinet/{side.ids['store_id']}", {"a": 2}).status_code == 403
    assert token.post(f"/intake/cabinet/{other.ids['store_id']}", {"a": 2}).status_code == 202


def test_settings_are_guarded_where_they_are_written(side: Side) -> None:
    user = make_person("ruslan", (side.shop.id, Role.CLERK))
    clerk = enter_as_user(user.pk)
    assert clerk is not None
    with pytest.raises(RoleNotAllowed):
        store_create(
            merchant_id=side.shop.id,
            entry=StoreEntry(name="Второй"),
            by=clerk.actor_at(side.shop.id),
            now=NOW,
        )
    assert [store.pk for store in type(side.shop.store).objects.all()] == [side.shop.store.pk]
