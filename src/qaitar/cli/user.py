"""`qaitar user create`: a person with a role at a merchant, from the command line; or a new password."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from qaitar.foundation.identity.people import (
    PeopleProblem,
    email_set,
    merchant_create,
    password_set,
    person_create,
    role_set,
    tokens_end,
)
from qaitar.foundation.identity.security_journal import (
    Origin,
    SecurityKind,
    SecurityNote,
    account_note,
)
from qaitar.foundation.models import Membership, Merchant, MerchantKey, User
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.roles import Role

if TYPE_CHECKING:
    import argparse
    from uuid import UUID

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("action", choices=["create", "password", "email", "list"])
    parser.add_argument("username", nargs="?", default="")
    parser.add_argument("--name", default="")
    parser.add_argument("--email", default="")
    parser.add_argument(
        "--merchant", default="", help="the merchant's name; made when there is none"
    )
    parser.add_argument(
        "--role",
        choices=[r.value for r in Role if r is not Role.SYSTEM],
        default=Role.OPERATOR.value,
    )
    parser.add_argument("--password-stdin", action="store_true")


def _password(options: argparse.Namespace) -> str:
    return (
        sys.stdin.readline().rstrip("\n")
        if options.password_stdin
        else getpass.getpass("Password: ")
    )


def _good(password: str, user: User) -> bool:
    """Tell whether a password keeps the rules that hold on the pages; else say why not."""
    try:
        validate_password(password, user)
    except ValidationError as problem:
        for each in problem.messages:
            print(f"qaitar: {each}", file=sys.stderr)
        return False
    return True


def _merchant(name: str) -> UUID:
    now = utc_now()
    see(MerchantKey.objects.values_list("pk", flat=True))
    named = (
        Merchant.objects.filter(name=name).first()
        if name
        else Merchant.objects.order_by("created_at").first()
    )
    return named.pk if named else merchant_create(name=name or "Qaitar", now=now).pk


def _note(user: User, kind: SecurityKind, **details: str) -> None:
    about = (user.pk, str(user))
    note = SecurityNote(kind, utc_now(), Origin(channel="cli"), about=about, details=details)
    account_note(user, note)


def _email(options: argparse.Namespace) -> int:
    user = User.objects.get(username=options.username)
    try:
        with transaction.atomic():
            if email_set(user, options.email.strip()):
                _note(user, SecurityKind.EMAIL_CHANGED)
    except PeopleProblem as problem:
        print(f"qaitar: {problem}", file=sys.stderr)
        return 2
    return 0


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Do it."""
    if options.action == "list":
        for held in Membership.objects.select_related("user").order_by("user__username"):
            print(f"{held.user.username}\t{held.role}\t{held.merchant_id}")
        return 0
    if not options.username:
        print("qaitar: which user?", file=sys.stderr)
        return 2
    if options.action == "password":
        return _renew(options)
    if options.action == "email":
        return _email(options)
    return _create(options)


def _renew(options: argparse.Namespace) -> int:
    user = User.objects.filter(username=options.username).first()
    if user is None:
        print(f"qaitar: there is no user {options.username}", file=sys.stderr)
        return 2
    password = _password(options)
    if not _good(password, user):
        return 2
    with transaction.atomic():
        password_set(user, password)
        tokens_end(user, utc_now())
        _note(user, SecurityKind.PASSWORD_RESET)
    return 0


def _create(options: argparse.Namespace) -> int:
    password = _password(options)
    first, _space, last = options.name.strip().partition(" ")
    person = User(username=options.username, email=options.email, first_name=first, last_name=last)
    if not _good(password, person):
        return 2
    try:
        with transaction.atomic():
            merchant_id = _merchant(options.merchant)
            user = person_create(
                username=options.username,
                name=options.name or options.username,
                email=options.email,
                password=password,
                home=merchant_id,
            )
            role_set(user=user, merchant_id=merchant_id, role=Role(options.role), now=utc_now())
            _note(user, SecurityKind.PERSON_MADE, role=options.role)
    except PeopleProblem as problem:
        print(f"qaitar: {problem}", file=sys.stderr)
        return 2
    print(f"{user.username}: {options.role}")
    return 0
