"""Addresses of the console."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from django.urls import include, path

from qaitar.web.console.approvals import views as approval_views
from qaitar.web.console.case import acts as act_views
from qaitar.web.console.case import create as new_views
from qaitar.web.console.case import files as file_views
from qaitar.web.console.case import media as media_views
from qaitar.web.console.case import presence as presence_views
from qaitar.web.console.case import undo
from qaitar.web.console.case import units as unit_views
from qaitar.web.console.case import views as case_views
from qaitar.web.console.design import views as design_views
from qaitar.web.console.frame import language as language_views
from qaitar.web.console.handbook import views as guide_views
from qaitar.web.console.queue import bulk as bulk_views
from qaitar.web.console.queue import live
from qaitar.web.console.queue import palette as palette_views
from qaitar.web.console.queue import search as search_views
from qaitar.web.console.queue import views as queue_views
from qaitar.web.console.setup import owner as owner_views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", queue_views.queue, name="queue"),
    path("live", live.live, name="live"),
    path("views/new", queue_views.view_new, name="view_new"),
    path("views/<uuid:pk>/remove", queue_views.view_remove, name="view_remove"),
    path("bulk/preview", bulk_views.preview, name="bulk_preview"),
    path("bulk", bulk_views.confirm, name="bulk"),
    path("views/counts", queue_views.view_counts, name="view_counts"),
    path("palette", palette_views.palette, name="palette"),
    path("search", search_views.search, name="search"),
    path("approvals", approval_views.approvals, name="approvals"),
    path("design", design_views.design, name="design"),
    path("welcome/owner", owner_views.first_owner, name="first_owner"),
    path("language", language_views.language, name="language"),
    path("guide", guide_views.guide, name="guide"),
    path("guide/<slug:name>", guide_views.guide_page, name="guide_page"),
    path("returns/new", new_views.request_new, name="request_new"),
    path("returns/<uuid:pk>", case_views.case, name="case"),
    path("returns/<uuid:pk>/live", live.case_live, name="case_live"),
    path("returns/<uuid:pk>/present", presence_views.present, name="present"),
    path("returns/<uuid:pk>/act", act_views.act, name="act"),
    path("returns/<uuid:pk>/quality", case_views.quality, name="quality"),
    path("returns/<uuid:pk>/note", case_views.note, name="note"),
    path("returns/<uuid:pk>/line", case_views.line, name="line"),
    path("returns/<uuid:pk>/unit", unit_views.unit_add, name="unit_add"),
    path("returns/<uuid:pk>/assign", case_views.assign, name="assign"),
    path("returns/<uuid:pk>/comment", case_views.comment, name="comment"),
    path("returns/<uuid:pk>/seen", case_views.seen, name="seen"),
    path("returns/<uuid:pk>/look", case_views.look, name="look"),
    path("returns/<uuid:pk>/phone", case_views.phone, name="phone"),
    path("returns/<uuid:pk>/journal", case_views.journal, name="journal"),
    path("returns/<uuid:pk>/undo", undo.undo, name="undo"),
    path("returns/<uuid:pk>/evidence", file_views.add, name="evidence_add"),
    path("evidence/<uuid:pk>/file", file_views.download, name="evidence_file"),
    path("evidence/<uuid:pk>/view", file_views.view, name="evidence_view"),
    path("evidence/<uuid:pk>/page/<int:number>", media_views.page, name="evidence_page"),
    path("evidence/<uuid:pk>/play", media_views.play, name="evidence_play"),
    path("evidence/<uuid:pk>/thumb", file_views.thumb, name="evidence_thumb"),
    path("evidence/<uuid:pk>/confirm", file_views.confirm, name="evidence_confirm"),
    path("evidence/<uuid:pk>/withdraw", file_views.withdraw, name="evidence_withdraw"),
    path("effects/<uuid:pk>/again", act_views.effect_again, name="effect_again"),
    path("effects/<uuid:pk>/by-hand", act_views.effect_by_hand, name="effect_by_hand"),
]
if find_spec("qaitar.web.console.settings.urls") is not None:
    urlpatterns.append(path("", include("qaitar.web.console.settings.urls")))
