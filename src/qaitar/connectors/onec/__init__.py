"""1C:Enterprise over its standard OData interface (v3, platform 8.3.27), УТ 11: implements `Erp`; read 2026-10."""

from qaitar.connectors.onec.client import OneC
from qaitar.connectors.onec.fieldmap import BadFieldMap, FieldMap, OneCSettings, read_field_map
from qaitar.connectors.onec.metadata import MetadataCache

__all__ = ["BadFieldMap", "FieldMap", "MetadataCache", "OneC", "OneCSettings", "read_field_map"]
