"""What is fixed about Usedesk and what each installation sets: addresses, limits, waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from qaitar.transport.http import Timeouts

URL_RU = "https://api.usedesk.ru"
URL_INTERNATIONAL = "https://secure.usedesk.com/uapi"

SUBJECT_CHARS_MAX = 255
NAME_CHARS_MAX = 255
MESSAGE_BYTES_MAX = 64_000  # the documents say "about 64 KB": a little less is sure to fit
TICKETS_A_PAGE = 100
PAGES_MAX = 20  # 2,000 tickets since the attempt; more is said to be unknown, not missing
SINGLE_READS_MAX = 400  # tickets opened one by one when the list does not carry our marker
RETRY_AFTER_S = 60  # rate limits are not published: after a 429 without a hint, a whole minute
TIMEOUTS = Timeouts(connect_s=5.0, read_s=30.0)


class Encoding(StrEnum):
    """How a body without files is sent; Usedesk takes both."""

    JSON = "json"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class UsedeskSettings:
    """One API channel of one Usedesk account.

    `pause_s` is the shortest time between two calls: 1 s keeps to one call a second, since no limit is published.
    `ticket_page` is the cabinet's page of a ticket with ``{id}`` in it; empty shows no link.  `opened_from` is
    Usedesk's `from` (user or client); empty leaves it out, see the connector's page before setting it.
    """

    api_token: str = field(repr=False)
    base_url: str = URL_RU
    encoding: Encoding = Encoding.JSON
    ticket_page: str = ""
    group_id: str = ""
    assignee_id: str = ""
    channel_id: str = ""
    user_id: str = ""
    opened_from: str = ""
    pause_s: float = 1.0
    timeouts: Timeouts = TIMEOUTS
