"""Invitations: how an account of one merchant comes to work for another without either holding the other's keys.

The inviting merchant learns nothing about the account.  The code it hands to the person proves that the person
accepting is the one it meant, and accepting starts the account's credentials anew, so that whoever made the account
and knows its first password cannot come along.
"""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from qaitar.foundation.identity.access import digest_of
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.identity.invitation_model import Invitation
from qaitar.foundation.identity.people import (
    PeopleProblem,
    password_set,
    person_note,
    role_set,
    tokens_end,
)
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.models import Membership, User
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.roles import Role

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

VALID: Final = timedelta(days=7)
_CODE_BYTES: Final = 10  # 80 bits, 16 letters


def invitation_create(
    *, merchant: tuple[UUID, str], login: str, role: Role, by_name: str, now: datetime
) -> str:
    """Invite a login or an e-mail to a merchant (id and name); give the code for the person, shown this once.

    An earlier invitation of the same login to the same merchant ends.
    """
    merchant_id, name = merchant
    wanted = login.strip().lower()
    Invitation.objects.filter(merchant_id=merchant_id, login=wanted).delete()
    code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    Invitation.objects.create(
        merchant_id=merchant_id,
        merchant_name=name,
        login=wanted,
        role=role.value,
        code_digest=digest_of(code),
        invited_by_name=by_name[:200],
        created_at=now,
        expires_at=now + VALID,
    )
    return code


def invitations_of(user: User, now: datetime) -> QuerySet[Invitation]:
    """List what waits for this person, by their login or e-mail, oldest first."""
    named = [each.lower() for each in (user.username, user.email) if each]
    return Invitation.objects.filter(login__in=named, expires_at__gt=now).order_by("created_at")


@transaction.atomic
def invitation_accept(
    *, user: User, invitation_id: UUID, code: str, password: str, now: datetime
) -> Invitation:
    """Join the inviting merchant; the account's password is set anew and everything else that opened it ends.

    Ended are API tokens, companions, second factors, passkeys, joined OIDC accounts, and other sessions.

    Raises:
        PeopleProblem: INVITATION_UNKNOWN (not theirs, out of date, or the code is wrong); nothing was changed.
    """
    waiting = invitations_of(user, now).select_for_update().filter(pk=invitation_id)
    found = waiting.filter(code_digest=digest_of(code.strip().replace("-", "").upper())).first()
    if found is None:
        raise PeopleProblem("INVITATION_UNKNOWN")
    password_set(user, password)
    tokens_end(user, now)
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    _join(user, found, now)
    found.delete()
    return found


def _join(user: User, found: Invitation, now: datetime) -> None:
    """Give the role of an invitation; somebody who works there by now keeps the role they have."""
    if Membership.objects.filter(user=user, merchant_id=found.merchant_id).exists():
        return
    role = Role(found.role)
    see([found.merchant_id])
    role_set(user=user, merchant_id=found.merchant_id, role=role, now=now)
    line = JournalLine(
        act="INVITATION_ACCEPT",
        at=now,
        by=Actor(user.pk, str(user), role, "web"),
        before={},
        after={"person": user.username, "role": role.value, "invited_by": found.invited_by_name},
    )
    person_note(user, found.merchant_id, line)
