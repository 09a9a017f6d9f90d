"""The form of a connection, made from the registry: settings shown, secrets written only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from qaitar.foundation.connections.systems import (
    SECRET_CHARS_MAX,
    TEXT_CHARS_MAX,
    Entered,
    SettingKind,
    secrets_set,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from qaitar.foundation.connections.systems import Connector, Secret, Setting
    from qaitar.foundation.models import Connection

_SETTING: Final = "setting_"
_SECRET: Final = "secret_"  # noqa: S105  a prefix of field names
_JSON_CHARS_MAX: Final = 200_000


class ConnectionForm(forms.Form):
    """Name, settings and secrets of one connection; the registry says which, `connection_save` checks them."""

    name = forms.CharField(label=_("Name"), max_length=100, required=False)

    def __init__(self, known: Connector, row: Connection | None, data: Any = None) -> None:
        """Make a field of every setting and secret of the system; saved secrets are never given to it."""
        self.known = known
        stored = secrets_set(row) if row else frozenset()
        initial = {
            "name": row.name if row else str(known.label),
            "enabled": row is None or row.enabled,
        }
        super().__init__(data, initial=initial)
        for setting in known.settings:
            value = (row.settings if row else {}).get(setting.name, setting.default)
            self.fields[_SETTING + setting.name] = _setting_field(setting, value)
        for secret in known.secrets:
            self.fields[_SECRET + secret.name] = _secret_field(secret, is_set=secret.name in stored)
        self.fields["enabled"] = forms.BooleanField(label=_("Switched on"), required=False)

    def entered(self, system: str, store_id: UUID | None) -> Entered:
        """Give what was typed, for `connection_save`; only after `is_valid`."""
        data = self.cleaned_data
        return Entered(
            system=system,
            name=data["name"],
            store_id=store_id,
            settings={each.name: data[_SETTING + each.name] for each in self.known.settings},
            secrets={each.name: data[_SECRET + each.name] for each in self.known.secrets},
            enabled=data["enabled"],
        )

    def add_problems(self, problems: Mapping[str, str]) -> None:
        """Put the service's sentences at their fields."""
        for name, sentence in problems.items():
            places = (_SETTING + name, _SECRET + name)
            self.add_error(next((p for p in places if p in self.fields), None), sentence)


def _setting_field(setting: Setting, value: Any) -> forms.Field:
    facts: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.help,
        "required": False,  # the service says what is missing, and knows what is saved already
        "initial": value,
    }
    if setting.kind is SettingKind.SWITCH:
        return forms.BooleanField(**facts)
    if setting.kind is SettingKind.CHOICE:
        return forms.ChoiceField(choices=[(each, each or "—") for each in setting.choices], **facts)
    if setting.kind is SettingKind.JSON:
        facts["initial"] = json.dumps(value, ensure_ascii=False, indent=1) if value else ""
        area = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
        return forms.CharField(max_length=_JSON_CHARS_MAX, widget=area, **facts)
    if setting.kind is SettingKind.NUMBER:
        return forms.CharField(
            max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **facts
        )
    return forms.CharField(max_length=TEXT_CHARS_MAX, **facts)


def _secret_field(secret: Secret, *, is_set: bool) -> forms.Field:
    hidden = {"autocomplete": "new-password", "spellcheck": "false"}
    widget: forms.Widget
    if secret.long:
        widget = forms.Textarea(attrs={**hidden, "rows": 4})
    else:
        widget = forms.PasswordInput(attrs=hidden, render_value=False)
    return forms.CharField(
        label=secret.label,
        required=False,
        max_length=SECRET_CHARS_MAX,
        widget=widget,
        help_text=_("Saved. Leave empty to keep it.") if is_set else "",
    )


def without_secrets(form: ConnectionForm) -> ConnectionForm:
    """Take typed secrets out of a form that is shown again with errors, so that none ever stands in a page."""
    form.data = {
        name: "" if name.startswith(_SECRET) else value for name, value in form.data.items()
    }
    return form
