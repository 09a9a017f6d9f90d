"""An answer read as JSON is fit to store, or it is none."""

from __future__ import annotations

import pytest

from qaitar.transport.http import NotJson, Reply


def test_texts_of_an_answer_are_mended_when_they_are_read() -> None:
    body = rb'{"id": "7\u0000", "note": ["\ud83d", "\u043d\u0435\u0442"]}'
    assert Reply(200, {}, body).json() == {"id": "7�", "note": ["�", "нет"]}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"<html>", b"[" * 200_000, b"9" * 5_000])
def test_anything_else_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        Reply(200, {}, body).json()
