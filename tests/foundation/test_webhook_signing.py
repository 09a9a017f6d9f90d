"""Standard Webhooks: a receiver can trust what we sign, and we trust nothing else."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from qaitar.foundation.webhooks.signing import (
    WAITS_S,
    BadSecret,
    Check,
    SignatureVerdict,
    check,
    judge,
    new_secret,
    next_try,
    sign,
    signed_headers,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = b'{"test": 2432232314}'
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
NOW = datetime.fromtimestamp(1614265330, UTC)


def test_the_specifications_worked_example_is_reproduced_byte_for_byte() -> None:
    assert sign(SECRET, ID, 1614265330, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed_headers([SECRET], ID, BODY, now=NOW) == {
        "Content-Type": "application/json",
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_what_was_signed_is_genuine_within_five_minutes_both_ways() -> None:
    headers = signed_headers([SECRET], ID, BODY, now=NOW)

    def at(seconds: int) -> Check:
        return check([SECRET], headers, BODY, now=NOW + timedelta(seconds=seconds))

    assert [at(s) for s in (-300, 0, 300)] == [Check.GENUINE] * 3
    assert at(301) is Check.TOO_OLD
    assert at(-301) is Check.FROM_THE_FUTURE


def test_while_a_secret_is_replaced_either_side_may_be_first() -> None:
    both = signed_headers([NEXT_SECRET, SECRET], ID, BODY, now=NOW)

    assert len(both["webhook-signature"].split(" ")) == 2
    assert check([SECRET], both, BODY, now=NOW) is Check.GENUINE
    assert check([NEXT_SECRET], both, BODY, now=NOW) is Check.GENUINE
    old_only = signed_headers([SECRET], ID, BODY, now=NOW)
    assert check([NEXT_SECRET, SECRET], old_only, BODY, now=NOW) is Check.GENUINE
    assert check([NEXT_SECRET], old_only, BODY, now=NOW) is Check.FORGED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ID + "x"),
        ("webhook-timestamp", "1614265331"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("webhook-signature", "v1,é"),
        ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ],
)
def test_an_altered_header_is_a_forgery(name: str, value: str) -> None:
    headers = {**signed_headers([SECRET], ID, BODY, now=NOW), name: value}

    assert check([SECRET], headers, BODY, now=NOW) is Check.FORGED


def test_an_altered_body_is_a_forgery_even_by_a_space() -> None:
    headers = signed_headers([SECRET], ID, BODY, now=NOW)

    assert check([SECRET], headers, BODY.replace(b" ", b""), now=NOW) is Check.FORGED


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_without_one_of_its_headers_a_message_is_not_looked_at(missing: str) -> None:
    headers = signed_headers([SECRET], ID, BODY, now=NOW)
    del headers[missing]

    assert check([SECRET], headers, BODY, now=NOW) is Check.HEADERS_MISSING


@pytest.mark.parametrize(
    "stamp", ["", "-1614265330", "1614265330.0", "١٦١٤٢٦٥٣٣٠", "9" * 13, "nan"]
)
def test_a_time_that_is_no_time_is_not_looked_at(stamp: str) -> None:
    headers = {**signed_headers([SECRET], ID, BODY, now=NOW), "webhook-timestamp": stamp}

    assert check([SECRET], headers, BODY, now=NOW) is Check.HEADERS_MISSING


def test_header_names_have_no_case() -> None:
    headers = {k.upper(): v for k, v in signed_headers([SECRET], ID, BODY, now=NOW).items()}

    assert check([SECRET], headers, BODY, now=NOW) is Check.GENUINE


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_AAAA", SECRET.removeprefix("whsec_"), "whsec_!!!", "whsec_" + "A" * 92],
)
def test_an_empty_or_weak_secret_neither_signs_nor_checks(secret: str) -> None:
    headers = signed_headers([SECRET], ID, BODY, now=NOW)

    with pytest.raises(BadSecret):
        sign(secret, ID, 1, BODY)
    with pytest.raises(BadSecret):
        check([SECRET, secret], headers, BODY, now=NOW)


def test_no_secret_at_all_is_refused_on_both_sides() -> None:
    with pytest.raises(BadSecret):
        signed_headers([], ID, BODY, now=NOW)
    with pytest.raises(BadSecret):
        check([], signed_headers([SECRET], ID, BODY, now=NOW), BODY, now=NOW)


@pytest.mark.parametrize("blurring", ["a.b", "", "a b", "é", "x" * 257])
def test_an_id_that_would_blur_what_is_signed_is_refused(blurring: str) -> None:
    with pytest.raises(ValueError, match="not a message id"):
        signed_headers([SECRET], blurring, BODY, now=NOW)


def test_new_secrets_are_long_different_and_usable() -> None:
    made = {new_secret() for _ in range(50)}

    assert len(made) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made} == {32}
    assert (
        check(list(made)[:1], signed_headers(list(made)[:1], ID, BODY, now=NOW), BODY, now=NOW)
        is Check.GENUINE
    )


def test_every_answer_has_its_meaning() -> None:
    meaning = {
        status: judge(status)
        for status in (200, 202, 299, 301, 307, 400, 404, 410, 429, 500, 502, 503, 504)
    }

    assert meaning == {
        200: SignatureVerdict.DELIVERED,
        202: SignatureVerdict.DELIVERED,
        299: SignatureVerdict.DELIVERED,
        301: SignatureVerdict.RETRY,
        307: SignatureVerdict.RETRY,
        400: SignatureVerdict.RETRY,
        404: SignatureVerdict.RETRY,
        410: SignatureVerdict.DISABLE,
        429: SignatureVerdict.SLOW_DOWN,
        500: SignatureVerdict.RETRY,
        502: SignatureVerdict.SLOW_DOWN,
        503: SignatureVerdict.RETRY,
        504: SignatureVerdict.SLOW_DOWN,
    }


def test_the_plan_is_ten_tries_over_three_days_each_up_to_a_tenth_late() -> None:
    for tries_made, wait_s in enumerate(WAITS_S):
        waits = [next_try(tries_made, now=NOW, random=Random(seed)) for seed in range(100)]
        seconds = [(when - NOW).total_seconds() for when in waits if when is not None]
        assert len(seconds) == 100
        assert min(seconds) >= wait_s
        assert max(seconds) <= wait_s * 1.1
    assert next_try(len(WAITS_S), now=NOW, random=Random(1)) is None
    assert sum(WAITS_S) == 272_105


def test_the_receivers_wish_lengthens_a_wait_never_shortens_it_and_never_beyond_a_day() -> None:
    def wait_s(wish: int) -> float:
        when = next_try(2, now=NOW, random=Random(1), retry_after_s=wish)
        assert when is not None
        return (when - NOW).total_seconds()

    assert 300 <= wait_s(1) <= 330
    assert 3600 <= wait_s(3600) <= 3960
    assert 86_400 <= wait_s(10**9) <= 95_040
