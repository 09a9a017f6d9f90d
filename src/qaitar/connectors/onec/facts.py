"""Facts about 1C's standard OData interface and УТ 11 that do not change from base to base.

Source: the vendor's chapter «Стандартный интерфейс OData» (platform 8.3.27) and public lists of
УТ 11.4 / 11.5 attributes.  What a customer's base may change lives in `fieldmap`.
"""

from __future__ import annotations

ROOT = "/odata/standard.odata/"
EMPTY_GUID = "00000000-0000-0000-0000-000000000000"
TYPE_PREFIX = "StandardODATA."

CONCURRENT_CALLS_MAX = 2
"""Each call may hold a client licence; more than two at once can leave people without a session."""

PAGE_ROWS = 1000
PAGES_MAX = 20
FILE_BYTES_MAX = 25 * 1024 * 1024
FILE_NAME_LENGTH = 150
EXTENSION_LENGTH = 10
REASON_LENGTH = 300
MARKER_LENGTH_MIN = 16
REALIZATIONS_MAX = 20
MESSAGE_LENGTH = 1000

CONNECT_S = 10.0
READ_S = 60.0
"""The first call after idle may take 10 to 30 seconds."""
METADATA_READ_S = 180.0

RETURN_STATUSES = ("НеСогласована", "КВозврату")
BLOB_TYPE = "application/octet-stream"
FILE_IN_BASE = "ВИнформационнойБазе"
TEXT_NOT_EXTRACTED = "НеИзвлечен"

CODE_ENTITY_NOT_FOUND = "8"
CODE_INSTANCE_NOT_FOUND = "9"
CODE_KEY_EXISTS = "15"
CODE_RIGHTS = "20"
CODE_BUSINESS = "-1"

LOCK_WORDS = ("конфликт блокировок", "ожидания предоставления блокировки")
RIGHTS_WORDS = ("недостаточно прав", "нарушение прав доступа", "access right", "access is denied")
CLOSED_WORDS = (
    "дата запрета",
    "дате запрета",
    "датой запрета",
    "запрет изменения",
    "запрещено изменять данные",
)
"""How БСП says that a period is closed for changes (подсистема «Даты запрета изменения»)."""
LICENCE_WORDS = ("лиценз",)
