"""The `$metadata` document of the stand-in base."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qaitar.sandbox.onec.model import Entity

_EDM = {
    "guid": "Edm.Guid",
    "bool": "Edm.Boolean",
    "double": "Edm.Double",
    "int64": "Edm.Int64",
    "datetime": "Edm.DateTime",
    "binary": "Edm.Binary",
}
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">'
    '<edmx:DataServices m:DataServiceVersion="3.0"'
    ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
    '<Schema Namespace="StandardODATA" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">'
)
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"


def document(entities: Mapping[str, Entity]) -> bytes:
    """Write the metadata of the published objects, as UTF-8 XML."""
    parts = [_HEAD]
    for entity in entities.values():
        parts += _entity(entity)
    parts.append('<EntityContainer Name="StandardODATA" m:IsDefaultEntityContainer="true">')
    for entity in entities.values():
        names = [entity.name, *(f"{entity.name}_{section}" for section in entity.sections)]
        parts += [
            f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr('StandardODATA.' + name)}/>"
            for name in names
        ]
        if entity.name.startswith("Document_"):
            path = quoteattr(entity.name)
            parts += [
                f'<FunctionImport Name="{verb}" m:HttpMethod="POST" IsBindable="true"'
                f" EntitySetPath={path}/>"
                for verb in ("Post", "Unpost")
            ]
    parts.append("</EntityContainer>" + _TAIL)
    return "".join(parts).encode()


def _entity(entity: Entity) -> Iterator[str]:
    yield f"<EntityType Name={quoteattr(entity.name)}><Key>"
    yield from (f"<PropertyRef Name={quoteattr(name)}/>" for name in entity.key)
    yield "</Key>"
    yield from _properties(entity.attributes)
    for section in entity.sections:
        row = f"Collection(StandardODATA.{entity.name}_{section}_RowType)"
        yield f'<Property Name={quoteattr(section)} Type={quoteattr(row)} Nullable="true"/>'
    yield "</EntityType>"
    for section, attributes in entity.sections.items():
        name = f"{entity.name}_{section}"
        yield f"<ComplexType Name={quoteattr(name + '_RowType')}>"
        yield from _properties(attributes)
        yield "</ComplexType>"
        yield f'<EntityType Name={quoteattr(name)}><Key><PropertyRef Name="Ref_Key"/>'
        yield '<PropertyRef Name="LineNumber"/></Key>'
        yield from _properties({"Ref_Key": "guid", **attributes})
        yield "</EntityType>"


def _properties(attributes: Mapping[str, str]) -> Iterator[str]:
    for name, kind in attributes.items():
        edm = _EDM.get(kind, "Edm.String")
        yield f'<Property Name={quoteattr(name)} Type="{edm}" Nullable="true"/>'
