"""What is known of the cabinet's refunds service.  It is not a published API: it may change any day and promises nothing."""

from __future__ import annotations

from qaitar.contracts.marketplace import Section

BASE_URL = "https://mc.shop.kaspi.kz"
REFUNDS_PATH = "/refund/api/v1/merchant-cabinet"
REFUNDS_MARK = "/refund/api/"
LIST_CALL = "/load-refunds-by-tab"
LOGIN_URL = "https://idmc.shop.kaspi.kz/login"
HEADERS = {
    "x-auth-version": "3",
    "Origin": "https://kaspi.kz",
    "Referer": "https://kaspi.kz/",
    "Accept": "application/json",
}
SESSION_COOKIE = "mc-session"
PAGE_SIZE = 10  # what the cabinet itself asks for; larger pages were refused on some tabs
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
RETRY_AFTER_DEFAULT_S = 60
FILE_BYTES_MAX = 64 * 1024 * 1024
DEPTH_MAX = 6

SECTIONS = {
    "NEW": Section.NEW,
    "WAITING_DECISION": Section.AWAITING_DECISION,
    "ON_DELIVERY": Section.IN_DELIVERY,
    "DISPUTE": Section.DISPUTE,
    "CLOSED": Section.CLOSED,
}
TABS = {section: tab for tab, section in SECTIONS.items()}
CURRENT_STAGE = "CURRENT"
CLOSED = "CLOSED"

ITEM_FIELDS = frozenset(
    {
        "refundId", "applicationNumber", "tab", "reason", "refundReason", "plannedDate", "order", "productSku", "customer",
        "sum", "quantity", "description",
    }
)  # fmt: skip
"""What every list item was seen to tell, of what is read here."""
DETAIL_FIELDS = frozenset(
    {
        "refundId", "applicationNumber", "responsible", "order", "customerName", "customerPhone", "refundReason", "deliveryType",
        "refundTab", "address", "orderAddress", "productSku", "quantity", "productPrice", "total", "totalWithdraw",
        "rejectDescription", "comment", "stepDescription", "actions", "stateSteps", "klTrackUrl", "imageUrls",
        "orderCompletionDate", "merchantHint", "createdDate",
    }
)  # fmt: skip
"""What every detail was seen to tell, of what is read here (capture of 2026-08-26): it has no `tab`, `reason`, `plannedDate`,
`customer`, `sum` or `description`; the section stands in `refundTab`, the status in `stepDescription`, the date in the current step."""
ITEM_FILLED = frozenset(
    {
        "refundId", "tab", "refundReason", "plannedDate", "order", "productSku", "sum", "quantity", "description",
    }
)  # fmt: skip
DETAIL_FILLED = frozenset(
    {
        "refundId", "refundTab", "refundReason", "order", "productSku", "total", "quantity", "stepDescription", "actions",
        "stateSteps", "imageUrls", "createdDate",
    }
)  # fmt: skip
"""Of these, what was never seen null; the control date may be once a request is closed."""
DETAIL_ONLY = DETAIL_FIELDS - ITEM_FIELDS
