"""What the connector of Usedesk says.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _("Check group, assignee, channel and agent of this connection."),
    _("A ticket needs a subject."),
    _("The ticket %(ticket)s cannot be read. %(words)s"),
    _("More than %(count)s tickets since %(moment)s UTC: not all were looked at."),
    _("Usedesk answers at %(address)s and accepts the token."),
    _("Usedesk's answer to %(path)s is neither a success nor an error."),
    _("Usedesk answered success to %(path)s without %(name)s."),
    _("%(left)s of %(count)s tickets could not be looked at."),
    _("Usedesk gave no whole answer: %(error)s"),
    _("Usedesk's ticket cannot be read: %(error)s"),
    _("The tickets cannot be listed. %(words)s"),
    _("Usedesk gives the same page of tickets again: the rest cannot be seen."),
    _("Usedesk cannot be reached: %(error)s"),
    _("Usedesk's list cannot be read: %(error)s"),
    _("Usedesk does not accept the API token."),
    _("Copy the token of the API channel again (Settings, Channels, the channel's API token)."),
    _("Usedesk answered HTTP %(status)s."),
    _("Usedesk refused the call (HTTP %(status)s)."),
    _("The text is %(size)s bytes as HTML; Usedesk takes %(most)s."),
    _("Usedesk asks to slow down (HTTP 429)."),
    _("There is no Usedesk API at the base address (HTTP %(status)s)."),
    _("Use %(first)s, %(second)s or the address of your own host."),
    _("Usedesk's %(name)s has to be a number."),
    _("Copy the id from Usedesk."),
    _("Usedesk: %(words)s"),
    _("Usedesk's answer is not JSON."),
)
