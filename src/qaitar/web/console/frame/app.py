"""The console as an app on a phone's home screen: manifest, service worker, and the page shown without a network.

Nothing here knows who asks: no session is read, nothing of a person is shown or kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

if TYPE_CHECKING:
    from django.http import HttpRequest

ICON_SIDES: Final = (192, 512)
DAY_SECONDS: Final = 86_400
OFFLINE_FILES: Final = ("css/tokens.css", "css/base.css", "css/components.css", "js/again.js")
"""What the page without a network is drawn with; the only things the service worker keeps."""


def _language(request: HttpRequest) -> str:
    """Read the language asked for in the address; an unknown one is the installation's own."""
    language = request.GET.get("l", "")
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


@require_GET
@transaction.non_atomic_requests
def manifest(request: HttpRequest) -> JsonResponse:
    """Describe the app to the browser that installs it."""
    language = _language(request)
    with translation.override(language):
        document = {
            "id": "/",
            "name": _("Qaitar: returns"),
            "short_name": "Qaitar",
            "description": _("After-sales for marketplace sellers"),
            "lang": language,
            "start_url": reverse("console:queue"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#f7f8f8",
            "theme_color": "#0b6b68",
            "icons": [*_icons("any"), *_icons("maskable")],
            "shortcuts": [
                {"name": _("New request"), "url": reverse("console:request_new")},
                {"name": _("Search"), "url": reverse("console:search")},
            ],
        }
    answer = JsonResponse(document, content_type="application/manifest+json")
    answer["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return answer


def _icons(purpose: str) -> list[dict[str, str]]:
    return [
        {
            "src": static(f"console/icons/{purpose}-{side}.png"),
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": purpose,
        }
        for side in ICON_SIDES
    ]


@require_GET
@transaction.non_atomic_requests
def worker(request: HttpRequest) -> HttpResponse:
    """Give the service worker; it stands at the root, for a worker looks after what lies below its own address.

    One for all languages: another address would be another worker, put in the place of the first while a page is open.
    """
    offline = reverse("app:offline")
    languages = sorted(dict(settings.LANGUAGES), key=lambda code: code != settings.LANGUAGE_CODE)
    pages = [f"{offline}?l={language}" for language in languages]
    pages += [static(f"console/{name}") for name in OFFLINE_FILES]
    pages += [static("console/icons.svg"), static("console/favicon.svg")]
    answer = render(
        request, "console/worker.js", {"kept": pages, "offline": offline}, "text/javascript"
    )
    answer["Cache-Control"] = "no-cache"
    return answer


@require_GET
@transaction.non_atomic_requests
def offline(request: HttpRequest) -> HttpResponse:
    """Show what can be done without a network."""
    translation.activate(_language(request))
    answer = render(request, "console/frame/offline.html")
    answer["Cache-Control"] = "no-cache"
    return answer
