"""Makes clients of connectors out of saved settings and opened secrets.  Nothing is sent by making one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings as django_settings

from qaitar.connectors.google_sheets.client import GoogleSheetsRegister
from qaitar.connectors.google_sheets.facts import GoogleSheetsSettings
from qaitar.connectors.google_sheets.wire import SheetsUnreadable
from qaitar.connectors.kaspi_cabinet.client import CabinetSession, KaspiCabinet
from qaitar.connectors.kaspi_shop.client import KaspiShop, ShopAccount
from qaitar.connectors.onec.client import OneC
from qaitar.connectors.onec.fieldmap import OneCSettings, read_field_map
from qaitar.connectors.onec.metadata import MetadataCache
from qaitar.connectors.usedesk.client import UsedeskHelpdesk
from qaitar.connectors.usedesk.facts import Encoding, UsedeskSettings
from qaitar.foundation.connections.systems import ConnectionBroken
from qaitar.foundation.ops.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping


def proxy_url(name: str) -> str:
    """Return the address of the proxy a connection names, empty for none.

    Raises:
        ConnectionBroken: the machine's operator has no such proxy; nothing may be sent around it.
    """
    if not name:
        return ""
    if name not in django_settings.QAITAR_PROXIES:
        raise ConnectionBroken(
            f"The proxy {name} is not known on this machine.",
            "Choose another one; the machine's operator names proxies in QAITAR_PROXIES.",
        )
    return str(django_settings.QAITAR_PROXIES[name])


_ONEC_METADATA: Final = MetadataCache()  # tens of megabytes a base: read once a process


def kaspi_shop(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> KaspiShop:
    """Make a reader of one shop's orders."""
    return KaspiShop(
        ShopAccount(
            token=secrets["token"],
            base_url=settings["base_url"],
            merchant_uid=settings["merchant_uid"],
            proxy=proxy_url(settings["proxy"]),
        )
    )


def kaspi_cabinet_session(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> KaspiCabinet:
    """Make a reader of one shop's cabinet; without consent it sends nothing."""
    return KaspiCabinet(
        CabinetSession(
            merchant_id=settings["merchant_id"],
            cookie=secrets["cookie"],
            enabled=settings["consent"] is True,
            base_url=settings["base_url"],
            proxy=proxy_url(settings["proxy"]),
        )
    )


def usedesk(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> UsedeskHelpdesk:
    """Make a helpdesk client."""
    return UsedeskHelpdesk(
        UsedeskSettings(
            api_token=secrets["api_token"],
            base_url=settings["base_url"],
            encoding=Encoding(settings["encoding"]),
            ticket_page=settings["ticket_page"],
            group_id=settings["group_id"],
            assignee_id=settings["assignee_id"],
            channel_id=settings["channel_id"],
            user_id=settings["user_id"],
            pause_s=float(settings["pause_s"]),
        )
    )


def google_sheets(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> GoogleSheetsRegister:
    """Make a register client.

    Raises:
        ValueError: the service account's file is not one.
    """
    ready = GoogleSheetsSettings(
        service_account_json=secrets["service_account_json"],
        spreadsheet_id=settings["spreadsheet_id"],
        sheet_title=settings["sheet_title"],
        key_heading=settings["key_heading"],
        columns=settings["columns"],
        sheets_url=settings["sheets_url"],
        token_url=settings["token_url"],
    )
    try:
        return GoogleSheetsRegister(ready, clock=utc_now)
    except SheetsUnreadable as error:
        raise ValueError(f"the service account's file: {error}") from error


def onec(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> OneC:
    """Make a 1C client.

    Raises:
        ValueError: the field map cannot be used (`BadFieldMap`).
    """
    return OneC(
        OneCSettings(
            base_url=settings["base_url"],
            user=settings["user"],
            password=secrets["password"],
            time_zone=settings["time_zone"],
            field_map=read_field_map(settings["field_map"]),
            author_key=settings["author_key"],
            warehouse_key=settings["warehouse_key"],
            allowed_only=settings["allowed_only"],
            post_after_create=settings["post_after_create"],
            search_days=settings["search_days"],
            proxy=proxy_url(settings["proxy"]),
        ),
        metadata=_ONEC_METADATA,
    )
