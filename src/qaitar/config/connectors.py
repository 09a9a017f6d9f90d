"""The registry of outside systems: name, label, contracts, how to make a client, what has to be set.

Adding a system is one entry here, one factory in `connector_factories.py` and one folder in `connectors/`.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from qaitar.foundation.connections.systems import Connector, Secret, Setting, SettingKind


def proxy_names() -> tuple[str, ...]:
    """Return what may be chosen as the proxy of a connection: none, or one the machine's operator set up."""
    return ("", *sorted(settings.QAITAR_PROXIES))


_FACTORIES = "qaitar.config.connector_factories"

REGISTER_COLUMNS: Final = {
    "order": "Номер заказа",
    "filed": "Дата заявки",
    "product": "Товар",
    "customer": "Клиент",
    "phone": "Телефон",
    "quality": "Качество",
    "reason": "Причина",
    "stage": "Этап",
    "control": "Дата контроля",
    "refusal": "Причина отказа",
    "erp_return": "Возвратный заказ 1С",
    "ticket": "Тикет",
    "outcome": "Итог",
    "closed": "Закрыта",
    "amount": "Сумма",
}
"""Our column of the register → heading in row 1; a merchant may rename headings and leave columns out."""

CONNECTORS: Final[dict[str, Connector]] = {
    "kaspi_shop": Connector(
        label=_("Kaspi Shop API"),
        contracts=("marketplace.orders",),
        factory=f"{_FACTORIES}.kaspi_shop",
        reader="qaitar.connectors.kaspi_files.reader.read_orders",
        settings=(
            Setting("base_url", _("Address"), SettingKind.URL, "https://kaspi.kz/shop/api/v2"),
            Setting(
                "merchant_uid",
                _("Shop id (X-Merchant-Uid)"),
                help=_("Only for a login that has several shops."),
            ),
            Setting(
                "proxy",
                _("Proxy"),
                SettingKind.CHOICE,
                choices=proxy_names(),
                help=_("Only if Kaspi is reached through one. The machine's operator names them."),
            ),
        ),
        secrets=(Secret("token", _("API token")),),
        health_takes_now=True,
    ),
    "kaspi_cabinet_session": Connector(
        label=_("Kaspi cabinet, direct reading"),
        contracts=("marketplace.returns",),
        factory=f"{_FACTORIES}.kaspi_cabinet_session",
        reader="qaitar.connectors.kaspi_cabinet.saved.read_saved",
        keeper="qaitar.connectors.kaspi_cabinet.recording.reduce_answers",
        settings=(
            Setting("merchant_id", _("Shop number in the cabinet"), required=True),
            Setting("base_url", _("Address"), SettingKind.URL, "https://mc.shop.kaspi.kz"),
            Setting("proxy", _("Proxy"), SettingKind.CHOICE, choices=proxy_names()),
            Setting(
                "consent",
                _("Read directly"),
                SettingKind.SWITCH,
                default=False,
                help=_("Off by default. The seller agrees and gives their own session."),
            ),
        ),
        secrets=(Secret("cookie", _("Cookie of the session"), long=True),),
        health_takes_now=True,
    ),
    "usedesk": Connector(
        label="Usedesk",
        contracts=("helpdesk",),
        factory=f"{_FACTORIES}.usedesk",
        settings=(
            Setting("base_url", _("Address"), SettingKind.URL, "https://api.usedesk.ru"),
            Setting(
                "encoding", _("Encoding"), SettingKind.CHOICE, "json", choices=("json", "form")
            ),
            Setting(
                "ticket_page",
                _("Page of a ticket"),
                SettingKind.LINK,
                help=_("Address with {id} in it; empty shows no link."),
            ),
            Setting("group_id", _("Group")),
            Setting("assignee_id", _("Assignee")),
            Setting("channel_id", _("Channel")),
            Setting("user_id", _("Author")),
            Setting("pause_s", _("Pause between calls, s"), SettingKind.NUMBER, 1),
        ),
        secrets=(Secret("api_token", _("API token")),),
        per_store=False,
    ),
    "google_sheets": Connector(
        label=_("Google Sheets"),
        contracts=("register",),
        factory=f"{_FACTORIES}.google_sheets",
        settings=(
            Setting("spreadsheet_id", _("Spreadsheet id"), required=True),
            Setting("sheet_title", _("Sheet"), default="Возвраты Казахстан", required=True),
            Setting(
                "key_heading", _("Heading of the key column"), default="Номер заявки", required=True
            ),
            Setting("columns", _("Columns"), SettingKind.JSON, REGISTER_COLUMNS, required=True),
            Setting("sheets_url", _("Address"), SettingKind.URL, "https://sheets.googleapis.com"),
            Setting("token_url", _("Address for tokens"), SettingKind.URL),
        ),
        secrets=(Secret("service_account_json", _("File of the service account"), long=True),),
        per_store=False,
        one_writer="spreadsheet_id",
        page="https://docs.google.com/spreadsheets/d/{spreadsheet_id}",
    ),
    "onec": Connector(
        label="1C",
        contracts=("erp",),
        factory=f"{_FACTORIES}.onec",
        settings=(
            Setting("base_url", _("Address of the publication"), SettingKind.URL, required=True),
            Setting("user", _("User"), required=True),
            Setting("time_zone", _("Time zone of the 1C server"), default="Asia/Almaty"),
            Setting("author_key", _("Author of files (key of a 1C user)")),
            Setting("warehouse_key", _("Warehouse (key)")),
            Setting(
                "allowed_only", _("Only what the user may see"), SettingKind.SWITCH, default=False
            ),
            Setting(
                "post_after_create", _("Post after writing"), SettingKind.SWITCH, default=False
            ),
            Setting("search_days", _("Days to search around"), SettingKind.NUMBER, 3),
            Setting("field_map", _("Field map"), SettingKind.JSON, {}),
            Setting("proxy", _("Proxy"), SettingKind.CHOICE, choices=proxy_names()),
        ),
        secrets=(Secret("password", _("Password")),),
        per_store=False,
    ),
}
