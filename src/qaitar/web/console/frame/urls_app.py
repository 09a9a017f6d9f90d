"""Addresses of the console as an app; open to everybody, for a browser asks for them before anybody signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from qaitar.web.console.frame import app as app_views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "app"
urlpatterns: list[URLPattern | URLResolver] = [
    path("manifest.webmanifest", app_views.manifest, name="manifest"),
    path("sw.js", app_views.worker, name="worker"),
    path("offline", app_views.offline, name="offline"),
]
