"""What is known of Kaspi's Shop API: addresses, limits, words.  Sources stand in docs/connectors/kaspi-shop.md."""

from __future__ import annotations

from datetime import timedelta

BASE_URL = "https://kaspi.kz/shop/api/v2"
MEDIA_TYPE = "application/vnd.api+json"
# Without a browser-like agent the service does not refuse: it never answers.
USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
CURRENCY = "KZT"

PAGE_SIZE_MAX = 100
ENTRY_PAGES_MAX = 1000  # of one order's lines: an answer that never ends is none
WINDOW_MAX = timedelta(days=14)
CHECK_WINDOW = timedelta(days=7)
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
RETRY_AFTER_DEFAULT_S = 30
RETRY_AFTER_MAX_S = 3600

STATES = ("NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE")
ARCHIVE = "ARCHIVE"
FINAL_STATUSES = frozenset({"CANCELLED", "RETURNED"})
COMPLETED = "COMPLETED"
# Whether `completionDate` comes on orders the buyer never got, and what it means there, was not seen: it is not read there.
NEVER_RECEIVED = frozenset({"CANCELLED", "CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"})
# Kaspi tells no date of change.  An issued order may come back for 14 days without a reason and 30 with a defect, and the
# return then takes its own way; an order never finished is not read for ever.
WATCH_AFTER_ISSUE = timedelta(days=60)
WATCH_OPEN = timedelta(days=180)

CREDIT_MODE = "PAY_WITH_CREDIT"
PREPAID_MODE = "PREPAID"
