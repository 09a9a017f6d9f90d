"""What stands outside: a helpdesk at an address of its own, whose answers can be made late and whose ledger can be read.

`python -m tests.hosts.outside ADDRESS` serves until it is killed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.ops.clock import utc_now
from qaitar.sandbox.serving import Serving
from qaitar.sandbox.usedesk.app import UsedeskStandIn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

PORT: Final = 8090
TOKEN: Final = "t0k3n-of-several-hosts"


class Helpdesk:
    """The stand-in, and beside its own methods `/-/ledger` and `/-/late/SECONDS`."""

    def __init__(self) -> None:
        """Make an empty account."""
        self._usedesk = UsedeskStandIn(TOKEN, clock=utc_now)
        self._late_s = 0.0
        self._waiting = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Do what was asked, then answer, late if so told: what is cut off meanwhile was done and never heard of."""
        path = environ["PATH_INFO"]
        if path.startswith("/-/"):
            reported = json.dumps(self._reported(path)).encode()
            start_response("200 OK", [("Content-Length", str(len(reported)))])
            return [reported]
        answer = list(self._usedesk(environ, start_response))
        if path.startswith("/create/") and self._late_s:
            self._waiting += 1
            time.sleep(self._late_s)
            self._waiting -= 1
        return answer

    def _reported(self, path: str) -> dict[str, Any]:
        if path.startswith("/-/late/"):
            self._late_s = float(path.rpartition("/")[2])
        ledger = [[done.path, dict(done.fields)] for done in self._usedesk.account.ledger]
        return {"ledger": ledger, "waiting": self._waiting}


if __name__ == "__main__":
    with Serving(Helpdesk(), host=sys.argv[1], port=PORT):
        time.sleep(86_400)
