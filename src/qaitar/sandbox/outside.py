"""The four outside systems one shop works with, side by side: sold together, served together, kept together."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from qaitar.sandbox.front import Front
from qaitar.sandbox.google_sheets.app import GoogleSheetsStandIn
from qaitar.sandbox.google_sheets.tokens import made_account
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.seeds import SoldLine
from qaitar.sandbox.serving import Serving
from qaitar.sandbox.usedesk.app import UsedeskStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from wsgiref.types import WSGIApplication

    from qaitar.sandbox.google_sheets.book import Book
    from qaitar.sandbox.kaspi.ledger import SoldOrder

MERCHANT_ID: Final = "30000001"
BOOK_ID: Final = "almaty-returns"
SHEET: Final = "Возвраты Казахстан"
ACCOUNT: Final = "qaitar@stand-in.iam.gserviceaccount.com"
ONEC_USER: Final = "Обмен"
AUTHOR_KEY: Final = "a07b0000-0000-4000-8000-000000000001"
VAT_PERCENT: Final = 16
PORTS: Final = 4  # Kaspi, 1C, Usedesk and Google Sheets stand next to each other


@dataclass(frozen=True, slots=True)
class Keys:
    """What the shop enters its systems with; all made up, they open nothing but these stand-ins."""

    merchant_id: str = MERCHANT_ID
    kaspi_token: str = field(default="stand-in-token-stand-in-token-stand-in-token", repr=False)
    kaspi_cookie: str = field(default="mc-session=stand-in-session", repr=False)
    onec_password: str = field(default="пароль-1С", repr=False)
    usedesk_token: str = field(default="stand-in-usedesk-token", repr=False)


@dataclass(frozen=True, slots=True)
class StandInAddresses:
    """Where the stand-ins are served."""

    kaspi: str
    onec: str
    usedesk: str
    sheets: str

    @classmethod
    def on(cls, port: int) -> StandInAddresses:
        """Name the addresses from one port on.

        >>> StandInAddresses.on(8090).sheets
        'http://127.0.0.1:8093'
        """
        return cls(*(f"http://127.0.0.1:{port + n}" for n in range(PORTS)))


class Outside:
    """Kaspi, 1C, Usedesk and Google Sheets of one shop under one clock.

    `account_json` is the Google service account's file.  What was sold stands in Kaspi and in 1C alike.
    """

    def __init__(self, clock: Callable[[], datetime], *, keys: Keys | None = None) -> None:
        """Make the four, empty but for the register's sheet."""
        self.clock = clock
        self.keys = keys or Keys()
        session = self.keys.kaspi_cookie.partition("=")[2]
        shop = KaspiSite(self.keys.merchant_id, self.keys.kaspi_token, session)
        self.kaspi = KaspiStandIn(clock, shop=shop)
        self.onec = OneCStandIn(user=ONEC_USER, password=self.keys.onec_password)
        self.usedesk = UsedeskStandIn(self.keys.usedesk_token, clock=clock)
        self.sheets = GoogleSheetsStandIn(clock=clock)
        self.book: Book = self.sheets.book(BOOK_ID, SHEET)
        self.book.editors.add(ACCOUNT)
        self.account_json = ""

    def let_account_in(self) -> None:
        """Make the service account and its key; a key takes a moment, so it is made only when needed."""
        account = made_account(ACCOUNT, "https://oauth2.googleapis.com/token")
        self.account_json = account.json_text
        self.sheets.tokens.public_keys[ACCOUNT] = account.public_pem

    def head_sheet(self, headings: list[str]) -> None:
        """Write the register's first row, as a person does before connecting it."""
        grid = self.book.sheets[SHEET]
        if not grid.rows:
            grid.write(0, 0, [list(headings)])

    def sell(self, order: SoldOrder) -> SoldOrder:
        """Put a sold order into Kaspi and into 1C."""
        self.kaspi.add_order(order)
        lines = [
            SoldLine(line.name, line.quantity * 1000, line.price_tiyn, VAT_PERCENT)
            for line in order.goods
        ]
        with self.onec.still():
            self.onec.seed_order(order.code, lines)
        return order

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[StandInAddresses]:
        """Serve all four on loopback, from `port` on or on free ports; Kaspi's root lists them."""
        front = Front(self.kaspi, self.onec)
        apps: tuple[WSGIApplication, ...] = (front, self.onec, self.usedesk, self.sheets)
        with ExitStack() as stack:
            served = [
                stack.enter_context(Serving(app, port=port + n if port else 0))
                for n, app in enumerate(apps)
            ]
            addresses = StandInAddresses(*(each.url for each in served))
            front.addresses = (addresses.kaspi, addresses.onec, addresses.usedesk, addresses.sheets)
            yield addresses
