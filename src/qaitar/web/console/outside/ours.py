"""What the program itself notes beside an outside effect, a connection or a delivery.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _("The saved secrets cannot be opened: %(error)s."),
    _("Set the encryption key they were saved under, or enter the secrets again."),
    _("The settings do not fit: %(error)s."),
    _("Open the connection, correct them and save."),
    _("The system %(name)s is no longer known."),
    _("Connect another."),
    _("An error in the program (%(name)s); it is in the log."),
    _("An error in the program; it is in the log."),
    _("A person asked to try again."),
    _("No such system is connected: do it by hand."),
    _("Practice: it would have been done by now; nothing was sent anywhere."),
    _("Looked up and not there; looked up once more before it is sent again."),
    _("Looked up twice and not there: it is sent again."),
    _("The program stopped while this was being sent: it is looked up."),
    _("The connection is gone; reconnect it so that this can be looked up."),
    _("The connection was mended."),
    _("The proxy %(name)s is not known on this machine."),
    _("Choose another one; the machine's operator names proxies in QAITAR_PROXIES."),
    _("This machine may not call the address of this connection."),
    _(
        "Private addresses and plain http have to be allowed by the machine's operator: QAITAR_PRIVATE_HOSTS."
    ),
    _("Waits for the return order."),
    _("%(count)s files attached."),
    _("The return order was made by hand and its key is not noted."),
    _("The file %(name)s is no longer in the file store."),
    _("All required files are attached."),
    _("No required file is here yet."),
    _("No ticket was opened for this case."),
    _("The ticket was opened by hand and its number is not noted."),
    _("Waits for the ticket to be opened."),
    _("The step this comment tells of is not in the journal."),
    _("The marketplace shows no planned day: note it in the case, then try again."),
    _("Waits for the planned day from the marketplace."),
    _("Several orders carry %(code)s: %(numbers)s."),
    _("The accounting system knows no order %(code)s."),
    _("Order %(number)s has %(count)s lines and none is surely the returned one."),
    _("The order %(code)s is not found, so nothing is sure."),
    _("The quality class is not chosen, so there is no letter to send."),
    _("No register is connected: write the line by hand."),
    _("It stands in rows %(rows)s; only the first is kept up."),
    _("Rows were disturbed and could not be mended: %(words)s"),
    _(
        "More would come back than was sold: %(numbers)s brings it back already. No second return order is written."
    ),
    _("Orders whose lines could not be read: %(count)s."),
    _("Orders with a value that could not be read: %(count)s."),
    _("Orders of another shop, refused: %(count)s."),
    _("Order %(code)s belongs to the shop %(number)s; the store %(store)s is the shop %(own)s."),
    _("Order %(code)s was taken without «%(field)s»: %(came)s cannot be read."),
    _("the signing secret cannot be used: %(error)s"),
    _("answer longer than %(count)s bytes"),
    _("ConnectError: %(words)s"),
    _("ConnectTimeout: %(words)s"),
    _("ReadTimeout: %(words)s"),
    _("RemoteProtocolError: %(words)s"),
    _("ReadError: %(words)s"),
)
