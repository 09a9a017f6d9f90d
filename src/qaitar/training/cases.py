"""What a practice is made of: a case of every kind a newcomer meets, drawn by a seed.  Pure.

Each story knows the truth its words and photos tell; what the operator enters is compared with it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from qaitar.returns.vocabulary import EvidenceKind as E
from qaitar.returns.vocabulary import Quality, Stage

NO_ANSWER_MINUTES: Final = 10
"""In a practice shop "no answer" may be said this long before the date; in a real one it is a day."""
LASTS_MINUTES: Final = 60
FIRST_DATE_MINUTES: Final = 16
DATE_EVERY_MINUTES: Final = 3
SEED_MAX: Final = 999_999
PHOTOS: Final = (E.PHOTO_GOODS, E.PHOTO_PACKAGING)
DAMAGE: Final = (E.PHOTO_DAMAGE, E.PHOTO_PACKAGING)
ACTS: Final = (E.IRREPARABILITY_ACT, E.TECHNICAL_ACT)
_HOUSE: Final = ("AM-011", "AM-012", "AM-013", "AM-051")
_WEAR: Final = ("AM-031", "AM-032")
_SCREENS: Final = ("AM-042", "AM-043")
_GADGETS: Final = ("AM-023", "AM-024")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One kind of case: what the customer says and sends, and what is true."""

    name: str
    goods: tuple[str, ...]
    code: str
    text: str
    words: str
    quality: Quality
    inspection: Mapping[str, Any] = field(default_factory=dict)
    bought_days: float = 4
    has: tuple[E, ...] = ()
    answers: tuple[E, ...] = ()
    """What comes when the customer is asked; nothing means silence."""
    begins: Stage = Stage.NEW
    goods_checked: str = ""
    """What the clerk found, for goods that stand at our point."""


STORIES: Final = (
    Story(
        name="changed_mind", goods=_HOUSE, code="UNSUITABLE", text="Не понравился",
        words="Не подошёл по цвету, не включали", quality=Quality.PROPER, answers=PHOTOS,
    ),
    Story(
        name="size", goods=_WEAR, code="SIZE_MISMATCH", text="Не подошёл размер",
        words="Оказалось мало, бирки на месте", quality=Quality.PROPER, answers=PHOTOS,
    ),
    Story(
        name="defect", goods=_GADGETS, code="DEFECT", text="Товар с дефектом",
        words="Не включается, заряжали всю ночь", quality=Quality.DEFECTIVE,
    ),
    Story(
        name="acts_there", goods=("AM-013", "AM-041"), code="DEFECT", text="Товар с дефектом",
        words="Сломался на третий день, акты из сервиса приложил", quality=Quality.DEFECTIVE,
        has=ACTS,
    ),
    Story(
        name="hidden_damage", goods=_SCREENS, code="UNSUITABLE", text="Не понравился",
        words="Открыли коробку, а по экрану идёт трещина", quality=Quality.MECHANICAL_DAMAGE,
        bought_days=0.3, has=DAMAGE,
    ),
    Story(
        name="damage", goods=_SCREENS, code="DAMAGE", text="Механическое повреждение",
        words="Угол корпуса разбит, курьер видел", quality=Quality.MECHANICAL_DAMAGE,
        bought_days=0.3, has=DAMAGE,
    ),
    Story(
        name="not_returnable", goods=("AM-033", "AM-034"), code="UNSUITABLE", text="Не понравился",
        words="Не понравилась ткань", quality=Quality.PROPER,
    ),
    Story(
        name="window_passed", goods=_HOUSE, code="UNSUITABLE", text="Не понравился",
        words="Лежал в коробке, так и не пригодился", quality=Quality.PROPER, bought_days=40,
        has=PHOTOS,
    ),
    Story(
        name="worn", goods=_WEAR, code="UNSUITABLE", text="Не понравился",
        words="Носили неделю, испачкали, бирку срезали", quality=Quality.PROPER, has=PHOTOS,
        inspection=MappingProxyType({"unused": False}),
    ),
    Story(
        name="silent", goods=_GADGETS, code="UNSUITABLE", text="Не понравился",
        words="Передумал", quality=Quality.PROPER, begins=Stage.WAITING_CUSTOMER,
    ),
    Story(
        name="answered", goods=_HOUSE, code="UNSUITABLE", text="Не понравился",
        words="Подарили второй такой же", quality=Quality.PROPER, has=PHOTOS,
        begins=Stage.WAITING_CUSTOMER,
    ),
    Story(
        name="arrived", goods=_WEAR, code="SIZE_MISMATCH", text="Не подошёл размер",
        words="Велико", quality=Quality.PROPER, has=PHOTOS, begins=Stage.ARRIVED,
        goods_checked="SAME",
    ),
    Story(
        name="another_thing", goods=_GADGETS, code="UNSUITABLE", text="Не понравился",
        words="Не подошло", quality=Quality.PROPER, has=PHOTOS, begins=Stage.ARRIVED,
        goods_checked="DIFFERENT",
    ),
)  # fmt: skip
BY_NAME: Final[Mapping[str, Story]] = MappingProxyType({story.name: story for story in STORIES})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A story as one seed tells it: its number, its goods and buyer, minutes from the opening to its date."""

    story: Story
    number: str
    goods: str
    buyer: int
    due_minutes: int


def cases_drawn(seed: int) -> tuple[Drawn, ...]:
    """Draw the cases of a practice; the same seed gives the same ones.

    >>> cases_drawn(7) == cases_drawn(7), cases_drawn(7) == cases_drawn(8)
    (True, False)
    """
    dice = random.Random(seed)  # noqa: S311  a play, not a secret
    stories = list(STORIES)
    dice.shuffle(stories)
    first = dice.randrange(800_000_001, 899_000_000)
    minutes = [FIRST_DATE_MINUTES + DATE_EVERY_MINUTES * place for place in range(len(stories))]
    dice.shuffle(minutes)
    return tuple(
        Drawn(story, f"{first + place * 7}-1", dice.choice(story.goods), dice.randrange(18), due)
        for place, (story, due) in enumerate(zip(stories, minutes, strict=True))
    )
