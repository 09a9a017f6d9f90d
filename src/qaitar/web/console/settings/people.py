"""People of a merchant: who works here, in which role; invited, switched off, given a new password shown once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qaitar.foundation.connections.secrets import NoKey
from qaitar.foundation.identity.people import (
    PeopleProblem,
    foreign_access_end,
    password_new,
    password_set,
    person_create,
    person_note,
    person_switch,
    real_memberships,
    role_set,
)
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.models import Membership, User
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.roles import Role
from qaitar.returns.texts.words import word_for
from qaitar.web.console.approvals.deputies import deputy_rows
from qaitar.web.console.case.records import Fact
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.layout import LANGUAGE_NAMES
from qaitar.web.console.frame.settings_views import (
    NO_KEY,
    fresh_put,
    fresh_take,
    managed,
    merchants_named,
    not_stored,
    notify,
)
from qaitar.web.console.settings.invitations import (
    InvitationForm,
    invitation_make,
    invitations_open,
)
from qaitar.web.console.settings.records import UserPage, UserRow
from qaitar.web.console.settings.security_notes import visit_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpResponse

PEOPLE_MAX: Final = 500
GIVEN: Final = tuple(role for role in Role if role is not Role.SYSTEM)
MAY: Final = {
    Role.OPERATOR: _("handles requests: asks, takes, refuses, grants"),
    Role.SENIOR: _("the same, and approves damage, sums and exceptions"),
    Role.ACCOUNTANT: _("sees everything, takes the register away"),
    Role.CLERK: _("adds photos and notes arrivals"),
    Role.OWNER: _("everything, settings and people included"),
    Role.ADMIN: _("everything except making owners"),
    Role.VIEWER: _("sees, changes nothing"),
}
PROBLEMS: Final = {
    "LAST_OWNER": _("This is the last owner. Make somebody else an owner first."),
    "USERNAME_TAKEN": _(
        "This sign-in name is taken. If the person has an account already, invite them."
    ),
    "EMAIL_TAKEN": _("Another account has this e-mail."),
    "LANGUAGE_UNKNOWN": _("This language is not known."),
    "OWNERS_ONLY": _("Only an owner may make or unmake an owner."),
    "NOT_YOURS": _(
        "This account belongs to another merchant, so its password is not yours to change."
        " You may take away the person's role here."
    ),
    "NEEDS_INVITATION": _("This account belongs to another merchant: send an invitation."),
    "LAST_OWNER_ELSEWHERE": _(
        "This person is the only owner of another merchant, so only they may change their password."
    ),
    "YOURSELF": _("You cannot switch yourself off."),
}


EVENTS: Final = {
    "ROLE_SET": SecurityKind.ROLE_SET,
    "PERSON_SWITCH": SecurityKind.PERSON_SWITCHED,
    "PASSWORD_RENEW": SecurityKind.PASSWORD_RESET,
    "EMAIL_SET": SecurityKind.EMAIL_CHANGED,
}
"""What is noted in the security journal besides the line of the journal."""


class InviteForm(forms.Form):
    """A new person, or one of ours who is let in again."""

    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Somebody who has an account with another merchant is invited instead."),
    )
    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=list(LANGUAGE_NAMES.items()))
    role = forms.ChoiceField(label=_("Role"), choices=[(r.value, word_for(r)) for r in GIVEN])

    def __init__(self, *args: Any, merchants: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """Ask for the merchant where there are several."""
        super().__init__(*args, **kwargs)
        if len(merchants) > 1:
            self.fields["merchant"] = forms.ChoiceField(label=_("Merchant"), choices=merchants)


class PersonForm(forms.Form):
    """A person's role at each merchant the reader manages."""

    def __init__(
        self, *args: Any, names: Mapping[UUID, str], held: Mapping[UUID, str], **kwargs: Any
    ) -> None:
        """Make a choice of role for every merchant."""
        super().__init__(*args, **kwargs)
        choices = [("", _("no access")), *((role.value, word_for(role)) for role in GIVEN)]
        for key, name in names.items():
            self.fields[f"role_{key}"] = forms.ChoiceField(
                label=_("Role at %(merchant)s") % {"merchant": name},
                choices=choices,
                required=False,
                initial=held.get(key, ""),
            )


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the reader's rights over one person go."""

    user: User
    held: Mapping[UUID, str]
    mine: frozenset[UUID]

    @property
    def here(self) -> dict[UUID, str]:
        """Give the roles at merchants the reader manages."""
        return {key: role for key, role in self.held.items() if key in self.mine}

    @property
    def whole(self) -> bool:
        """Tell whether the account is the reader's to change: its home is a merchant they manage, and it is no superuser."""
        return not self.user.is_superuser and self.user.home_merchant in self.mine


def _reach(visit: PageRequest, user_id: int) -> Reach:
    user = found_or_404(User.objects.filter(pk=user_id).first())
    held = {each.merchant_id: each.role for each in real_memberships(user_id)}
    reach = Reach(user, held, frozenset(managed(visit)))
    found_or_404(reach.here or None)  # a stranger looks like nobody
    return reach


@require_GET
@screen(MANAGERS)
def people(visit: PageRequest) -> HttpResponse:
    """List the people of every merchant the reader manages, and the form that lets one in."""
    names = merchants_named(managed(visit))
    return _page(visit, _blank(visit, names))


@require_POST
@screen(MANAGERS)
@sensitive
def person_invite(visit: PageRequest) -> HttpResponse:
    """Invite somebody who has an account elsewhere; the answer is the same whether the account exists or not."""
    names = merchants_named(managed(visit))
    form = InvitationForm(
        visit.request.POST, merchants=[(str(key), name) for key, name in names.items()]
    )
    if not form.is_valid():
        return _page(visit, _blank(visit, names), form)
    try:
        login = invitation_make(visit, names, form.cleaned_data)
    except PeopleProblem as problem:
        form.add_error(None, str(PROBLEMS[str(problem)]))
        return _page(visit, _blank(visit, names), form)
    except NoKey:
        form.add_error(None, str(NO_KEY))
        return _page(visit, _blank(visit, names), form)
    notify(
        visit,
        _("The invitation of %(name)s waits for 7 days. Hand the code over in person.")
        % {"name": login},
    )
    return see_other(reverse("console:people"))


def _blank(visit: PageRequest, names: Mapping[UUID, str]) -> InviteForm:
    return InviteForm(
        merchants=[(str(key), name) for key, name in names.items()],
        initial={"language": visit.who.language, "role": Role.OPERATOR.value},
    )


def _page(
    visit: PageRequest, form: InviteForm, invitation: InvitationForm | None = None
) -> HttpResponse:
    names = merchants_named(managed(visit))
    page = UserPage(
        rows=_rows(visit, names),
        invite_url=reverse("console:person_new"),
        roles=tuple(Fact(label=str(word_for(role)), value=str(text)) for role, text in MAY.items()),
    )
    secret, about = fresh_take(visit)
    context = {
        "page": page,
        "form": form,
        "fresh_secret": secret,
        "fresh_about": about,
        "invite_form": invitation
        or InvitationForm(merchants=[(str(k), n) for k, n in names.items()]),
        "invitations": invitations_open(tuple(names), visit.now),
        "stores_named": len(names) > 1,
    }
    status = 422 if form.errors or (invitation and invitation.errors) else 200
    return not_stored(render(visit.request, "console/settings/users.html", context, status=status))


def _rows(visit: PageRequest, names: Mapping[UUID, str]) -> tuple[UserRow, ...]:
    held = Membership.objects.filter(merchant_id__in=names).select_related("user")
    found = list(held.order_by("user__first_name", "user__username", "merchant_id")[:PEOPLE_MAX])
    ids = {each.user.pk for each in found}
    deputies = deputy_rows(visit, tuple(names))
    safe = set(Authenticator.objects.filter(user_id__in=ids).values_list("user_id", flat=True))
    return tuple(
        UserRow(
            name=str(each.user),
            email=(each.user.email if each.user.home_merchant in names else "")
            or each.user.username,
            role=Role(each.role),
            url=reverse("console:person", args=[each.user.pk]),
            second_factor=each.user.pk in safe,
            last_seen_at=each.user.last_login if each.user.home_merchant in names else None,
            active=each.user.is_active,
            stores=names[each.merchant_id] if len(names) > 1 else "",
            is_self=each.user.pk == visit.who.user_id,
            deputy_of=tuple(row for row in deputies if row.deputy_id == each.user.pk),
        )
        for each in found
    )


@require_POST
@screen(MANAGERS)
@sensitive
def person_new(visit: PageRequest) -> HttpResponse:
    """Let a person in: a new one gets a password shown once, one of ours only the role; others are invited."""
    names = merchants_named(managed(visit))
    form = InviteForm(
        visit.request.POST, merchants=[(str(key), name) for key, name in names.items()]
    )
    if not form.is_valid():
        return _page(visit, form)
    data = form.cleaned_data
    merchant_id = UUID(data.get("merchant") or str(next(iter(names))))
    known = User.objects.filter(
        username__iexact=data["username"], home_merchant__in=managed(visit)
    ).first()
    try:
        _role_change(visit, known, merchant_id, Role(data["role"]))
        if known is None:
            known = _made(visit, data, merchant_id)
            visit_note(visit, SecurityKind.PERSON_MADE, (merchant_id,), about=known)
            sentence = _("%(name)s may sign in now. The password below is shown once.")
        else:
            sentence = _("%(name)s had an account already and now works here too.")
        role_set(user=known, merchant_id=merchant_id, role=Role(data["role"]), now=visit.now)
    except PeopleProblem as problem:
        fresh_take(visit)  # nobody was made, so no password is shown
        form.add_error(None, str(PROBLEMS[str(problem)]))
        return _page(visit, form)
    except NoKey:
        form.add_error(None, str(NO_KEY))
        return _page(visit, form)
    person_note_line(visit, (known, merchant_id), "ROLE_SET", {"role": data["role"]})
    notify(visit, sentence % {"name": known})
    return see_other(reverse("console:people"))


def _made(visit: PageRequest, data: Mapping[str, Any], home: UUID) -> User:
    """Make the account; its password is sealed for the next page before anything is written."""
    password = password_new()
    fresh_put(visit, password, data["username"])
    return person_create(
        username=data["username"],
        name=data["name"] or data["username"],
        email=data["email"],
        password=password,
        language=data["language"],
        home=home,
    )


def _role_change(
    visit: PageRequest, user: User | None, merchant_id: UUID, wanted: Role | None
) -> str | None:
    """Tell which role the person holds now, and refuse what only an owner may do.

    Raises:
        PeopleProblem: OWNERS_ONLY, or NEEDS_INVITATION where a stranger to the merchant is not of its house.
    """
    row = Membership.objects.filter(user=user, merchant_id=merchant_id).first() if user else None
    held = row.role if row else None
    if user and row is None and user.home_merchant not in managed(visit):
        raise PeopleProblem("NEEDS_INVITATION")
    about_owner = Role.OWNER in {held, wanted} and held != wanted
    if about_owner and visit.who.roles.get(merchant_id) is not Role.OWNER:
        raise PeopleProblem("OWNERS_ONLY")
    return held


def person_note_line(
    visit: PageRequest,
    about: tuple[User, UUID],
    act: str,
    after: Mapping[str, Any],
    before: Any = None,
) -> None:
    """Write about a person (and where) into the journal and into the security journal."""
    user, merchant_id = about
    visit_note(visit, EVENTS[act], (merchant_id,), about=user, **after)
    values = {"person": user.username, **after}
    line = JournalLine(
        act=act, at=visit.now, by=visit.who.actor_at(merchant_id), before=before or {}, after=values
    )
    person_note(user, merchant_id, line)


# --- one person -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
@sensitive
def person(visit: PageRequest, user_id: int) -> HttpResponse:
    """Show a person and change their roles at the merchants the reader manages."""
    reach = _reach(visit, user_id)
    names = merchants_named(managed(visit))
    given = visit.request.POST if visit.request.method == "POST" else None
    form = PersonForm(given, names=names, held=reach.here)
    if given is not None and form.is_valid():
        try:
            with transaction.atomic():  # all of the changes or none
                changed = _roles_change(visit, reach, form)
        except PeopleProblem as problem:
            form.add_error(None, str(PROBLEMS[str(problem)]))
        else:
            notify(
                visit,
                _("The roles of %(name)s are changed.") % {"name": reach.user}
                if changed
                else _("Nothing was different, so nothing was changed."),
            )
            return see_other(reverse("console:people"))
    return _person_page(visit, reach, form)


def _roles_change(visit: PageRequest, reach: Reach, form: PersonForm) -> int:
    wanted = {UUID(name.removeprefix("role_")): value for name, value in form.cleaned_data.items()}
    changes = {
        key: Role(value) if value else None
        for key, value in wanted.items()
        if value != reach.here.get(key, "")
    }
    for key, role in changes.items():
        _role_change(visit, reach.user, key, role)
    for key, role in changes.items():
        role_set(user=reach.user, merchant_id=key, role=role, now=visit.now)
        after = {"role": role.value if role else None}
        before = {"role": reach.here.get(key)}
        person_note_line(visit, (reach.user, key), "ROLE_SET", after, before)
    return len(changes)


def _person_page(visit: PageRequest, reach: Reach, form: PersonForm) -> HttpResponse:
    user = reach.user
    first = next(iter(reach.here.values()))
    row = UserRow(
        name=str(user),
        email=(user.email if reach.user.home_merchant in reach.mine else "") or user.username,
        role=Role(first),
        url=reverse("console:person", args=[user.pk]),
        second_factor=Authenticator.objects.filter(user_id=user.pk).exists(),
        active=user.is_active,
        is_self=user.pk == visit.who.user_id,
    )
    secret, about = fresh_take(visit)
    context = {
        "user_row": row,
        "form": form,
        "back_url": reverse("console:people"),
        "switch_url": reverse("console:person_switch", args=[user.pk]) if reach.whole else "",
        "email_url": reverse("console:person_email", args=[user.pk]) if reach.whole else "",
        "person_email": user.email if reach.whole else "",
        "password_url": reverse("console:person_password", args=[user.pk]) if reach.whole else "",
        "foreign": _now(str(PROBLEMS["NOT_YOURS"])) if not reach.whole else "",
        "fresh_secret": secret,
        "fresh_about": about,
    }
    status = 422 if form.errors else 200
    return not_stored(render(visit.request, "console/settings/user.html", context, status=status))


def whole_person(visit: PageRequest, user_id: int) -> Reach:
    """Give a person whose whole account is the reader's to change; an owner's only to owners.

    Raises:
        PeopleProblem: NOT_YOURS or OWNERS_ONLY.
    """
    reach = _reach(visit, user_id)
    if not reach.whole:
        raise PeopleProblem("NOT_YOURS")
    for key, role in reach.here.items():
        if role == Role.OWNER and visit.who.roles.get(key) is not Role.OWNER:
            raise PeopleProblem("OWNERS_ONLY")
    return reach


@require_POST
@screen(MANAGERS)
@sensitive
def person_switch_view(visit: PageRequest, user_id: int) -> HttpResponse:
    """Switch an account off, or on again."""
    back = reverse("console:person", args=[user_id])
    active = visit.request.POST.get("active") == "1"
    if user_id == visit.who.user_id:
        notify(visit, PROBLEMS["YOURSELF"], good=False)
        return see_other(back)
    try:
        reach = whole_person(visit, user_id)
        person_switch(user=reach.user, active=active, now=visit.now)
    except PeopleProblem as problem:
        notify(visit, PROBLEMS[str(problem)], good=False)
        return see_other(back)
    for key in reach.here:
        person_note_line(visit, (reach.user, key), "PERSON_SWITCH", {"active": active})
    sentence = _("%(name)s may sign in again.") if active else _("%(name)s can no longer sign in.")
    notify(visit, sentence % {"name": reach.user})
    return see_other(back)


def _foreign_end(visit: PageRequest, reach: Reach) -> None:
    """End the person's access to merchants the reader does not manage: the new credentials open only ours."""
    foreign_access_end(reach.user, merchants=managed(visit), now=visit.now)
    see(visit.who.merchants)


@require_POST
@screen(MANAGERS)
@sensitive
def person_password(visit: PageRequest, user_id: int) -> HttpResponse:
    """Give a person a new password, shown once on the next page."""
    back = reverse("console:person", args=[user_id])
    try:
        reach = whole_person(visit, user_id)
        password = password_new()
        fresh_put(visit, password, reach.user.username)
        _foreign_end(visit, reach)
    except PeopleProblem as problem:
        fresh_take(visit)  # no password was set, so none is shown
        notify(visit, PROBLEMS[str(problem)], good=False)
        return see_other(back)
    except NoKey:
        notify(visit, NO_KEY, good=False)
        return see_other(back)
    password_set(reach.user, password)
    for key in reach.here:
        person_note_line(visit, (reach.user, key), "PASSWORD_RENEW", {})
    notify(
        visit,
        _("%(name)s has a new password; the old one and open sessions have ended.")
        % {"name": reach.user},
    )
    return see_other(back)
