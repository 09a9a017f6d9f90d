"""The installed app: manifest, icons, worker, page without a network; nothing of anybody in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


@pytest.mark.parametrize(("requested", "language"), [("ru", "ru"), ("kk", "kk"), ("xx", "ru")])
def test_the_manifest_names_the_app_and_its_icons(requested: str, language: str) -> None:
    answer = Client().get(f"/manifest.webmanifest?l={requested}")
    assert answer["Content-Type"] == "application/manifest+json"
    reported = json.loads(answer.content)
    assert (reported["lang"], reported["start_url"], reported["display"]) == (
        language,
        "/",
        "standalone",
    )
    for icon in reported["icons"]:
        found = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(found, str)
        with Image.open(Path(found)) as drawn:
            assert "{}x{}".format(*drawn.size) == icon["sizes"]


def test_the_worker_keeps_only_the_page_without_a_network_and_what_draws_it() -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    stored = answer.content.decode().split("const KEPT = [")[1].split("]")[0]
    paths = [
        each.strip().strip('"').encode().decode("unicode_escape") for each in stored.split(",")
    ]
    assert paths[:3] == ["/offline?l=ru", "/offline?l=kk", "/offline?l=en"]
    for path in paths[3:]:
        assert finders.find(path.removeprefix("/static/")), path


@pytest.mark.parametrize(("language", "stated"), [("ru", "Нет сети"), ("kk", "Желі жоқ")])
def test_the_page_without_a_network_speaks_the_language_requested_for(
    language: str, stated: str
) -> None:
    answer = Client().get(f"/offline?l={language}")
    assert stated in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()
    assert "sessionid" not in answer.cookies
