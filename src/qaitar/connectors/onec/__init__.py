"""1C:Enterprise over its standard OData interface (v3, platform 8.3.27), УТ 11: implements `Erp`; read 2026-10."""
