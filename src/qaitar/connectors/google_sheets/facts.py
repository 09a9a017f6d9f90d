"""What is fixed about Google Sheets and what each connection sets: addresses, limits, headings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qaitar.transport.http import Timeouts

SHEETS_URL = "https://sheets.googleapis.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  an address, not a secret
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

TOKEN_LIFE_S = 3600
TOKEN_MARGIN_S = 60  # a token about to expire is not used any more
BODY_BYTES_MAX = 2_000_000  # the advised size of one request
RETRY_AFTER_S = 60  # quotas are counted by the minute
MOVED_ROUNDS_MAX = 3  # how often rows that people moved during a write are written again
REFUSED_CALLS_MAX = 40  # calls spent on finding refused rows; the quota is 60 writes a minute
TIMEOUTS = Timeouts(connect_s=5.0, read_s=60.0)


@dataclass(frozen=True, slots=True)
class GoogleSheetsSettings:
    """One sheet of one spreadsheet, opened to a service account.

    `columns` is our column name → heading in row 1, and says at the same time which columns are ours: all others
    belong to people and are never written.  `token_url` empty means the `token_uri` of the account's file.
    """

    service_account_json: str = field(repr=False)
    spreadsheet_id: str
    sheet_title: str
    key_heading: str
    columns: Mapping[str, str]
    sheets_url: str = SHEETS_URL
    token_url: str = ""
    timeouts: Timeouts = TIMEOUTS
