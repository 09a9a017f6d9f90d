"""The public API: one NinjaAPI, its routers and its error answers."""

from __future__ import annotations

from ninja import NinjaAPI

api = NinjaAPI(title="Qaitar", version="1", urls_namespace="api", docs_url=None)
