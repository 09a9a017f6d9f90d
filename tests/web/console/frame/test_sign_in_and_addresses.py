"""Sessions that change hands with the sign-in, addresses that lead nowhere else, previews without a photo's origin."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from PIL import Image

from qaitar.foundation.files.kinds import FileKind
from qaitar.foundation.files.previews import Previews, draw
from qaitar.kernel.roles import Role
from tests.factories.accounts import Shop, make_person, make_shop
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from qaitar.foundation.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("db_walls")]
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\r\nX-Planted: 1",
)


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def person(shop: Shop) -> User:
    return make_person("aigerim", (shop.id, Role.OWNER))


def sign_in(client: Client, back: str = "") -> str:
    """Sign in by the form; gives the address it leads to."""
    answer = client.post(
        "/accounts/login/", {"login": "aigerim", "password": "aigerimaigerim", "next": back}
    )
    assert answer.status_code == 302
    assert "X-Planted" not in answer
    return str(answer["Location"])


def test_a_session_from_before_the_sign_in_opens_nothing(person: User) -> None:
    planted = Client()
    planted.get("/accounts/login/")
    session = planted.session
    session["mark"] = "planted"
    session.save()
    fixed = session.session_key
    planted.cookies["sessionid"] = fixed
    sign_in(planted)
    assert planted.session.session_key != fixed
    attacker = Client()
    attacker.cookies["sessionid"] = fixed
    assert attacker.get("/profile").status_code == 302


def test_a_signed_out_session_opens_nothing_more(person: User) -> None:
    client = signed_in(person)
    key = client.cookies["sessionid"].value
    assert client.get("/profile").status_code == 200
    client.post("/accounts/logout/")
    thief = Client()
    thief.cookies["sessionid"] = key
    assert thief.get("/profile").status_code == 302


@pytest.mark.parametrize("back", ELSEWHERE)
def test_no_address_of_somebody_elses_is_gone_to(person: User, back: str) -> None:
    assert sign_in(Client(), back).startswith("/")
    assert not sign_in(Client(), back).startswith(("//", "/\\"))
    answer = signed_in(person).post("/language", {"language": "ru", "next": back})
    assert answer.status_code == 303
    assert answer["Location"] in {
        "/",
        "/%0D%0AX-Planted:%201",
    }  # a path of ours, never another host
    assert "X-Planted" not in answer


def test_another_host_is_refused(person: User) -> None:
    client = signed_in(person)
    assert client.get("/profile", HTTP_HOST="evil.example").status_code == 400
    forwarded = client.get("/profile", HTTP_X_FORWARDED_HOST="evil.example")
    assert (forwarded.status_code, b"evil.example" in forwarded.content) == (200, False)


def test_a_preview_does_not_tell_where_a_photo_was_accepted() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Aigerim"
    exif.get_ifd(0x8825)[2] = (43.0, 14.0, 20.0)
    photo = io.BytesIO()
    Image.new("RGB", (800, 600), "red").save(photo, "JPEG", exif=exif)
    assert b"Camera of Aigerim" in photo.getvalue()
    drawn = draw(photo.getvalue(), FileKind.JPEG)
    assert isinstance(drawn, Previews)
    for picture in (drawn.large, drawn.small):
        assert b"Camera of Aigerim" not in picture
        assert not Image.open(io.BytesIO(picture)).getexif()
