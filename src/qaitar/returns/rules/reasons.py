"""What a stated reason says about the quality class.  Pure; a first reading that a person may change."""

from __future__ import annotations

from typing import Final

from qaitar.returns.vocabulary import Quality

# Codes seen in the cabinet (facts: size, not received, did not like, not as shown); texts as buyers and cabinets write.
_CODES: Final = {
    "SIZE_MISMATCH": Quality.PROPER,
    "UNSUITABLE": Quality.PROPER,
    "SHORT_DELIVERY": Quality.NOT_RECEIVED,
    "WRONG": Quality.DIFFERENT_GOODS,
}
# The code of a defect is not published, so its text decides; damage is asked before defect: "broken on arrival" is damage.
_WORDS: Final[tuple[tuple[Quality, tuple[str, ...]], ...]] = (
    (
        Quality.MECHANICAL_DAMAGE,
        (
            "механич",
            "разбит",
            "треснул",
            "трещин",
            "поврежд",
            "помят",
            "скол",
            "damage",
            "сынған",
            "зақым",
        ),
    ),
    (
        Quality.DEFECTIVE,
        (
            "брак",
            "дефект",
            "неисправ",
            "не работает",
            "не включ",
            "слома",
            "ненадлежащ",
            "defect",
            "ақау",
            "жұмыс істемейді",
        ),
    ),
    (Quality.NOT_RECEIVED, ("не получил", "не пришел", "не пришёл", "not received", "алмадым")),
    (
        Quality.DIFFERENT_GOODS,
        (
            "не как на фото",
            "не тот товар",
            "не соответств",
            "другой товар",
            "wrong item",
            "сәйкес келмейді",
        ),
    ),
    (
        Quality.PROPER,
        (
            "не подош",
            "не понравил",
            "передумал",
            "размер",
            "надлежащ",
            "did not like",
            "ұнамады",
            "өлшем",
        ),
    ),
)


def quality_of(reason: str, words: str = "") -> Quality:
    """Read a reason's code, else its text, else the customer's words; UNKNOWN when nothing tells.

    >>> quality_of("SIZE_MISMATCH")
    <Quality.PROPER: 'PROPER'>
    >>> quality_of("OTHER", "Экран разбит")
    <Quality.MECHANICAL_DAMAGE: 'MECHANICAL_DAMAGE'>
    >>> quality_of("")
    <Quality.UNKNOWN: 'UNKNOWN'>
    """
    if reason in _CODES:
        return _CODES[reason]
    for text in (reason.lower(), words.lower()):
        for quality, signs in _WORDS:
            if any(sign in text for sign in signs):
                return quality
    return Quality.UNKNOWN


def stated_quality(code: str, text: str, words: str = "") -> Quality:
    """Read the marketplace's reason: its code where that is known, else its text, else the customer's words.

    >>> stated_quality("NEW_CODE", "Товар с браком")
    <Quality.DEFECTIVE: 'DEFECTIVE'>
    """
    by_code = quality_of(code)
    return by_code if by_code is not Quality.UNKNOWN else quality_of(text, words)
