"""Signing in by OpenID Connect: the real program against a real provider, both as processes of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest

from qaitar.runtime.ports import LOOPBACK, pick_port
from qaitar.runtime.processes import wait_ready
from tests.runtime.programs import newcomers_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READY_SECONDS = 60.0
CREATE = ("user", "create", "aigerim", "--email", "Aigerim@alma.example", "--merchant", "Alma")
PEOPLE = (
    {"sub": "a", "email": "aigerim@alma.example", "email_verified": True, "name": "Айгерим"},
    {"sub": "b", "email": "aigerim@alma.example", "email_verified": False, "name": "Not her"},
    {"sub": "t", "email": "timur@other.example", "email_verified": True, "name": "Тимур"},
)


@contextmanager
def process(*command: str, environ: dict[str, str]) -> Iterator[None]:
    """Run a program beside the test; it is ended with the block."""
    program = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        program.terminate()
        program.wait(20)


@contextmanager
def provider() -> Iterator[str]:
    """An OpenID provider that knows three people; gives its address."""
    port = pick_port()
    known = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *known]
    with process(*command, environ=newcomers_environ()):
        address = f"http://{LOOPBACK}:{port}"
        wait_ready(f"{address}/.well-known/openid-configuration", READY_SECONDS)
        yield address


@contextmanager
def qaitar(folder: Path, server: str) -> Iterator[str]:
    """The console with OpenID set up as docs/deployment.md says, and Aigerim entered by her e-mail."""
    environ = {
        **newcomers_environ(),
        "QAITAR_DATA": str(folder),
        "QAITAR_OIDC_SERVER": server,
        "QAITAR_OIDC_NAME": "Вход Алма",
        "QAITAR_OIDC_CLIENT_ID": "qaitar",
        "QAITAR_OIDC_SECRET": "only between the two",
    }
    program = [sys.executable, "-m", "qaitar.cli.main"]
    subprocess.run(
        [*program, *CREATE, "--password-stdin"],
        env=environ,
        input="a long enough password\n",
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    port = pick_port()
    with process(*program, "web", "--port", str(port), environ=environ):
        address = f"http://{LOOPBACK}:{port}"
        wait_ready(f"{address}/readyz", READY_SECONDS)
        yield address


def sign_in(address: str, subject: str) -> httpx.Response:
    """Walk as a browser does: our sign-in page, the provider's page, and back; gives the last answer."""
    with httpx.Client(follow_redirects=True, timeout=20) as browser:
        page = browser.get(f"{address}/accounts/login/")
        assert "Вход Алма" in page.text
        token = browser.cookies["csrftoken"]
        requested = browser.post(
            f"{address}/accounts/oidc/oidc/login/", data={"csrfmiddlewaretoken": token}
        )
        assert requested.url.path == "/oauth2/authorize", requested.text
        action = re.search(r'<form[^>]*action="([^"]+)"', requested.text)
        where = urljoin(str(requested.url), action[1]) if action else str(requested.url)
        return browser.post(where, data={"sub": subject})


@pytest.mark.slow
def test_only_people_entered_here_with_a_confirmed_email_get_in(tmp_path: Path) -> None:
    """Aigerim gets her queue, also the second time; an unconfirmed e-mail and a stranger get a sentence and nothing else."""
    with provider() as server, qaitar(tmp_path / "данные", server) as address:
        for _ in range(2):
            page = sign_in(address, "a")
            assert (page.status_code, page.url.path) == (200, "/")
            assert "aigerim" in page.text
        for subject, sentence in (("b", "не подтвердил"), ("t", "не внесён")):
            refused = sign_in(address, subject)
            assert refused.status_code == 403
            assert sentence in refused.text
            assert "aigerim" not in refused.text
