"""What the connector of 1C says.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _(
        "Add the object to the composition of the standard OData interface in 1C (form «Настройка стандартного интерфейса OData» or УстановитьСоставСтандартногоИнтерфейсаOData)."
    ),
    _(
        "Give the 1C user of this connection remote OData access and rights to the object, without row-level limits on it; check the login and password."
    ),
    _(
        "Check that the address is the publication itself (for example https://host/ut), that the standard OData interface is published there and that no proxy or login page stands before it."
    ),
    _("The period is closed for changes in 1C: %(words)s"),
    _(
        "Move the date of the ban on changes in 1C, or let the 1C user of this connection change closed periods: what waits goes on by itself then."
    ),
    _("Compare the field map of this connection with the metadata of the base."),
    _("login refused (HTTP %(status)s)"),
    _("the web server refuses so large a request (HTTP %(status)s)"),
    _("Raise the limit of the request body on 1C's web server above 40 MB."),
    _("no session is free (HTTP %(status)s)"),
    _("the object was changed in 1C meanwhile (HTTP %(status)s)"),
    _("the object was changed in 1C meanwhile"),
    _("too many calls (HTTP %(status)s)"),
    _("1C's web server answered a web page (HTTP %(status)s) instead of data"),
    _("1C does not accept the request (error %(code)s): %(words)s"),
    _("HTTP %(status)s without a readable answer"),
    _("1C denies access: %(words)s"),
    _("HTTP %(status)s, 1C error %(code)s: %(words)s"),
    _("not in the OData composition: %(words)s"),
    _("the address does not answer as 1C (HTTP %(status)s)"),
    _("1C is not available (HTTP %(status)s)"),
    _("nothing was written: %(words)s"),
    _("1C has no such object"),
    _("1C refused without words"),
    _("%(count)s objects are in the OData composition."),
    _("Return orders are written as %(status)s."),
    _("order %(number)s has no posted shipment in 1C"),
    _("1C kept other values of return order %(number)s: %(names)s"),
    _("1C did not post return order %(number)s"),
    _("The address is not HTTPS: the password travels in the clear."),
    _("Files are attached (storage generation %(generation)s)."),
    _("order %(number)s: %(error)s"),
    _("the order has more than %(count)s shipments"),
    _("the shipment in 1C cannot be copied: %(error)s"),
    _("the return order may have been written: %(error)s"),
    _("%(key)s is not a shipment of order %(number)s"),
    _("%(place)s is not in the OData composition."),
    _("%(place)s has no attribute %(name)s."),
    _("%(place)s is %(kind)s, but %(kinds)s is expected."),
    _("%(place)s has no tabular section %(name)s."),
    _(
        "Neither %(first)s nor %(second)s with %(third)s is in the OData composition: attached files have nowhere to keep their content."
    ),
    _("No 1C user is set as author of attached files (author_key)."),
    _("%(file)s is larger than 25 MB"),
    _("1C kept other values of an attached file: %(names)s"),
    _("an attached file in 1C: %(error)s"),
    _("the file may have been attached: %(error)s"),
    _("the content may have been stored: %(error)s"),
    _("$metadata cannot be read: %(error)s"),
    _("%(place)s: more than %(count)s rows answer"),
    _("1C was not reached: %(error)s"),
    _("no whole answer from 1C: %(error)s"),
    _("line %(position)s is no longer in shipment %(number)s"),
    _("line %(key)s is not of a shipment of this order"),
    _("%(count)s comes back on line %(key)s, but only %(shipped)s was shipped"),
    _("%(name)s is absent in the shipment"),
)
