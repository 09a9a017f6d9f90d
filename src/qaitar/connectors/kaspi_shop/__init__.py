"""Kaspi Shop API v2 (guide.kaspi.kz, checked 2026-08): implements `OrderSource` of contracts.marketplace; reads only."""
