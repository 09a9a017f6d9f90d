"""What must never reach a log, and what must stay readable in it."""

from __future__ import annotations

import io
import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.identity.companions import code_create
from qaitar.foundation.identity.token_forms import TOKEN_PREFIX
from qaitar.foundation.ops.scrubbing import HIDDEN, is_card, mask_cards, scrub, scrub_value
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, make_shop, make_token
from tests.logged import logged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    """What is logged, as the program writes it."""
    with logged() as written:
        yield written


PHONES = [
    "+77011234567",
    "+7 701 123 45 67",
    "+7 (701) 123-45-67",
    "+7(701)1234567",
    "+7-701-123-45-67",
    "+7\u00a0701\u00a0123\u00a045\u00a067",
    "87011234567",
    "8 701 123 45 67",
    "8 (701) 123-45-67",
    "8-701-123-45-67",
    "8(7272)12-45-67",
    "77011234567",
    "7 701 123 4567",
    "7011234567",
    "7471234567",
    "701 123 45 67",
    "(701) 123-45-67",
    "+79161234567",
    "+7 916 123-45-67",
    "89161234567",
    "8 (916) 123-45-67",
    "8 (495) 123-45-67",
    "916 123-45-67",
    "+٧٧٠١١٢٣٤٥٦٧".replace("+٧", "+7"),
]


@pytest.mark.parametrize("phone", PHONES)
def test_a_customers_phone_is_hidden_in_every_spelling(phone: str) -> None:
    line = f"customer {phone} wrote"

    assert scrub(line) == f"customer [phone *{phone[-2:].replace('-', '')}] wrote"


CARDS = [
    "4111111111111111",
    "5555555555554444",
    "2200000000000004",
    "2223003122003222",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
    "378282246310005",
    "30569309025904",
    "4222222222222",
    "6759649826438453",
]


def _with_luhn(start: str, length: int) -> str:
    body = start + "".join(
        random.Random(start).choice("0123456789") for _ in range(length - 1 - len(start))
    )
    for last in "0123456789":
        if _luhn_is_right(body + last):
            return body + last
    raise AssertionError


def _luhn_is_right(digits: str) -> bool:
    doubled = [int(char) for char in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(sum(divmod(2 * d, 10)) for d in doubled)) % 10 == 0


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_keeps_its_first_six_and_last_four_digits_only(card: str) -> None:
    assert _luhn_is_right(card)
    expected = f"paid by {card[:6]}{'*' * (len(card) - 10)}{card[-4:]}."

    assert mask_cards(f"paid by {card}.") == expected
    assert scrub(f"paid by {card}.") == expected


@pytest.mark.parametrize(
    ("start", "length"), [("9860", 16), ("8600", 16), ("2204", 16), ("4276", 19), ("6304", 17)]
)
def test_cards_of_the_region_and_long_ones_are_known(start: str, length: int) -> None:
    assert is_card(_with_luhn(start, length))


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "41111111 11111111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "４１１１１１１１１１１１１１１１",
        "٤١١١١١١١١١١١١١١١",
    ],
)
def test_a_card_is_found_however_it_is_spaced_or_in_whatever_digits(written: str) -> None:
    assert mask_cards(f"№ {written} ok") == "№ 411111******1111 ok"


def test_amex_in_its_own_grouping_is_found() -> None:
    assert mask_cards("3782 822463 10005") == "378282*****0005"


SECRETS = [
    "Authorization: Bearer {}",
    "authorization={}",
    '"access_token": "{}"',
    "X-Auth-Token: {}",
    "api_key={}&x=1",
    "apiKey: '{}'",
    "GET /v2/orders?token={} 200",
    "client_secret={}",
    "password: {}",
    "https://user:{}@1c.office.lan/odata",
    "Cookie: theme=dark; sid={}; x=1",
    'set-cookie: "a={}; HttpOnly"',
    'password: "two words {}"',
    '{{"body": "{{\\"token\\": \\"{}\\"}}"}}',
    "csrftoken={}",
    "API-KEY => {}",
    "webhook-signature: v1,{}",
    "Bearer {}",
]


@pytest.mark.parametrize("form", SECRETS)
def test_a_planted_secret_is_gone_whatever_stands_around_it(form: str) -> None:
    planted = "Zq8sK2mW7xP4vB9nT3yR"

    stated = scrub(form.format(planted))

    assert planted not in stated
    assert HIDDEN in stated


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlX2hlcmU",
        "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
        "qaitar_x8JqL0pM2nV5bC7z",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_a_secret_known_by_its_shape_is_hidden_without_any_name(secret: str) -> None:
    assert scrub(f"got {secret} here") == f"got {HIDDEN} here"


@pytest.mark.usefixtures("db_walls")
def test_our_own_token_and_pairing_code_are_hidden() -> None:
    person = make_person("aigerim", (make_shop().id, Role.OPERATOR))
    token, code = make_token(person), code_create(user=person, now=NOW)
    assert token.startswith(TOKEN_PREFIX)
    for secret in (token, code, f"{TOKEN_PREFIX}{'-' * 43}", f"{TOKEN_PREFIX}{'_' * 43}"):
        assert scrub(f"Not Found: /nowhere/{secret}") == f"Not Found: /nowhere/{HIDDEN}"
        assert scrub(f"a_{secret}?x=1") == f"a_{HIDDEN}?x=1"


@pytest.mark.usefixtures("db_walls")
def test_an_address_nobody_knows_leaves_nothing_of_its_path_in_the_log(
    client: Client, log_stream: io.StringIO, settings: Any, tmp_path: Path
) -> None:
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    token = make_token(make_person("aigerim", (make_shop().id, Role.OPERATOR)))

    assert client.get(f"/nowhere/{token}").status_code == 404

    assert '"event": "answered"' in log_stream.getvalue()
    assert "nowhere" not in log_stream.getvalue()
    assert token not in log_stream.getvalue()


@pytest.mark.parametrize("number", ["2222333344445555", "22223333444455A5", "AB23456789234567"])
def test_a_number_of_a_pairing_codes_length_stays_readable(number: str) -> None:
    assert scrub(f"№ {number} ok") in {f"№ {number} ok", f"№ {mask_cards(number)} ok"}


def test_values_under_telling_names_are_hidden_at_any_depth() -> None:
    record = {
        "store": {"X-Auth-Token": "abc", "headers": [{"Authorization": "Basic Zm9v"}]},
        "cellPhone": "7011234567",
        "phone": 77011234567,
        "password": 123,
        "ok": True,
        "sum": 4990,
        "share": 0.25,
        "nothing": None,
    }

    assert scrub_value(record) == {
        "store": {"X-Auth-Token": HIDDEN, "headers": [{"Authorization": HIDDEN}]},
        "cellPhone": "[phone *67]",
        "phone": "[phone *67]",
        "password": HIDDEN,
        "ok": True,
        "sum": 4990,
        "share": 0.25,
        "nothing": None,
    }


def test_a_card_given_as_a_number_or_bytes_is_hidden_too() -> None:
    assert scrub_value(4111111111111111) == "411111******1111"
    assert scrub_value(b"4111111111111111") == "411111******1111"


def test_a_record_nested_without_end_is_cut() -> None:
    record: dict[str, object] = {}
    record["self"] = record

    assert "…[cut]" in str(scrub_value(record))


def test_control_characters_cannot_forge_a_line_or_colour_a_terminal() -> None:
    assert scrub("a\r\nlevel=info\x1b[31m\u202e\u2028") == (
        "a\\r\\nlevel=info\\x1b[31m\\u202e\\u2028"
    )


def _gs1_check(body: str) -> str:
    total = sum(int(char) * (3 if at % 2 == 0 else 1) for at, char in enumerate(reversed(body)))
    return body + str(-total % 10)


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


def _imei(dice: random.Random) -> str:
    body = f"35{_digits(dice, 12)}"
    return next(body + last for last in "0123456789" if _luhn_is_right(body + last))


def _iin(dice: random.Random) -> str:
    return f"{dice.randrange(100):02}{dice.randrange(1, 13):02}{dice.randrange(1, 32):02}{_digits(dice, 6)}"


MAKERS = {
    "iin or bin": _iin,
    "ean-13": lambda dice: _gs1_check(
        dice.choice(("487", "460", "469", "400", "590")) + _digits(dice, 9)
    ),
    "gtin-14": lambda dice: _gs1_check(_digits(dice, 13)),
    "sscc": lambda dice: _gs1_check(_digits(dice, 17)),
    "order": lambda dice: str(dice.randrange(100_000_000, 1_000_000_000)),
    "request": lambda dice: f"{dice.randrange(100_000_000, 1_000_000_000)}-{dice.randrange(1, 13)}",
    "tracking S10": lambda dice: f"{dice.choice(('KZ', 'RR', 'CP'))}{_digits(dice, 9)}KZ",
    "tracking 14": lambda dice: _gs1_check(f"{dice.randrange(10, 70)}{_digits(dice, 11)}"),
    "tracking CDEK": lambda dice: f"1{_digits(dice, 9)}",
    "uuid": lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    "imei": _imei,
    "unix ms": lambda dice: str(dice.randrange(1_600_000_000_000, 1_900_000_000_000)),
    "iban": lambda dice: f"KZ{_digits(dice, 2)}125KZT{_digits(dice, 10)}",
    "fiscal drive": lambda dice: f"99{_digits(dice, 14)}",
}


def test_real_looking_ids_stay_readable_in_a_hundred_thousand() -> None:
    dice = random.Random(20260101)
    names = sorted(MAKERS)
    harmed: dict[str, int] = {}
    for at in range(100_000):
        name = names[at % len(names)]
        line = f"id {MAKERS[name](dice)} done"
        if scrub(line) != line:
            harmed[name] = harmed.get(name, 0) + 1

    assert sum(harmed.values()) <= 100, harmed


def test_two_ids_next_to_each_other_are_not_read_as_one_card() -> None:
    dice = random.Random(7)
    lines = [
        f"{MAKERS['order'](dice)} {MAKERS['request'](dice)} {MAKERS['iin or bin'](dice)}"
        for _ in range(20_000)
    ]

    assert sum(scrub(line) != line for line in lines) <= 20


def test_a_hundred_kilobytes_of_digits_and_dashes_take_no_time_to_speak_of() -> None:
    for evil in ("1 " * 50_000, "7-" * 50_000, "4" * 100_000, "token=" * 16_000, "://a:" * 20_000):
        assert len(scrub(evil)) <= 50_000
