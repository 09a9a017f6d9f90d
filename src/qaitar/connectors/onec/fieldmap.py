"""Which object and attribute of this base holds what, with УТ 11 as the default, checked against metadata."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from qaitar.connectors.onec.facts import (
    CONNECT_S,
    MARKER_LENGTH_MIN,
    READ_S,
    RETURN_STATUSES,
)
from qaitar.connectors.onec.metadata import BLOBS_A, BLOBS_B, LINKS_B, PRESENCE
from qaitar.kernel.zones import zone
from qaitar.transport.http import Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from qaitar.connectors.onec.metadata import Metadata

TEXT = frozenset({"Edm.String"})
MOMENT = frozenset({"Edm.DateTime"})
REFERENCE = frozenset({"Edm.Guid"})
FLAG = frozenset({"Edm.Boolean"})
NUMBER = frozenset({"Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Double", "Edm.Decimal"})
BINARY = frozenset({"Edm.Binary"})

Constant = str | bool


class BadFieldMap(ValueError):
    """A field map that cannot be used whatever the base; its words say which entry and why."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Names of objects and attributes in one base.  An empty name switches the attribute off.

    `copied` attributes must exist in the shipment and in the return order and are taken over as they
    stand; `copied_if_present` are taken over where both have them; `copied_from_order` likewise from
    the customer's order.  `constants` are sent as written.  `carrier` is filled by 1C itself: it is
    sent only when `carrier_reference` is set.  With `marker` (an attribute of limited length) our key
    is found by an exact filter; without it our key stands in `comment` as `[qtr:…]` and is looked for
    among the partner's return orders of the days around.  `file_generation` is "A", "B" or "auto".
    """

    order_set: str = "Document_ЗаказКлиента"
    order_code: str = "НомерПоДаннымКлиента"
    order_rows: str = "Товары"
    sale_set: str = "Document_РеализацияТоваровУслуг"
    sale_order: str = "ЗаказКлиента"
    sale_rows: str = "Товары"
    product_set: str = "Catalog_Номенклатура"
    return_set: str = "Document_ЗаявкаНаВозвратТоваровОтКлиента"
    return_rows: str = "ВозвращаемыеТовары"
    copied: tuple[str, ...] = (
        "Партнер_Key",
        "Контрагент_Key",
        "Организация_Key",
        "Соглашение_Key",
        "Договор_Key",
        "Валюта_Key",
        "НалогообложениеНДС",
    )
    copied_if_present: tuple[str, ...] = (
        "Менеджер_Key",
        "Подразделение_Key",
        "Сделка_Key",
        "СпособДоставки",
        "АдресДоставки",
    )
    copied_from_order: tuple[str, ...] = ("Приоритет_Key",)
    copied_row: tuple[str, ...] = ("Номенклатура_Key",)
    copied_row_if_present: tuple[str, ...] = (
        "Характеристика_Key",
        "Упаковка_Key",
        "СтавкаНДС_Key",
        "СтавкаНДС",
        "Серия_Key",
    )
    constants: tuple[tuple[str, Constant], ...] = (
        ("ХозяйственнаяОперация", "ВозвратТоваровОтКлиента"),
        ("СпособКомпенсации", "ВернутьДенежныеСредства"),
        ("СкидкиРассчитаны", True),
    )
    partner: str = "Партнер_Key"
    warehouse: str = "Склад_Key"
    status: str = "Статус"
    status_value: str = "КВозврату"
    arrival_date: str = "ДатаПоступления"
    arrival_row_date: str = "ДатаПоступления"
    one_arrival_date: str = "ПоступлениеОднойДатой"
    delivery_date: str = ""
    sale_link: str = "ДокументРеализации"
    sale_row_link: str = "ДокументРеализации"
    reason: str = "ПричинаВозврата"
    comment: str = "Комментарий"
    comment_prefix: str = "Kaspi"
    marker: str = ""
    marker_length: int = 25
    total: str = "СуммаДокумента"
    carrier: str = "ПеревозчикПартнер_Key"
    carrier_reference: str = ""
    files_set: str = "Catalog_ЗаявкаНаВозвратТоваровОтКлиентаПрисоединенныеФайлы"
    file_generation: str = "auto"

    def __post_init__(self) -> None:
        if self.status_value not in RETURN_STATUSES:
            raise BadFieldMap(f"status_value must be one of {', '.join(RETURN_STATUSES)}")
        if self.marker and self.marker_length < MARKER_LENGTH_MIN:
            raise BadFieldMap(f"marker_length must be at least {MARKER_LENGTH_MIN}")
        if not self.marker and not self.comment:
            raise BadFieldMap("either marker or comment must name an attribute to hold our key")
        if self.file_generation not in {"auto", "A", "B"}:
            raise BadFieldMap('file_generation must be "auto", "A" or "B"')
        sent = {*self.copied, *self.copied_if_present, *self.copied_from_order}
        if self.carrier in sent | {name for name, _ in self.constants}:
            raise BadFieldMap(
                f"{self.carrier} is filled by 1C itself; set carrier_reference to send it on purpose"
            )


@dataclass(frozen=True, slots=True)
class OneCSettings:
    """One connection.  `base_url` is the publication, e.g. `https://host/ut`.

    `time_zone` is that of the 1C server; `author_key` is the 1C user whose name stands on attached
    files (mandatory for files); `warehouse_key` replaces the shipment's warehouse; `allowed_only`
    asks orders and shipments only within row-level rights (never the look-ups of our own documents);
    posting after creation is off unless asked for; `search_days` is how far around a day our
    documents are looked for.
    """

    base_url: str
    user: str
    password: str = field(repr=False)
    time_zone: str = "Asia/Almaty"
    field_map: FieldMap = field(default_factory=FieldMap)
    author_key: str = ""
    warehouse_key: str = ""
    allowed_only: bool = False
    post_after_create: bool = False
    search_days: int = 3
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(CONNECT_S, READ_S))
    proxy: str = field(default="", repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone 1C's local times are in, from the zone data this program ships.

        Raises:
            ZoneInfoNotFoundError: there is no zone of this name.
        """
        return zone(self.time_zone)


def read_field_map(changes: Mapping[str, object]) -> FieldMap:
    """Make a field map from the entries a person changed (as stored in JSON).

    >>> read_field_map({"delivery_date": "ДатаДоставки"}).delivery_date
    'ДатаДоставки'

    Raises:
        BadFieldMap: an entry is unknown or of the wrong kind.
    """
    base = FieldMap()
    known = {one.name for one in fields(FieldMap)}
    ready: dict[str, object] = {}
    for name, value in changes.items():
        if name not in known:
            raise BadFieldMap(f"unknown entry {name!r}")
        ready[name] = _entry(name, getattr(base, name), value)
    return replace(base, **ready)  # type: ignore[arg-type]  # kinds were checked entry by entry


def _entry(name: str, default: object, value: object) -> object:
    if name == "constants" and isinstance(value, dict):
        pairs = tuple((str(key), item) for key, item in value.items())
        if all(isinstance(item, str | bool) for _, item in pairs):
            return pairs
    elif isinstance(default, tuple):
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif type(value) is type(default):
        return value
    raise BadFieldMap(f"{name!r} is of the wrong kind")


@dataclass(frozen=True, slots=True)
class _Need:
    """One attribute that must be published, in the rows of `section` when given."""

    resource: str
    name: str
    kinds: frozenset[str]
    section: str = ""


def order_problems(fieldmap: FieldMap, metadata: Metadata) -> tuple[str, ...]:
    """Say in sentences what keeps orders and shipments from being found; nothing when all is there."""
    return _problems(_order_needs(fieldmap), metadata)


def return_problems(fieldmap: FieldMap, metadata: Metadata) -> tuple[str, ...]:
    """Say in sentences what keeps a return order from being written whole; nothing when all is there."""
    return _problems([*_order_needs(fieldmap), *_return_needs(fieldmap, metadata)], metadata)


def file_problems(fieldmap: FieldMap, metadata: Metadata, author_key: str) -> tuple[str, ...]:
    """Say in sentences what keeps files from being attached; nothing when all is there."""
    found: list[str] = []
    generation = file_generation(fieldmap, metadata)
    if not generation:
        found.append(
            f"Neither {BLOBS_A} nor {BLOBS_B} with {LINKS_B} is in the OData composition: "
            "attached files have nowhere to keep their content."
        )
    if not author_key:
        found.append("No 1C user is set as author of attached files (author_key).")
    return (*found, *_problems(_file_needs(fieldmap, metadata, generation), metadata))


def file_generation(fieldmap: FieldMap, metadata: Metadata) -> str:
    """Tell how files keep their content here: the map's word, else what metadata shows."""
    if fieldmap.file_generation == "auto":
        return metadata.file_generation
    return fieldmap.file_generation


def sale_link_is_composite(fieldmap: FieldMap, metadata: Metadata) -> bool:
    """Tell whether the shipment's link to the order is composite, or a plain `…_Key` reference."""
    return f"{fieldmap.sale_order}_Key" not in metadata.attributes(fieldmap.sale_set)


def author_attributes(fieldmap: FieldMap, metadata: Metadata) -> bool:
    """Tell whether the author of a file is a plain `Автор_Key` rather than a composite `Автор`."""
    return "Автор" not in metadata.attributes(fieldmap.files_set)


def _order_needs(fm: FieldMap) -> Iterator[_Need]:
    yield _Need(fm.order_set, fm.order_code, TEXT)
    for resource, section in ((fm.order_set, fm.order_rows), (fm.sale_set, fm.sale_rows)):
        yield _Need(resource, fm.partner, REFERENCE)
        yield _Need(resource, "LineNumber", NUMBER, section)
        yield from (_Need(resource, name, REFERENCE, section) for name in fm.copied_row)
        for name in ("Количество", "Цена", "Сумма"):
            yield _Need(resource, name, NUMBER, section)


def _return_needs(fm: FieldMap, metadata: Metadata) -> Iterator[_Need]:
    target = fm.return_set
    for name in fm.copied:
        kinds = REFERENCE if name.endswith("_Key") else TEXT
        yield _Need(fm.sale_set, name, kinds)
        yield _Need(target, name, kinds)
    if sale_link_is_composite(fm, metadata):
        yield _Need(fm.sale_set, fm.sale_order, TEXT)
        yield _Need(fm.sale_set, fm.sale_order + "_Type", TEXT)
    for name, value in fm.constants:
        yield _Need(target, name, FLAG if isinstance(value, bool) else TEXT)
    for name in (fm.arrival_date, fm.delivery_date):
        yield _Need(target, name, MOMENT)
    yield _Need(target, fm.one_arrival_date, FLAG)
    for name in (fm.status, fm.reason, fm.comment, fm.marker):
        yield _Need(target, name, TEXT)
    for name in (fm.partner, fm.warehouse, fm.carrier if fm.carrier_reference else ""):
        yield _Need(target, name, REFERENCE)
    yield _Need(target, fm.total, NUMBER)
    yield from _link(target, fm.sale_link, "")
    yield from _link(target, fm.sale_row_link, fm.return_rows)
    yield _Need(target, fm.arrival_row_date, MOMENT, fm.return_rows)
    for name in ("Количество", "Цена", "Сумма"):
        yield _Need(target, name, NUMBER, fm.return_rows)
    yield from (_Need(target, name, REFERENCE, fm.return_rows) for name in fm.copied_row)


def _file_needs(fm: FieldMap, metadata: Metadata, generation: str) -> Iterator[_Need]:
    for name in ("Description", "Расширение", "Описание", "ТипХраненияФайла"):
        yield _Need(fm.files_set, name, TEXT)
    yield _Need(fm.files_set, "ВладелецФайла_Key", REFERENCE)
    yield _Need(fm.files_set, "Размер", NUMBER)
    for name in ("ДатаСоздания", "ДатаМодификацииУниверсальная"):
        yield _Need(fm.files_set, name, MOMENT)
    if author_attributes(fm, metadata):
        yield _Need(fm.files_set, "Автор_Key", REFERENCE)
    if generation == "A":
        yield from _link(BLOBS_A, "Файл", "")
        yield _Need(BLOBS_A, "ДвоичныеДанныеФайла_Base64Data", BINARY)
        yield _Need(PRESENCE, "ЕстьФайлы", FLAG)
    if generation == "B":
        yield _Need(BLOBS_B, "Хеш", TEXT)
        yield _Need(BLOBS_B, "ДвоичныеДанные_Base64Data", BINARY)
        yield from _link(LINKS_B, "Файл", "")
        yield _Need(LINKS_B, "ХранилищеДвоичныхДанных_Key", REFERENCE)


def _link(resource: str, name: str, section: str) -> Iterator[_Need]:
    if name:
        yield _Need(resource, name, TEXT, section)
        yield _Need(resource, name + "_Type", TEXT, section)


def _problems(needs: Iterable[_Need], metadata: Metadata) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for need in needs:
        if need.name:
            sentence = _problem(need, metadata)
            if sentence:
                found[sentence] = None
    return tuple(found)


def _problem(need: _Need, metadata: Metadata) -> str:
    if not metadata.publishes(need.resource):
        return f"{need.resource} is not in the OData composition."
    known = metadata.attributes(need.resource)
    place = need.resource
    if need.section:
        if need.section not in known:
            return f"{need.resource} has no tabular section {need.section}."
        known = metadata.row_attributes(need.resource, need.section)
        place = f"{need.resource}.{need.section}"
    if need.name not in known:
        return f"{place} has no attribute {need.name}."
    if known[need.name] not in need.kinds:
        kinds = " or ".join(sorted(need.kinds))
        return f"{place}.{need.name} is {known[need.name]}, but {kinds} is expected."
    return ""
