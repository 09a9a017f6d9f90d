"""Tables of the ground: who may do what where, what happened, what still has to happen outside."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.identity.user_base import Account
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role


def _choices(words: type) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]  # type: ignore[attr-defined]  # any StrEnum


class NextJournalPlace(models.Func):
    """The next number of the sequence that orders journal lines."""

    template = "nextval('foundation_journal_place')"
    output_field = models.BigIntegerField()


class Walled(models.Model):
    """A business row: it belongs to one merchant and is seen only inside that merchant's walls."""

    merchant_id = models.UUIDField()

    class Meta:
        abstract = True


class MerchantKey(models.Model):
    """Which merchants exist, so that sweeps know whose walls to open, and how people sign in there.  Not walled."""

    id = models.UUIDField(primary_key=True, default=new_id)
    active = models.BooleanField(default=True)
    # a practice shop: whose it is, and at which merchant its result is kept; nobody else ever sees its rows
    practice_of = models.BigIntegerField(null=True)
    practice_home = models.UUIDField(null=True)
    demo = models.BooleanField(db_default=False, default=False)
    # how people of this merchant sign in; read before any walls are open (`sign_in_rules.py`)
    second_factor = models.CharField(max_length=8, db_default="", default="", blank=True)
    idle_minutes = models.PositiveSmallIntegerField(db_default=120, default=120)
    security_days = models.PositiveSmallIntegerField(db_default=400, default=400)

    @override
    def __str__(self) -> str:
        return str(self.pk)


class Merchant(Walled):
    """A seller's company.  `merchant_id` equals `id`, so that the same wall stands around it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=200)
    iin_bin = models.CharField(max_length=12, blank=True)
    country = models.CharField(max_length=2, default="KZ")
    zone = models.CharField(max_length=64, default="Asia/Almaty")
    currency = models.CharField(max_length=3, default="KZT")
    language = models.CharField(max_length=5, default="ru")
    support_mailbox = models.EmailField(blank=True)
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    @override
    def __str__(self) -> str:
        return self.name


class User(Account):
    """A person who signs in.  What they may do is in their memberships, never on this row."""

    language = models.CharField(max_length=5, default="ru")
    theme = models.CharField(max_length=8, default="auto")

    @override
    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """One person's role at one merchant.  Holds keys only; not walled, because it decides the walls."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    merchant_id = models.UUIDField(db_index=True)
    role = models.CharField(max_length=16, choices=_choices(Role))
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "merchant_id"], name="membership_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.merchant_id}"


class ApiToken(models.Model):
    """A program's way in: only the SHA-256 of the token is kept; scopes narrow what the user may do."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    @override
    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"


class Companion(models.Model):
    """A browser that reads its person's open cabinet.  Its token may hand readings over and ask about what it sees there."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="companions")
    token = models.OneToOneField(ApiToken, on_delete=models.CASCADE)
    browser = models.CharField(max_length=60)
    paired_at = models.DateTimeField()
    last_contact_at = models.DateTimeField()
    session = models.CharField(
        max_length=12, default="AWAY"
    )  # foundation/identity/companions.py Session
    session_at = models.DateTimeField()

    @override
    def __str__(self) -> str:
        return self.browser


class CabinetWatch(Walled):
    """A store whose cabinet a companion reads: when it was last seen, and after how many hours of silence to say so."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField(unique=True)
    companion_id = models.UUIDField()  # the one that looked last
    seen_at = models.DateTimeField(null=True)  # null: no companion could read it yet
    session = models.CharField(max_length=12, default="OPEN")
    session_at = models.DateTimeField()
    silence_hours = models.PositiveSmallIntegerField(default=3)
    not_whole = models.JSONField(
        default=dict
    )  # lists and numbers of `ReadingGaps`, empty: all fits
    failed = models.JSONField(default=list)  # of `FailedDetail`: requests whose details do not come

    @override
    def __str__(self) -> str:
        return f"{self.store_id} {self.session}"


class JournalEntry(Walled):
    """One change of state.  Append-only; each entry's hash covers the one before it in the same case.

    `mac` is the line's signature (`journal_signatures.py`); null: written past the program.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    # The order in which lines were written, by the database: no machine's clock is in it.
    place = models.BigIntegerField(db_default=NextJournalPlace())
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=16)
    channel = models.CharField(max_length=16)
    act = models.CharField(max_length=64)
    before = models.JSONField()
    after = models.JSONField()
    why = models.TextField(blank=True)
    request_ref = models.CharField(max_length=64, blank=True)
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    key_id = models.CharField(max_length=16, db_default="", blank=True)
    mac = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_id", "seq"], name="journal_subject_seq"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "place"], name="journal_merchant_place")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.act} {self.subject_id}#{self.seq}"


class UnreadSubject(Walled):
    """A subject with a new journal line that a reader has not processed yet.

    Written by the database in the statement that writes the line (`journal_feed.py`), deleted by the reader in the
    transaction in which it processes the subject: nothing depends on the order of ids or on clocks.
    """

    id = models.BigAutoField(primary_key=True)
    reader = models.CharField(max_length=32)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "reader", "id"], name="unread_of_reader")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.reader}: {self.subject_kind} {self.subject_id}"


class EffectState(models.TextChoices):
    """Where an outside effect stands."""

    PLANNED = "PLANNED", "planned"  # intent stored, nothing sent
    SENDING = (
        "SENDING",
        "sending",
    )  # committed just before the socket opens; found after a crash = unknown
    DONE = "DONE", "done"
    UNKNOWN = (
        "UNKNOWN",
        "unknown",
    )  # may have happened; asked about by our marker, never blindly repeated
    REFUSED = "REFUSED", "refused"  # the system said no; a person has to act
    MISCONFIGURED = (
        "MISCONFIGURED",
        "misconfigured",
    )  # a setting is wrong; waits for the connection to be mended
    NOT_CONNECTED = "NOT_CONNECTED", "not connected"  # no such system here; done by hand
    BY_HAND = "BY_HAND", "by hand"  # a person says they did it
    CANCELLED = "CANCELLED", "cancelled"  # no longer wanted, nothing was sent


class PlannedEffect(Walled):
    """One thing that must happen outside exactly once.  Its id is the marker the outside system keeps."""

    id = models.UUIDField(primary_key=True, default=new_id)
    subject_id = models.UUIDField()
    kind = models.CharField(max_length=32)
    step = models.CharField(max_length=16)
    ordinal = models.PositiveIntegerField()  # journal seq of the step that planned it
    state = models.CharField(
        max_length=16, choices=EffectState.choices, default=EffectState.PLANNED
    )
    payload = models.JSONField(default=dict)
    reference = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_id", "kind", "ordinal"], name="effect_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["merchant_id", "next_at"],
                name="effect_open",
                condition=models.Q(state__in=["PLANNED", "SENDING", "UNKNOWN"]),
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Connection(Walled):
    """A merchant's account in one outside system.  Secrets are encrypted; they are never shown again."""

    id = models.UUIDField(primary_key=True, default=new_id)
    system = models.CharField(max_length=32)  # key of the registry in config/connectors.py
    store_id = models.UUIDField(null=True, blank=True)  # None: for the whole merchant
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField(default=bytes, blank=True)
    enabled = models.BooleanField(default=True)
    health = models.CharField(max_length=16, default="UNTESTED")
    health_detail = models.TextField(blank=True)
    health_at = models.DateTimeField(null=True)
    checking_since = models.DateTimeField(
        null=True
    )  # a job was ordered to check it; None when it is done
    last_contact_at = models.DateTimeField(null=True)
    cursor = models.JSONField(default=dict)  # where polling stands
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_id", "system", "store_id"],
                name="connection_once",
                nulls_distinct=False,
            ),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class StoredFile(Walled):
    """A file somebody gave us, kept unchanged under its SHA-256; previews are made beside it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=16)
    mime = models.CharField(max_length=100)
    extension = models.CharField(max_length=10)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    pages = models.PositiveIntegerField(null=True)
    preview_sha256 = models.CharField(max_length=64, blank=True)
    thumb_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)
    created_by_name = models.CharField(max_length=200)
    origin = models.CharField(max_length=100)  # where from: web, api, cabinet, mail + address

    class Meta:
        indexes: ClassVar = [models.Index(fields=["merchant_id", "sha256"], name="file_sha256")]

    @override
    def __str__(self) -> str:
        return self.name


class RawIntake(Walled):
    """Something that came in, stored before it was acknowledged and read by a job later.

    `digest` is the SHA-256 of what came.  `body` is the same bytes, but of a browser's recording only the answers we may keep;
    an empty `stored_digest` means that the body has not been reduced yet.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    source = models.CharField(max_length=32)
    store_id = models.UUIDField(null=True)
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    content_type = models.CharField(max_length=100)
    received_at = models.DateTimeField()
    received_from = models.CharField(max_length=200)
    stored_digest = models.CharField(max_length=64, default="", blank=True)  # SHA-256 of `body`
    left_out = models.JSONField(default=dict)  # what of a recording was not stored: kind → how many
    state = models.CharField(
        max_length=16, default="STORED"
    )  # STORED, READ, DUPLICATE, QUARANTINED
    report = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_id", "source", "store_id", "digest"],
                name="intake_once",
                nulls_distinct=False,
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.source} {self.state}"


class IdempotencyRecord(models.Model):
    """The stored answer of a call that must not run twice.  Scoped by user, so it needs no wall."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.key


class WebhookEndpoint(Walled):
    """Where a merchant wants our events sent, by Standard Webhooks."""

    id = models.UUIDField(primary_key=True, default=new_id)
    url = models.URLField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    secrets = models.BinaryField()
    types = models.JSONField(default=list)  # empty: all
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    @override
    def __str__(self) -> str:
        return self.url


class WebhookDelivery(Walled):
    """One event on its way to one endpoint; its id is the `webhook-id` over all tries.

    The database adds the row, PLANNED, in the statement that writes the journal line (`journal_feed.py`); the next round
    gives it type and body (WAITING), or finds that the line is no event the endpoint wants (SKIPPED).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    endpoint_id = models.UUIDField()
    entry_id = models.UUIDField()
    place = models.BigIntegerField(db_default=NextJournalPlace())  # the journal line's
    type = models.CharField(max_length=64)
    body = models.TextField()
    state = models.CharField(
        max_length=16, default="WAITING"
    )  # PLANNED, WAITING, SKIPPED, DELIVERED, GAVE_UP
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    last_status = models.PositiveSmallIntegerField(null=True)
    last_detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint_id", "entry_id"], name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["merchant_id", "next_at"],
                name="delivery_waiting",
                condition=models.Q(state="WAITING"),
            ),
            models.Index(
                fields=["merchant_id", "place"],
                name="delivery_planned",
                condition=models.Q(state="PLANNED"),
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.type} {self.state}"
