"""Addresses of the office pages: register, stores, connections, people, rules, files, tokens, webhooks, profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from qaitar.web.console.approvals import deputies as deputy_views
from qaitar.web.console.imports import views as import_views
from qaitar.web.console.lists import views as export_views
from qaitar.web.console.practice import views as practice_views
from qaitar.web.console.register import views as register_views
from qaitar.web.console.reports import rules as report_rule_views
from qaitar.web.console.reports import views as report_views
from qaitar.web.console.settings import access as access_views
from qaitar.web.console.settings import calendar as calendar_views
from qaitar.web.console.settings import companion as companion_views
from qaitar.web.console.settings import connections as connection_views
from qaitar.web.console.settings import email as email_views
from qaitar.web.console.settings import goods_groups as mapping_views
from qaitar.web.console.settings import invitations as invitation_views
from qaitar.web.console.settings import merchant as merchant_views
from qaitar.web.console.settings import people as people_views
from qaitar.web.console.settings import profile as profile_views
from qaitar.web.console.settings import rules as rule_views
from qaitar.web.console.settings import security as security_views
from qaitar.web.console.settings import stores as store_views
from qaitar.web.console.settings import tokens as token_views
from qaitar.web.console.settings import webhooks as webhook_views
from qaitar.web.console.setup import first_run as first_run_views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("register", register_views.register, name="register"),
    path("lists/<slug:kind>", export_views.list_export, name="list_export"),
    path("lists/<slug:kind>/ask", export_views.list_export_ask, name="list_export_ask"),
    path("exports/<uuid:export_id>", export_views.list_export_page, name="list_export_page"),
    path("exports/<uuid:export_id>/file", export_views.list_export_file, name="list_export_file"),
    path("reports", report_views.reports, name="reports"),
    path("reports/list", report_views.report_list, name="report_list"),
    path("reports/counting", report_rule_views.report_rules, name="report_rules"),
    path("imports", import_views.imports, name="imports"),
    path("imports/<uuid:run_id>", import_views.import_one, name="import"),
    path("imports/<uuid:run_id>/rejected", import_views.import_rejected, name="import_rejected"),
    path("merchant", merchant_views.merchant, name="merchant"),
    path("stores", store_views.stores, name="stores"),
    path("stores/new", store_views.store_new, name="store_new"),
    path("stores/<uuid:store_id>", store_views.store, name="store"),
    path("connections", connection_views.connections, name="connections"),
    path(
        "connections/new/<uuid:merchant_id>/<slug:system>",
        connection_views.connection_new,
        name="connection_new",
    ),
    path("connections/<uuid:connection_id>", connection_views.connection, name="connection"),
    path(
        "connections/<uuid:connection_id>/check",
        connection_views.connection_check,
        name="connection_check",
    ),
    path(
        "connections/<uuid:connection_id>/state",
        connection_views.connection_state,
        name="connection_state",
    ),
    path(
        "connections/<uuid:connection_id>/remove",
        connection_views.connection_remove,
        name="connection_remove",
    ),
    path("companion", companion_views.companion, name="companion"),
    path("companion/pair", companion_views.companion_code, name="companion_code"),
    path(
        "companion/<uuid:companion_id>/revoke",
        companion_views.companion_end,
        name="companion_revoke",
    ),
    path("companion/watch/<uuid:watch_id>", companion_views.watch, name="companion_watch"),
    path("people", people_views.people, name="people"),
    path("people/new", people_views.person_new, name="person_new"),
    path("people/<int:user_id>", people_views.person, name="person"),
    path("people/<int:user_id>/switch", people_views.person_switch_view, name="person_switch"),
    path("people/<int:user_id>/email", email_views.person_email, name="person_email"),
    path("people/<int:user_id>/password", people_views.person_password, name="person_password"),
    path("people/invite", people_views.person_invite, name="person_invite"),
    path(
        "people/invitations/<uuid:invitation_id>/withdraw",
        invitation_views.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("approvals/deputies", deputy_views.deputies, name="deputies"),
    path(
        "approvals/deputies/<uuid:deputy_id>/end", deputy_views.deputy_end_view, name="deputy_end"
    ),
    path("profile/invitations", invitation_views.invitations, name="invitations"),
    path("rules", rule_views.rules, name="rules"),
    path("rules/try", rule_views.rules_try, name="rules_try"),
    path("rules/<uuid:rule_id>/end", rule_views.rule_end_view, name="rule_end"),
    path("goods-groups", mapping_views.mapping, name="mapping"),
    path("goods-groups/review", mapping_views.mapping_save, name="mapping_save"),
    path("calendar", calendar_views.calendar, name="calendar"),
    path("calendar/<uuid:day_id>/remove", calendar_views.calendar_remove, name="calendar_remove"),
    path("tokens", token_views.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke", token_views.token_revoke, name="token_revoke"),
    path("webhooks", webhook_views.webhooks, name="webhooks"),
    path("webhooks/<uuid:endpoint_id>", webhook_views.webhook, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/test", webhook_views.webhook_test, name="webhook_test"),
    path("webhooks/<uuid:endpoint_id>/rotate", webhook_views.webhook_rotate, name="webhook_rotate"),
    path("webhooks/<uuid:endpoint_id>/switch", webhook_views.webhook_switch, name="webhook_switch"),
    path("webhooks/<uuid:endpoint_id>/remove", webhook_views.webhook_remove, name="webhook_remove"),
    path("access", access_views.access, name="access"),
    path("access/rules", access_views.access_rules, name="access_rules"),
    path("access/<slug:kind>/<slug:key>/end", access_views.access_end, name="access_end"),
    path("profile/second-factor", profile_views.second_factor_needed, name="second_factor_needed"),
    path("security", security_views.security, name="security"),
    path("security/file", security_views.security_export, name="security_export"),
    path("profile", profile_views.profile, name="profile"),
    path("practice", practice_views.practice, name="practice"),
    path("practice/<uuid:practice_id>", practice_views.practice_result, name="practice_result"),
    path("welcome/demo/<int:user_id>/look", first_run_views.demo_look, name="demo_look"),
    path("welcome", first_run_views.first_run, name="first_run"),
]
