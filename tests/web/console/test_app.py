"""The installed app: manifest, icons, worker, page without a network; nothing of anybody in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


@pytest.mark.parametrize(("asked", "language"), [("ru", "ru"), ("kk", "kk"), ("xx", "ru")])
def test_the_manifest_names_the_app_and_its_icons(asked: str, language: str) -> None:
    answer = Client().get(f"/manifest.webmanifest?l={asked}")
    assert answer["Content-Type"] == "application/manifest+json"
    told = json.loads(answer.content)
    assert (told["lang"], told["start_url"], told["display"]) == (language, "/", "standalone")
    for icon in told["icons"]:
        found = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(found, str)
        with Image.open(Path(found)) as drawn:
            assert "{}x{}".format(*drawn.size) == icon["sizes"]


def test_the_worker_keeps_only_the_page_without_a_network_and_what_draws_it() -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    kept = answer.content.decode().split("const KEPT = [")[1].split("]")[0]
    paths = [each.strip().strip('"').encode().decode("unicode_escape") for each in kept.split(",")]
    assert paths[:3] == ["/offline?l=ru", "/offline?l=kk", "/offline?l=en"]
    for path in paths[3:]:
        assert finders.find(path.removeprefix("/static/")), path


@pytest.mark.parametrize(("language", "said"), [("ru", "Нет сети"), ("kk", "Желі жоқ")])
def test_the_page_without_a_network_speaks_the_language_asked_for(language: str, said: str) -> None:
    answer = Client().get(f"/offline?l={language}")
    assert said in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()
    assert "sessionid" not in answer.cookies
