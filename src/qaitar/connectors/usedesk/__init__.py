"""Usedesk, a helpdesk: implements `Helpdesk` over its API of channels (api.usedocs.ru, api.usedocs.com), read 2026-11."""
