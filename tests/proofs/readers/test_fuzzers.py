"""Each parser before a fuzzer that follows its lines: nothing but the error it declares, no input that takes seconds.

`QAITAR_FUZZ_SECONDS` says how long each is fed (60).  What broke one is kept in the folder named in the failure.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
SECONDS: Final = int(os.environ.get("QAITAR_FUZZ_SECONDS", "60"))
PARSERS: Final = (
    "money",
    "dates",
    "numbers",
    "search",
    "orders",
    "cabinet",
    "archive",
    "odata",
    "bodies",
)
TRIED: Final = re.compile(r"stat::number_of_executed_units: (\d+)")
MEGABYTES: Final = re.compile(r"stat::peak_rss_mb: +(\d+)")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris has no wheel for this system and Python: parsers are not fuzzed here",
)


@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_answers_or_raises_what_it_declares(parser: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.corpora.harness", parser, str(tmp_path), str(SECONDS)]
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "qaitar.config.settings",
    }
    ran = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, check=False)
    stated = ran.stderr.decode("utf-8", "replace")
    assert ran.returncode == 0, f"{stated[-4000:]}\nkept in {tmp_path}"
    tried, heaviest = TRIED.search(stated), MEGABYTES.search(stated)
    assert tried is not None
    assert heaviest is not None
    print(f"\n{parser}: {tried[1]} inputs in {SECONDS} s, 0 uncaught, {heaviest[1]} MB at most")  # noqa: T201  the figures are what a proof is for
    assert int(tried[1]) > SECONDS * 10
    assert int(heaviest[1]) <= 300


def test_every_parser_there_is_is_fed() -> None:
    """A harness nobody runs proves nothing."""
    names = re.findall(r'^    "(\w+)": _\w+,$', (ROOT / "tests/corpora/harness.py").read_text(), re.MULTILINE)  # fmt: skip
    assert sorted(names) == sorted(PARSERS)
