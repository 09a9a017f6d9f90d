"""Access tokens of a service account: asked for once an hour, kept in memory only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qaitar.connectors.google_sheets import facts, sign
from qaitar.contracts.outcome import ADDRESS_NOT_ALLOWED, Busy, Misconfigured
from qaitar.transport.http import AddressNotAllowed, HttpClient, NoAnswer, NotJson, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.connectors.google_sheets.wire import ServiceAccount
    from qaitar.transport.http import Reply, Timeouts


class TokenSource:
    """Gives an access token that is good for at least another minute.

    Asking for a token changes nothing at Google, so every trouble on the way is `Busy` or `Misconfigured`.
    """

    def __init__(
        self,
        account: ServiceAccount,
        *,
        token_url: str,
        clock: Callable[[], datetime],
        timeouts: Timeouts,
    ) -> None:
        """Prepare the source; nothing is asked for yet."""
        self._account = account
        self._url = token_url
        self._clock = clock
        self._http = HttpClient(token_url, timeouts=timeouts)
        self._token = ""
        self._good_until: datetime | None = None

    def close(self) -> None:
        """Close the connections kept alive and forget the token."""
        self.forget()
        self._http.close()

    def forget(self) -> None:
        """Drop the token: Google did not accept it."""
        self._token, self._good_until = "", None

    def token(self) -> str | Busy | Misconfigured:
        """Return the token in memory, or a new one when it has run out."""
        now = self._clock()
        if self._good_until is not None and now < self._good_until:
            return self._token
        try:
            signed = sign.assertion(self._account, token_url=self._url, now=now)
        except sign.BadServiceKey as error:
            return Misconfigured(f"{error}.", "Paste the whole JSON file of the key again.")
        try:
            form = {"grant_type": facts.GRANT, "assertion": signed}
            reply = self._http.send(Request("POST", self._url, form=form))
        except AddressNotAllowed:
            return ADDRESS_NOT_ALLOWED
        except (NotSent, NoAnswer) as error:
            return Busy(f"Google's token address gave no answer: {error}")
        return self._keep(reply, now)

    def _keep(self, reply: Reply, now: datetime) -> str | Busy | Misconfigured:
        try:
            payload = reply.json()
        except NotJson:
            payload = None
        record = payload if isinstance(payload, dict) else {}
        if reply.status in {400, 401, 403}:
            error_text = (
                f"{record.get('error') or ''}: {record.get('error_description') or ''}".strip(": ")
            )
            return Misconfigured(
                f"Google gives the service account no token (HTTP {reply.status}). {error_text}".strip(),
                "Check that the key is not deleted and that this machine's clock is right.",
            )
        token, life_s = record.get("access_token"), record.get("expires_in")
        if not reply.ok or not isinstance(token, str) or not token:
            return Busy(f"Google's token address answered HTTP {reply.status} without a token.")
        life_s = life_s if isinstance(life_s, int) else facts.TOKEN_MARGIN_S
        self._token = token
        self._good_until = now + timedelta(seconds=life_s - facts.TOKEN_MARGIN_S)
        return token
