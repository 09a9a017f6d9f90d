"""Addresses of the office pages: register, stores, connections, people, rules, files, tokens, webhooks, profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from qaitar.web.console import (
    calendar_views,
    companion_views,
    connection_views,
    deputy_views,
    export_views,
    first_run_views,
    import_views,
    invitation_views,
    mapping_views,
    merchant_views,
    people_views,
    practice_views,
    profile_views,
    register_views,
    report_rule_views,
    report_views,
    rule_views,
    security_views,
    store_views,
    token_views,
    webhook_views,
)

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
    path("security", security_views.security, name="security"),
    path("security/file", security_views.security_export, name="security_export"),
    path("profile", profile_views.profile, name="profile"),
    path("practice", practice_views.practice, name="practice"),
    path("practice/<uuid:practice_id>", practice_views.practice_result, name="practice_result"),
    path("welcome", first_run_views.first_run, name="first_run"),
]
