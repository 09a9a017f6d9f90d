"""The form of a merchant's own rules: every rule with its source and limit; an empty field follows the usual one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from qaitar.kernel.money import Currency, UnreadableAmount, format_minor, parse_minor
from qaitar.returns.rules.dated_rules import (
    LATITUDE,
    Latitude,
    RuleCode,
    RuleLine,
    Rules,
    SourceKind,
)
from qaitar.returns.rules.goods_groups import GoodsGroup
from qaitar.returns.services.merchant_rules import DEFAULT_OF, RuleEntry, rule_check
from qaitar.returns.texts.sentences import rule_refusal_sentence, source_sentence
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from enum import Enum

    from qaitar.returns.rules.dated_rules import RuleValue

DAYS_MAX: Final = 3650
NAMES: Final = {
    RuleCode.PROPER_WINDOW_DAYS: _("Days to return goods of proper quality"),
    RuleCode.DEFECTIVE_WINDOW_DAYS: _("Days to return defective goods, or the warranty if longer"),
    RuleCode.NOT_RETURNABLE_GROUPS: _("Groups not taken back in good order"),
    RuleCode.EVIDENCE_PROPER: _("Needed for proper quality"),
    RuleCode.EVIDENCE_DEFECTIVE: _("Needed for a defect"),
    RuleCode.EVIDENCE_DAMAGE: _("Needed for mechanical damage"),
    RuleCode.EVIDENCE_DIFFERENT: _("Needed when it is not what was ordered"),
    RuleCode.ACT_BEFORE_TAKING: _("Defective goods are taken with an act only"),
    RuleCode.APPROVAL_ABOVE_MINOR: _("A senior approves above this sum, ₸ (0: no limit)"),
    RuleCode.DAMAGE_QUICK_DAYS: _("Damage reported up to this many days counts as “within a day”"),
    RuleCode.DAMAGE_LATE_DAYS: _("Damage reported after this many days needs an act first"),
}
LIMITS: Final = {
    Latitude.MORE: _("It may only be longer than the law's %(value)s."),
    Latitude.FEWER: _("The law lists these groups; you may refuse fewer, never more."),
    Latitude.FREE: _("Yours to decide; usually %(value)s."),
}
_SETS: Final[dict[RuleCode, type[Enum]]] = {
    RuleCode.NOT_RETURNABLE_GROUPS: GoodsGroup,
    RuleCode.EVIDENCE_PROPER: EvidenceKind,
    RuleCode.EVIDENCE_DEFECTIVE: EvidenceKind,
    RuleCode.EVIDENCE_DAMAGE: EvidenceKind,
    RuleCode.EVIDENCE_DIFFERENT: EvidenceKind,
}


def rule_name(code: RuleCode) -> str:
    """Say what a rule rules."""
    return str(NAMES[code])


def value_text(code: RuleCode, value: Any) -> str:
    """Say a rule's value in words."""
    if code in _SETS:
        kind = _SETS[code]
        return ", ".join(str(word_for(kind(each))) for each in sorted(value)) or gettext("nothing")
    if code is RuleCode.APPROVAL_ABOVE_MINOR:
        return format_minor(int(value), Currency.KZT)
    if code is RuleCode.ACT_BEFORE_TAKING:
        return gettext("yes") if value else gettext("no")
    return str(value)


class RuleForm(forms.Form):
    """All rules of a merchant as they stand, with the days from which changes hold."""

    valid_from = forms.DateField(
        label=_("Changes hold from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Requests are judged by the rules of the day they were filed on."),
    )
    valid_to = forms.DateField(
        label=_("to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until changed"),
    )
    note = forms.CharField(label=_("Why"), max_length=300, required=False)

    def __init__(self, rules: Rules, *args: Any, **kwargs: Any) -> None:
        """Show what is in force."""
        self.rules = rules
        super().__init__(*args, **kwargs)
        for code in RuleCode:
            self.fields[code.value] = _field(code, rules.lines[code])
        self.order_fields([*(code.value for code in RuleCode)])

    @override
    def clean(self) -> dict[str, Any]:
        """Let nobody give a customer less than the law does; each refusal stands at its field."""
        data = super().clean() or {}
        if "valid_from" not in data or self.errors:
            return data
        for entry in self.entries():
            refusal = rule_check(entry)
            if refusal is not None:
                field = "valid_to" if refusal.code == "RULE_DAYS_REVERSED" else entry.code.value
                self.add_error(field, rule_refusal_sentence(refusal))
        return data

    def entries(self) -> list[RuleEntry]:
        """Give the rules whose value was changed."""
        data = self.cleaned_data
        changed = []
        for code in RuleCode:
            value = _value(code, data.get(code.value))
            if value is not None and value != self.rules.lines[code].value:
                changed.append(
                    RuleEntry(
                        code=code,
                        value=value,
                        valid_from=data["valid_from"],
                        valid_to=data.get("valid_to"),
                        note=data.get("note", ""),
                    )
                )
        return changed


class TengeField(forms.Field):
    """A sum as people write it, kept in minor units."""

    @override
    def to_python(self, value: Any) -> Any:
        """Read the sum; nothing typed is nothing."""
        if value in {None, ""}:
            return None
        try:
            return parse_minor(str(value).strip())
        except UnreadableAmount as error:
            raise forms.ValidationError(_("A sum like 150 000 is expected.")) from error


def _field(code: RuleCode, line: RuleLine) -> forms.Field:
    facts: dict[str, Any] = {
        "label": NAMES[code],
        "help_text": _hint(code, line),
        "required": False,
    }
    value = line.value
    if code in _SETS:
        assert isinstance(value, frozenset)
        choices = [(each.value, word_for(each)) for each in _SETS[code]]
        initial = sorted(str(each.value) for each in value)
        return forms.MultipleChoiceField(
            choices=choices, initial=initial, widget=forms.CheckboxSelectMultiple, **facts
        )
    assert isinstance(value, int)
    if code is RuleCode.ACT_BEFORE_TAKING:
        return forms.BooleanField(initial=bool(value), **facts)
    if code is RuleCode.APPROVAL_ABOVE_MINOR:
        amount = f"{Decimal(value) / 100:f}".replace(".", ",")
        return TengeField(initial=amount.removesuffix(",00"), **facts)
    return forms.IntegerField(initial=value, min_value=0, max_value=DAYS_MAX, **facts)


def _hint(code: RuleCode, line: RuleLine) -> str:
    default = DEFAULT_OF[code]
    limit = str(LIMITS[LATITUDE[code]]) % {"value": value_text(code, default.value)}
    parts = [source_sentence(default.source) + ".", limit]
    if line.source.kind is SourceKind.MERCHANT:
        parts.append(gettext("Now your own rule holds."))
    return " ".join(parts)


def _value(code: RuleCode, typed: Any) -> RuleValue | None:
    """Turn what was typed into a rule's value; an emptied number is the usual one."""
    if code in _SETS:
        return frozenset(_SETS[code](each) for each in typed or ())  # type: ignore[return-value]  # one of the two vocabularies
    if code is RuleCode.ACT_BEFORE_TAKING:
        return int(bool(typed))
    return DEFAULT_OF[code].value if typed is None else int(typed)


def today_first(day: date) -> dict[str, Any]:
    """Let changes hold from today unless another day is chosen."""
    return {"valid_from": day}
