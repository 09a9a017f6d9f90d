"""What the two connectors of Kaspi say: the API of orders and the cabinet.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _(
        "Log in again at %(address)s and give the new session; a session was seen to end within a day."
    ),
    _("Reading the cabinet directly is switched off."),
    _(
        "It is off by default; switch it on for this store only with the seller's consent and own session."
    ),
    _("The cabinet refused the question (HTTP %(status)s)."),
    _("The cabinet's answer has a shape never seen."),
    _("The cabinet shows a page instead of data: the session has expired."),
    _("The cabinet session has expired (HTTP %(status)s)."),
    _("The cabinet asks to wait (HTTP %(status)s)."),
    _("The cabinet failed (HTTP %(status)s)."),
    _("The cabinet no longer has this call (HTTP 404)."),
    _("The cabinet's insides have changed: use the browser companion or a file."),
    _("The cabinet answered with another request than the one asked for."),
    _("Section %(tab)s is not whole: %(expected)s expected, %(read)s read."),
    _("Numbers in a form not known: %(numbers)s."),
    _("Details that cannot be read now and are asked for again later: %(numbers)s."),
    _("The cabinet is open; return requests shown: %(count)s."),
    _("The cabinet's answer could not be read: %(error)s."),
    _("The cabinet could not be reached: %(error)s"),
    _("No whole answer from the cabinet: %(error)s"),
    _(
        "Cabinet → Настройки → Токен API → Сформировать (only the company head can); copy all of it, usually 44 characters."
    ),
    _(
        "Kaspi may drop calls from outside Kazakhstan: run from an address in Kazakhstan or set an outbound proxy there."
    ),
    _("Kaspi's answer could not be read: %(error)s."),
    _("The address answers with something that is not Kaspi's API, perhaps a web page."),
    _("Check the base address (%(address)s) and the proxy."),
    _("An order number has digits, letters and dashes only."),
    _("Kaspi answered with another order than the one asked for."),
    _("Kaspi answered with an unreadable order."),
    _("Kaspi's lines are not whole: %(why)s."),
    _("%(counted)s lines are counted and %(came)s came"),
    _("more than %(count)s pages of lines"),
    _("line %(line)s of page %(page)s is no object"),
    _("line %(line)s of page %(page)s came before with other values"),
    _("«%(name)s» of line %(line)s of page %(page)s is «%(came)s»"),
    _("Kaspi accepted the token."),
    _("Finished orders created in 7 days: %(count)s."),
    _("The token or the shop's number has characters none of Kaspi's has."),
    _("Kaspi did not accept the token (%(words)s)."),
    _("Kaspi asks to wait (%(words)s)."),
    _("Kaspi knows no such object (%(words)s)."),
    _("Kaspi refused the question itself (%(words)s)."),
    _(
        "Filters or paging do not suit Kaspi: the range is at most 14 days; shops under one login need X-Merchant-Uid."
    ),
    _("The address does not serve Kaspi's API (%(words)s)."),
    _("Kaspi failed (%(words)s)."),
    _("Kaspi could not be reached: %(error)s"),
    _("No whole answer from Kaspi: %(error)s"),
    _("Kaspi does not answer (%(error)s)."),
)
