"""Connections to outside systems: their settings checked, their secrets sealed, their clients made, their health asked.

The registry of systems is data in the settings (`QAITAR_CONNECTORS` names it), because this layer may not know any
connector.  A saved secret is never shown again: forms learn only which ones are set.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings as django_settings
from django.db import connection as database
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qaitar.contracts.outcome import Busy, Healthy, Misconfigured, Refused, Unknown
from qaitar.foundation.connections.secrets import NoKey, NotOpened, seal_fields, unseal_fields
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.ids import new_id
from qaitar.transport.addresses import AddressCode, Forbidden, resolve_public
from qaitar.transport.outgoing import private_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from django.utils.functional import _StrPromise

    from qaitar.contracts.outcome import Health

CHECK_TASK: Final = "qaitar.flows.tasks.connection_check"
CHECK_LOST_AFTER: Final = timedelta(
    minutes=2
)  # longer than any exchange: the job will not come any more
MENDED_TASK: Final = "qaitar.flows.tasks.connection_mended"
TEXT_CHARS_MAX: Final = 2_000
SECRET_CHARS_MAX: Final = 20_000


class SettingKind(StrEnum):
    """How a setting is entered and checked."""

    TEXT = "text"
    URL = "url"
    LINK = "link"  # of a page people open; the program never calls it
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    JSON = "json"  # an object of named values


class State(StrEnum):
    """What the last test or call has shown of a connection."""

    UNTESTED = "UNTESTED"
    HEALTHY = "HEALTHY"
    MISCONFIGURED = "MISCONFIGURED"
    REFUSED = "REFUSED"
    BUSY = "BUSY"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a connection's form: how it is entered, what it starts with."""

    name: str
    label: str | _StrPromise
    kind: SettingKind = SettingKind.TEXT
    default: Any = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str | _StrPromise = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a connection: entered once, shown never; `long` asks for a text area."""

    name: str
    label: str | _StrPromise
    required: bool = True
    long: bool = False


@dataclass(frozen=True, slots=True)
class Connector:
    """One outside system we can speak with.

    `contracts` are names of modules in `qaitar.contracts`, narrowed where one has several (`marketplace.orders`).
    `factory` is the dotted path of `(settings, secrets) -> client`; `reader` that of a reader of saved bodies;
    `keeper` that of what reduces such a body to the part that may be stored.
    `one_writer` names the setting whose value only one writer may use at a time; `page` is where people see it.
    """

    label: str | _StrPromise
    contracts: tuple[str, ...]
    factory: str
    settings: tuple[Setting, ...] = ()
    secrets: tuple[Secret, ...] = ()
    per_store: bool = True
    health_takes_now: bool = False
    reader: str = ""
    keeper: str = ""
    one_writer: str = ""
    page: str = ""


class SettingsInvalid(Exception):
    """What was entered cannot be saved: a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Carry the sentences by field name."""
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


class ConnectionMissing(Exception):
    """No such connection within these walls, or its system is no longer known."""


class ConnectionBroken(Exception):
    """A client cannot be made from what is saved; `what` and `how` are sentences for people."""

    def __init__(self, what: str, how: str) -> None:
        """Carry both sentences."""
        super().__init__(what)
        self.what = what
        self.how = how


@dataclass(frozen=True, slots=True)
class Entered:
    """What a form or an API call brings; a secret left out or blank keeps the saved one."""

    system: str
    name: str = ""
    store_id: UUID | None = None
    settings: Mapping[str, Any] | None = None
    secrets: Mapping[str, str] | None = None
    enabled: bool = True


def registry() -> Mapping[str, Connector]:
    """Give every known system by name, as the settings name them."""
    systems: Mapping[str, Connector] = import_string(django_settings.QAITAR_CONNECTORS)
    return systems


def connector_of(system: str) -> Connector:
    """Give one system.

    Raises:
        ConnectionMissing: nobody knows it.
    """
    known = registry().get(system)
    if known is None:
        raise ConnectionMissing(system)
    return known


def systems_with(contract: str) -> tuple[str, ...]:
    """Name the systems that keep a contract, in the registry's order."""
    return tuple(name for name, known in registry().items() if contract in known.contracts)


def place_of(connection: Connection) -> str:
    """Name the row its secrets are sealed for."""
    return f"connection {connection.pk}"


def secrets_set(connection: Connection) -> frozenset[str]:
    """Tell which secrets are saved, never what they are; one that cannot be opened counts as not set."""
    try:
        return frozenset(unseal_fields(bytes(connection.secrets), place=place_of(connection)))
    except (NoKey, NotOpened):
        return frozenset()


def connection_save(*, merchant_id: UUID, entered: Entered, now: datetime) -> Connection:
    """Create the merchant's (or store's) connection to a system, or change it; its health is unknown afterwards.

    Runs in the caller's transaction, behind the merchant's walls.  Effects that waited for it go on by a job.

    Raises:
        ConnectionMissing: nobody knows the system.
        SettingsInvalid: a field is wrong; nothing was saved.
        NoKey: the installation has no encryption key.
    """
    known = connector_of(entered.system)
    row = Connection.objects.filter(
        merchant_id=merchant_id, system=entered.system, store_id=entered.store_id
    ).first()
    made = row is None
    if row is None:
        row = Connection(
            id=new_id(),
            merchant_id=merchant_id,
            system=entered.system,
            store_id=entered.store_id,
            created_at=now,
        )
    problems: dict[str, str] = {}
    names = {each.name for each in known.settings}
    settings = {name: value for name, value in row.settings.items() if name in names}
    row.settings = _settings(known, {**settings, **(entered.settings or {})}, problems)
    secrets = _secrets(known, row, entered.secrets or {}, problems)
    if problems:
        raise SettingsInvalid(problems)
    row.secrets = seal_fields(secrets, place=place_of(row))
    row.name = (entered.name or row.name or str(known.label))[:100]
    row.enabled = entered.enabled
    row.health, row.health_detail, row.health_at = State.UNTESTED.value, "", None
    row.checking_since = None
    row.save(force_insert=made)
    if row.enabled:
        connection_resume(row)
    return row


def connection_resume(row: Connection) -> None:
    """Order that whatever waits for this connection to be mended is tried again; part of the caller's transaction."""
    _order_job(row, MENDED_TASK, queue="effects")


def _order_job(row: Connection, task: str, *, queue: str) -> None:
    job_defer(
        task,
        queue=queue,
        only_one=f"{task} {row.pk}",
        merchant_id=str(row.merchant_id),
        connection_id=str(row.pk),
    )


def _settings(
    known: Connector, given: Mapping[str, Any], problems: dict[str, str]
) -> dict[str, Any]:
    names = {each.name for each in known.settings}
    problems |= {name: _("There is no such setting.") for name in given if name not in names}
    ready: dict[str, Any] = {}
    for field in known.settings:
        value = given.get(field.name, field.default)
        if isinstance(value, str):
            value = value.strip()
        if value in {"", None} if not isinstance(value, dict | list) else not value:
            if field.required:
                problems[field.name] = _("Fill this in.")
            ready[field.name] = field.default
            continue
        try:
            ready[field.name] = _CHECKS[field.kind](field, value)
        except ValueError as wrong:
            problems[field.name] = str(wrong)
    return ready


def _text(_field: Setting, value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX or not value.isprintable():
        raise ValueError(_("A text without line breaks is expected."))
    return value


def _url(field: Setting, value: Any) -> str:
    text = _text(field, value)
    found = resolve_public(
        text, allow_hosts=private_hosts(), resolver=lambda _host, _port: [_ASSUMED_PUBLIC]
    )
    if not isinstance(found, Forbidden):
        return text.rstrip("/")
    problem = _URL_PROBLEMS.get(found.code)
    raise ValueError(problem or _("An address like https://example.kz is expected."))


def _link(field: Setting, value: Any) -> str:
    text = _text(field, value)
    if not text.lower().startswith(("https://", "http://")):
        raise ValueError(_("An address like https://example.kz is expected."))
    return text


_ASSUMED_PUBLIC: Final = "93.184.215.14"  # what names stand for is asked when a call is made
_URL_PROBLEMS: Final = {
    AddressCode.NOT_HTTPS: gettext_lazy(
        "Only https:// may be called. For a system in your own network the machine's operator lists its host in QAITAR_PRIVATE_HOSTS."
    ),
    AddressCode.NOT_PUBLIC: gettext_lazy(
        "This address is not on the public internet. The machine's operator may list its host in QAITAR_PRIVATE_HOSTS."
    ),
    AddressCode.USER_IN_URL: gettext_lazy(
        "Name and password do not belong into the address: there are fields for them."
    ),
}


def _number(_field: Setting, value: Any) -> float | int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number <= 1_000_000:  # noqa: PLR2004  seconds, days or rows: beyond is a slip
        raise ValueError(_("A number from 0 to 1,000,000 is expected."))
    return int(number) if number.is_integer() else number


def _switch(_field: Setting, value: Any) -> bool:
    known = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
    switch = known.get(str(value).lower())
    if switch is None:
        raise ValueError(_("On or off is expected."))
    return switch


def _choice(field: Setting, value: Any) -> str:
    if value not in field.choices:
        raise ValueError(
            _("One of these is expected: %(choices)s.") % {"choices": ", ".join(field.choices)}
        )
    return str(value)


def _object(_field: Setting, value: Any) -> dict[str, Any]:
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if isinstance(read, dict):
        return read
    raise ValueError(_('A JSON object like {"name": "value"} is expected.'))


_CHECKS: Final[Mapping[SettingKind, Callable[[Setting, Any], Any]]] = {
    SettingKind.TEXT: _text,
    SettingKind.URL: _url,
    SettingKind.LINK: _link,
    SettingKind.NUMBER: _number,
    SettingKind.SWITCH: _switch,
    SettingKind.CHOICE: _choice,
    SettingKind.JSON: _object,
}


def _secrets(
    known: Connector, row: Connection, given: Mapping[str, str], problems: dict[str, str]
) -> dict[str, str]:
    try:
        stored = unseal_fields(bytes(row.secrets), place=place_of(row))
    except NotOpened:  # its key is gone: every secret has to be entered again
        stored = {}
    names = {each.name for each in known.secrets}
    problems |= {name: _("There is no such secret.") for name in given if name not in names}
    for field in known.secrets:
        value = given.get(field.name, "").strip()
        if len(value) > SECRET_CHARS_MAX:
            problems[field.name] = _("This is too long for a secret.")
        elif value:
            stored[field.name] = value
        if field.required and not stored.get(field.name):
            problems[field.name] = _("Fill this in.")
    return {name: value for name, value in stored.items() if name in names}


def client_for(connection: Connection) -> Any:
    """Make the client of a connection; close it when done (context manager).  Nothing is sent yet.

    Raises:
        ConnectionMissing: its system is no longer known.
        ConnectionBroken: the secrets cannot be opened, or the settings do not make a client.
    """
    known = connector_of(connection.system)
    try:
        secrets = unseal_fields(bytes(connection.secrets), place=place_of(connection))
    except (NoKey, NotOpened) as error:
        raise ConnectionBroken(
            f"The saved secrets cannot be opened: {error}.",
            "Set the encryption key they were saved under, or enter the secrets again.",
        ) from error
    try:
        return import_string(known.factory)(connection.settings, secrets)
    except (ValueError, TypeError, KeyError) as error:
        raise ConnectionBroken(
            f"The settings do not fit: {error}.", "Open the connection, correct them and save."
        ) from error


@contextmanager
def opened_client(connection: Connection) -> Iterator[Any]:
    """Lend the client of a connection and close it afterwards; errors as `client_for`."""
    client = client_for(connection)
    try:
        yield client
    finally:
        client.close()


def health_note(connection_id: UUID, state: State, detail: str, now: datetime) -> None:
    """Write down what a test or a call has shown; runs in the caller's transaction."""
    values = {
        "health": state.value,
        "health_detail": detail,
        "health_at": now,
        "checking_since": None,
    }
    if state in {State.HEALTHY, State.REFUSED}:
        values["last_contact_at"] = now
    Connection.objects.filter(pk=connection_id).update(**values)


def connection_check_order(row: Connection, now: datetime) -> None:
    """Order a job to check a connection; the row says `checking_since` until it has written down what it found.

    Runs in the caller's transaction.  One that was ordered lately is on its way and is not ordered again.
    """
    if row.checking_since is not None and now - row.checking_since < CHECK_LOST_AFTER:
        return
    row.checking_since = now
    row.save(update_fields=["checking_since"])
    _order_job(row, CHECK_TASK, queue="checks")


def connection_test(
    *, merchant_id: UUID, connection_id: UUID, now: datetime, resume: bool = True
) -> Health:
    """Ask the outside system whether the connection works, write down what it showed, and return it.

    When it works, what waited for it is resumed, unless `resume` is off: then the caller does so.  No transaction is open during the call: call this outside of one (a view has to be non-atomic).

    Raises:
        ConnectionMissing: these walls hold no such connection.
    """
    assert not database.in_atomic_block, "no network inside a transaction"
    with within_walls(merchant_id):
        row = Connection.objects.filter(pk=connection_id).first()
    if row is None:
        raise ConnectionMissing(str(connection_id))
    health = _checked(row, now)
    state, detail = health_message(health)
    with within_walls(merchant_id):
        health_note(row.pk, state, detail, now)
        if state is State.HEALTHY and resume:
            connection_resume(row)
    return health


def _checked(row: Connection, now: datetime) -> Health:
    known = connector_of(row.system)
    try:
        with opened_client(row) as client:
            health: Health = client.health(now) if known.health_takes_now else client.health()
    except ConnectionBroken as broken:
        return Misconfigured(broken.what, broken.how)
    return health


def health_message(health: Health) -> tuple[State, str]:
    """Say a health in a state and a sentence.

    >>> health_message(Misconfigured("The token is wrong.", "Enter a new one."))
    (<State.MISCONFIGURED: 'MISCONFIGURED'>, 'The token is wrong. Enter a new one.')
    """
    match health:
        case Healthy(facts):
            return State.HEALTHY, " ".join(facts)
        case Misconfigured(what, how):
            return State.MISCONFIGURED, f"{what} {how}"
        case Refused(reason):
            return State.REFUSED, reason
        case Busy(detail):
            return State.BUSY, detail
        case Unknown(detail):
            return State.UNKNOWN, detail
