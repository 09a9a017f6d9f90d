"""The public API: one NinjaAPI, its routers, its door and its error answers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.urls import URLPattern
from ninja import NinjaAPI
from typing_extensions import override

from qaitar.web.api import companion, evidence, intake, me, orders, returns, stores, webhooks
from qaitar.web.api.bodies import ReadBefore
from qaitar.web.api.gateway import door
from qaitar.web.api.openapi import DESCRIPTION, finished
from qaitar.web.api.operations import BearerToken, entry_of
from qaitar.web.api.problems import handlers_install

if TYPE_CHECKING:
    from django.urls import URLResolver
    from ninja import Router
    from ninja.openapi.schema import OpenAPISchema

    from qaitar.web.api.operations import Entry

ROUTERS: Final[tuple[Router, ...]] = (
    returns.router,
    evidence.router,
    orders.router,
    stores.router,
    intake.router,
    companion.router,
    webhooks.router,
    me.router,
)


class Api(NinjaAPI):
    """The API with its door before every call."""

    @property
    @override
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        """Give the addresses, each behind the door."""
        patterns, app, namespace = super().urls
        entries = _entries()
        for pattern in patterns:
            if isinstance(pattern, URLPattern) and pattern.name in entries:
                pattern.callback = door(pattern.callback, entries[pattern.name], self)
        return patterns, app, namespace

    @override
    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        """Describe the API; made once."""
        return _described(super().get_openapi_schema)


@lru_cache(maxsize=1)
def _described(make: Any) -> OpenAPISchema:
    return finished(make())


def _entries() -> dict[str, dict[str, Entry]]:
    """Tell by the name of an address and by method how its calls are let in."""
    found: dict[str, dict[str, Entry]] = {}
    for router in ROUTERS:
        for view in router.path_operations.values():
            by_method = {m: entry_of(op) for op in view.operations for m in op.methods}
            for op in view.operations:
                assert op.view_func.__name__ not in found, "two calls share a name"
                found[op.view_func.__name__] = by_method
    return found


api = Api(
    title="Qaitar",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    auth=BearerToken(),
    parser=ReadBefore(),
)
handlers_install(api)
for each in ROUTERS:
    api.add_router("", each)
