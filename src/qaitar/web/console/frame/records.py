"""What the frame around every page needs to know; context name `shell`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qaitar.web.console.case.records import Choice, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One line of the side menu."""

    label: str
    url: str
    icon: str
    current: str = ""  # of ARIA: `page` for the very page, `true` for one within it
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NavGroup:
    """A titled part of the side menu; the first group has no title."""

    label: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A store whose cabinet nobody reads while dates run there."""

    store: str
    seen_at: datetime | None  # None: no companion could read it yet
    sentence: str
    since: datetime | None = None  # since when the cabinet has been so; None: it is merely silent


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupAlarm:
    """What is wrong with the backups of the installation, for its owner."""

    sentence: str
    good_at: datetime | None  # the moment of the last good one; None: there is none
    guide_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The frame of every page for a signed-in person; context name `shell`."""

    person: Person
    merchant: str
    home_url: str
    search_url: str
    new_request_url: str
    profile_url: str
    logout_url: str
    now: datetime
    nav: tuple[NavGroup, ...] = ()
    merchants: tuple[Choice, ...] = ()  # value is a path
    languages: tuple[Choice, ...] = ()
    language_url: str = ""
    unseen: tuple[Unseen, ...] = ()
    unseen_url: str = ""
    backup: BackupAlarm | None = None
    practice_until: datetime | None = None  # in a practice shop: when it ends
    design_url: str = ""  # for those who look after the installation
