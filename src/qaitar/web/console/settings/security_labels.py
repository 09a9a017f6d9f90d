"""Words of the security journal: what happened, and the details people read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from qaitar.foundation.identity.security_journal import SecurityKind as Kind
from qaitar.kernel.roles import Role
from qaitar.kernel.zones import ALMATY, zone
from qaitar.returns.texts.words import word_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.utils.functional import Promise

    Details = Mapping[str, Any]

KIND_WORDS: Final[Mapping[Kind, Promise]] = {
    Kind.SIGN_IN: _("signed in"),
    Kind.SIGN_IN_FAILED: _("sign-in failed"),
    Kind.SIGN_IN_DELAYED: _("sign-in refused: too many tries"),
    Kind.SIGN_OUT: _("signed out"),
    Kind.CONFIRMED: _("confirmed who they are"),
    Kind.FACTOR_ADDED: _("second factor added"),
    Kind.FACTOR_REMOVED: _("second factor removed"),
    Kind.FACTOR_FAILED: _("wrong code of a second factor"),
    Kind.CODES_MADE: _("recovery codes made"),
    Kind.PASSWORD_CHANGED: _("password changed"),
    Kind.PASSWORD_RESET: _("password reset"),
    Kind.EMAIL_CHANGED: _("e-mail changed"),
    Kind.PROFILE_CHANGED: _("profile changed"),
    Kind.OIDC_JOINED: _("sign-in service joined"),
    Kind.SESSION_ENDED: _("session ended"),
    Kind.TOKEN_MADE: _("API token made"),
    Kind.TOKEN_ENDED: _("API token revoked"),
    Kind.TOKEN_EXPIRED: _("API token expired"),
    Kind.COMPANION_PAIRED: _("companion paired"),
    Kind.COMPANION_ENDED: _("companion switched off"),
    Kind.PERSON_MADE: _("account made"),
    Kind.PERSON_SWITCHED: _("account switched off or on"),
    Kind.ROLE_SET: _("role changed"),
    Kind.INVITED: _("invited"),
    Kind.INVITATION_WITHDRAWN: _("invitation withdrawn"),
    Kind.INVITATION_ACCEPTED: _("invitation accepted"),
    Kind.RULES_CHANGED: _("sign-in rules changed"),
    Kind.EXPORT: _("list exported"),
    Kind.REVEAL: _("phone shown"),
    Kind.LOOKED_AS: _("looked at the demo as"),
}
assert set(KIND_WORDS) == set(Kind), "every kind has its words"
BAD: Final = frozenset({Kind.SIGN_IN_FAILED, Kind.SIGN_IN_DELAYED, Kind.FACTOR_FAILED})
_LISTS: Final[Mapping[str, Promise]] = {
    "register": _("Register of returns"),
    "queue": _("Queue"),
    "search": _("Search"),
    "approvals": _("Approvals"),
    "figure": _("Reports"),
    "journal": _("Journal"),
    "rejected": _("Rejected lines of an import"),
    "security": _("Security journal"),
}
_WAYS: Final[Mapping[str, Promise]] = {
    "password": _("password"),
    "totp": _("authenticator app"),
    "webauthn": _("passkey"),
    "recovery_codes": _("recovery code"),
    "socialaccount": _("sign-in service"),
    "code": _("code"),
}
_FILTERS: Final[Mapping[str, Promise]] = {
    "since": pgettext_lazy("period", "from"),
    "until": pgettext_lazy("period", "before"),
    "store": _("Store"),
    "stage": _("Stage"),
    "q": _("Search"),
    "person": _("Person"),
    "kind": _("What happened"),
}
# The first that fits: others call themselves Chrome and Safari too.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("YaBrowser/", "Yandex"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_AGENT_LETTERS: Final = 40
_PLAIN: Final = ("number", "companion", "browser", "merchant", "person", "login")


def kind_word(kind: str) -> str:
    """Name a kind of event; one of a later version by its own code."""
    known = set(Kind)
    return str(KIND_WORDS[Kind(kind)]) if kind in known else kind


def details_text(kind: str, details: Details) -> str:
    """Put the details of an event into one line."""
    say = _SAY.get(kind)
    if say is not None:
        return say(details)
    return ", ".join(str(details[name]) for name in _PLAIN if details.get(name))


def _ways(details: Details) -> str:
    named = details.get("by") or details.get("factor") or ()
    ways = [named] if isinstance(named, str) else named
    return ", ".join(str(_WAYS.get(way, way)) for way in ways)


def _export(details: Details) -> str:
    rows = details.get("rows")
    name = str(_LISTS.get(str(details.get("list")), details.get("list")))
    filters = details.get("filters") or {}
    parts = [f"{name}, {details['form']}" if details.get("form") else name]
    if rows is not None:
        parts.append(ngettext("%(count)d line", "%(count)d lines", rows) % {"count": rows})
    parts += [f"{_FILTERS.get(key, key)}: {_quoted(str(value))}" for key, value in filters.items()]
    return " · ".join(parts)


def _quoted(value: str) -> str:
    """Write a moment of a filter as the day in Almaty; anything else stays."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{at.astimezone(zone(ALMATY)):%Y-%m-%d}" if at.tzinfo else value


def browser_word(agent: str) -> str:
    """Name a browser and its system by what it sends, as people call them; what is not known stays, shortened.

    >>> browser_word("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0")
    'Edge, Windows'
    >>> browser_word("curl/8.5")
    'curl/8.5'
    """
    name = next((word for mark, word in _BROWSERS if mark in agent), "")
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (name, system))) if name else agent[:_AGENT_LETTERS]


def _role(details: Details) -> str:
    role = details.get("role")
    return str(word_for(Role(role))) if role else _now("no access")


def _token(details: Details) -> str:
    scopes = ", ".join(details.get("scopes") or ())
    token = f"{details.get('token', '')} …{details.get('hint', '')}"
    return f"{token} ({scopes})" if scopes else token


def _switched(details: Details) -> str:
    return _now("may sign in") if details.get("active") else _now("may not sign in")


def _fields(details: Details) -> str:
    return ", ".join(details.get("fields") or ())


def _changes(details: Details) -> str:
    return ", ".join(f"{name}: {value}" for name, value in details.items())


_SAY: Final[Mapping[str, Callable[[Details], str]]] = {
    Kind.SIGN_IN: _ways,
    Kind.CONFIRMED: _ways,
    Kind.FACTOR_ADDED: _ways,
    Kind.FACTOR_REMOVED: _ways,
    Kind.EXPORT: _export,
    Kind.ROLE_SET: _role,
    Kind.TOKEN_MADE: _token,
    Kind.TOKEN_ENDED: _token,
    Kind.TOKEN_EXPIRED: _token,
    Kind.PERSON_SWITCHED: _switched,
    Kind.PROFILE_CHANGED: _fields,
    Kind.RULES_CHANGED: _changes,
}
