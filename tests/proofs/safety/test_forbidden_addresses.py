"""Every forbidden address in every row that names one to call: nothing connects."""

from __future__ import annotations

from typing import Any

from tests.flows.test_forbidden_addresses import ADDRESSES, CALLED, call_each, connected

__all__ = ["connected"]


def test_no_forbidden_address_of_a_row_is_called(
    committed: Any, settings: Any, connected: list[Any]
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    for system, name in CALLED:
        call_each(system, name, ADDRESSES)
    assert connected == []
    print(f"\n{len(ADDRESSES)} addresses in {len(CALLED)} fields: {len(connected)} connections\n")  # noqa: T201
