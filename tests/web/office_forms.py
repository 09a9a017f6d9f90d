"""Sample forms of the pages beside the queue and the case."""

from __future__ import annotations

from django import forms


class NewRequestForm(forms.Form):
    order_number = forms.CharField(
        label="Order number and attempt", help_text="As in the cabinet: 704812360-1"
    )
    control_date = forms.DateTimeField(
        label="Control date",
        help_text="The red date inside the request",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )


class ConnectionForm(forms.Form):
    token = forms.CharField(label="Token", widget=forms.PasswordInput, required=False)
    merchant_uid = forms.CharField(
        label="Shop id", required=False, help_text="Only for logins with several shops"
    )
    proxy = forms.CharField(
        label="Way out",
        required=False,
        help_text="Address of a proxy in Kazakhstan, if calls from here are dropped",
    )


class RuleForm(forms.Form):
    approve_above = forms.CharField(label="Approval above, ₸", initial="150 000")
    days = forms.IntegerField(label="Days for goods of proper quality", initial=14)
    at_deadline = forms.ChoiceField(
        label="When a control date is about to pass",
        choices=[
            ("CALL_DUTY", "Call the person on duty"),
            ("REFUSE", "Refuse"),
            ("ACCEPT", "Accept"),
        ],
    )
    strict_stamp = forms.BooleanField(
        label="A technical act must carry a stamp", required=False, initial=True
    )


class TokenForm(forms.Form):
    name = forms.CharField(label="Name", help_text="Which program uses it")
    scopes = forms.MultipleChoiceField(
        label="May",
        widget=forms.CheckboxSelectMultiple,
        choices=[
            ("returns:read", "read requests"),
            ("returns:act", "decide on requests"),
            ("files", "add files"),
        ],
    )


class PersonForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(label="Role", choices=[("OPERATOR", "Operator"), ("SENIOR", "Senior")])
