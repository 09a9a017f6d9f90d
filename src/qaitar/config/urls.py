"""Every address of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import include, path
from django.views.generic import RedirectView

from qaitar.web.api.main import api
from qaitar.web.console.settings.profile import password_forgotten
from qaitar.web.hooks import health

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("accounts/password/reset/", password_forgotten),  # before allauth's, which sends mail
    path("accounts/email/", RedirectView.as_view(pattern_name="console:profile")),  # likewise
    path("accounts/", include("allauth.urls")),
    path("", include("qaitar.web.console.frame.urls_app")),
    path("", include("qaitar.web.console.urls")),
]
handler400 = "qaitar.web.console.frame.errors.bad_request"
handler403 = "qaitar.web.console.frame.errors.forbidden"
handler404 = "qaitar.web.console.frame.errors.not_found"
handler500 = "qaitar.web.console.frame.errors.server_error"
