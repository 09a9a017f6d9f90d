"""One line, one object, one scrubbing, whoever logs."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tests.logged import logged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with logged() as written:
        yield written


def _records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_own_line_is_one_json_object_without_the_phone(stream: io.StringIO) -> None:
    structlog.get_logger("qaitar.returns").info(
        "taken", order="301234567", phone="+7 701 123 45 67"
    )

    [record] = _records(stream)
    assert record["event"] == "taken"
    assert record["order"] == "301234567"
    assert record["phone"] == "[phone *67]"
    assert record["level"] == "info"
    assert record["logger"] == "qaitar.returns"
    assert record["timestamp"].endswith("Z")


def test_a_librarys_line_goes_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("django.security").warning(
        "Bad %s from %s with X-Auth-Token: %s", "token", "87011234567", "s3cr3tvalue99"
    )

    [record] = _records(stream)
    assert record["event"] == "Bad token from [phone *67] with X-Auth-Token: [hidden]"
    assert record["level"] == "warning"
    assert "s3cr3tvalue99" not in stream.getvalue()
    assert "87011234567" not in stream.getvalue()


def test_an_exception_is_a_list_of_lines_and_its_text_is_scrubbed_too(stream: io.StringIO) -> None:
    try:
        int("card 4111111111111111\nforged line \x1b[31m")
    except ValueError:
        structlog.get_logger().exception("broken")

    [record] = _records(stream)
    assert len(stream.getvalue().splitlines()) == 1
    assert record["exception"][0] == "Traceback (most recent call last):"
    assert record["exception"][-1].endswith("'card 411111******1111\\nforged line \\x1b[31m'")
    assert "4111111111111111" not in stream.getvalue()


def test_line_breaks_in_names_and_values_forge_nothing(stream: io.StringIO) -> None:
    structlog.get_logger().info('a\n{"level": "critical"}', **{"b\nc": "d\r\ne\x1b"})

    [record] = _records(stream)
    assert record["event"] == 'a\\n{"level": "critical"}'
    assert record["b\\nc"] == "d\\r\\ne\\x1b"


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("httpx").info("GET https://example.kz?token=abc")

    assert stream.getvalue() == ""


def test_planted_secrets_in_every_place_reach_no_line(stream: io.StringIO) -> None:
    planted = ["+77021112233", "5555555555554444", "Zq8sK2mW7xP4vB9nT3yR"]
    logger = structlog.get_logger()
    logger.info("to %s", planted[0], card=planted[1], token=planted[2])
    logger.info(
        "nested", reply={"a": [{"api-key": planted[2]}, (planted[0],)]}, note=f"pay {planted[1]}"
    )
    logger.bind(customer=planted[0]).error("bound")
    logging.getLogger("lib").error("args %s %s", {"phone": planted[0]}, f"Bearer {planted[2]}")

    assert len(_records(stream)) == 4
    assert [secret for secret in planted if secret in stream.getvalue()] == []
