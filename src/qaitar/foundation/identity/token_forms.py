"""What our own tokens and pairing codes look like: to make them, and to find them in what is about to be logged.  Pure."""

from __future__ import annotations

from typing import Final

TOKEN_PREFIX: Final = "qtr_"  # noqa: S105  a public mark, so that leaked tokens are recognised by scanners
CODE_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike
CODE_LENGTH: Final = 16  # 79 bits: cannot be guessed within ten minutes, nor within ten years
