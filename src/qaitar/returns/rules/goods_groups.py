"""The goods the law lets a seller not take back in good order, and a guess which category belongs where.  Pure.

Law of Kazakhstan No. 274-IV, article 30, the six groups as in force in 2026; older copies of the article lack the last
two.  The guess comes from a small dictionary of category words and is never more than a suggestion: a person reviews
the mapping of each category once, and only a reviewed mapping may ground a refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

LETTERS_MAX: Final = 300  # a longer category title is cut before matching


class GoodsGroup(StrEnum):
    """A group of article 30, in the order of the law."""

    MEDICINES = "MEDICINES"  # 1) medicines and medical devices
    UNDERWEAR = "UNDERWEAR"  # 2) underwear, thermal underwear included
    HOSIERY = "HOSIERY"  # 3) hosiery
    ANIMALS_PLANTS = "ANIMALS_PLANTS"  # 4) animals and plants
    BY_METRE = "BY_METRE"  # 5) goods by the metre
    CELLULAR = "CELLULAR"  # 6) cellular subscriber devices


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A guessed group and the words that led to it, so that the reviewer sees why."""

    group: GoodsGroup
    matched: str


# Looked for first: titles that carry a group's word and do not belong to the group.
_NOT_IN_ANY: Final = (
    "постельн бель",  # bed linen is not underwear
    "столов бель",
    "чехл",
    "для смартфон",
    "для телефон",
    "для мобильн",
    "для сотов",
    "защитн стекл",
    "защитн плен",
    "аксессуар",
    "зарядн",
    "держател",
    "запчаст",
    "для кормл",
    "искусственн раст",
    "искусственн цвет",
    "корм для",
    "товар для животн",
    "уход за раст",
    "средств для раст",
    "спортивн одежд",
    "спортивн костюм",
    "для бель",  # laundry baskets, dryers, powders
    "игруш",
)
_WORDS: Final[tuple[tuple[GoodsGroup, tuple[str, ...]], ...]] = (
    (
        GoodsGroup.MEDICINES,
        (
            "лекарств",
            "медикамент",
            "медицинск издел",
            "медицинск техник",
            "медицинск прибор",
            "тонометр",
            "глюкометр",
            "ингалятор",
            "небулайзер",
            "градусник",
            "термометр медицинск",
            "тест-полоск",
            "бандаж",
            "ортез",
            "шприц",
            "слухов аппарат",
        ),
    ),
    (
        GoodsGroup.UNDERWEAR,
        (
            "термобель",
            "нижн бель",
            "женск бель",
            "мужск бель",
            "детск бель",
            "комплект бель",
            "корректирующ бель",
            "бюстгальтер",
            "бюстье",
            "трус",
            "боксер мужск",
            "бельев майк",
        ),
    ),
    (
        GoodsGroup.HOSIERY,
        ("колготк", "чулк", "чулочн", "чулочно-носочн", "носк", "носочн", "гольфы", "следки"),
    ),
    (
        GoodsGroup.ANIMALS_PLANTS,
        (
            "животные",
            "аквариумн рыбк",
            "комнатн раст",
            "комнатн цвет",
            "жив цвет",
            "жив раст",
            "саженц",
            "рассад",
            "букет",
            "семена",
        ),
    ),
    (
        GoodsGroup.BY_METRE,
        (
            "ткани",
            "ткань",
            "трикотажн полотн",
            "гардинн полотн",
            "искусственн мех",
            "ковролин",
            "ковров дорожк",
            "ковров покрыт",
            "нетканн материал",
            "нетканые материал",
            "тесьм",
            "кружев",
            "линолеум",
            "багет",
            "клеенк",
            "кабель силов",
            "силов кабел",
            "кабель и провод",
            "кабели и провод",
            "провод электрическ",
            "пленк на отрез",
            "на метраж",
            "погонн метр",
        ),
    ),
    (
        GoodsGroup.CELLULAR,
        (
            "смартфон",
            "мобильн телефон",
            "сотов телефон",
            "кнопочн телефон",
            "сотов связ",
            "мобильные телефоны и смартфоны",
        ),
    ),
)


def _words(text: str) -> tuple[str, ...]:
    plain = text[:LETTERS_MAX].casefold().replace("ё", "е")
    return tuple(re.findall(r"[a-zа-яәғқңөұүһі]+(?:-[a-zа-я]+)*", plain))


def _holds(title: tuple[str, ...], phrase: str) -> bool:
    """Tell whether the phrase's stems begin words that stand side by side in the title."""
    stems = phrase.split()
    runs = (title[i : i + len(stems)] for i in range(len(title) - len(stems) + 1))
    return any(all(w.startswith(s) for w, s in zip(run, stems, strict=True)) for run in runs)


@lru_cache(maxsize=4096)  # a shop has hundreds of categories and a bulk decision ten thousand cases
def suggest_group(category_title: str) -> Suggestion | None:
    """Guess the law's group from a category title in Russian; None means the dictionary knows nothing.

    None is not "returnable for sure": the reviewer of the category has the last word.

    >>> suggest_group("Термобельё женское")
    Suggestion(group=<GoodsGroup.UNDERWEAR: 'UNDERWEAR'>, matched='термобель')
    >>> suggest_group("Плёнка на отрез")
    Suggestion(group=<GoodsGroup.BY_METRE: 'BY_METRE'>, matched='пленк на отрез')
    >>> suggest_group("Чехлы для смартфонов") is None
    True
    """
    title = _words(category_title)
    if any(_holds(title, phrase) for phrase in _NOT_IN_ANY):
        return None
    for group, phrases in _WORDS:
        for phrase in phrases:
            if _holds(title, phrase):
                return Suggestion(group, phrase)
    return None
