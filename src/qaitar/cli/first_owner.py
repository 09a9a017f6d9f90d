"""Says in the console where the first owner is made: whoever reads it runs the machine, whoever reaches the page may not."""

from __future__ import annotations

from urllib.parse import quote

from qaitar.foundation.identity.people import demo_people, nobody_yet, owner_code
from qaitar.foundation.ops.jobs import fresh_connection


def say_owner_link(address: str) -> None:
    """Print the link with its code while nobody can sign in; nothing otherwise."""
    with fresh_connection():
        if not nobody_yet():
            return
        code, demo = owner_code(), demo_people().filter(is_active=True).exists()
    if demo:
        print(
            "Only the demo's people can sign in here. Open this link to make the owner;", flush=True
        )
        print("the demo's passwords stop working then:", flush=True)
    else:
        print("Nobody can sign in here yet. Open this link to make the owner:", flush=True)
    print(f"  {address}/welcome/owner?code={quote(code)}", flush=True)
