"""A stand-in of a 1C:Enterprise publication with the standard OData interface (v3), УТ 11 names.

Written from the vendor's chapter on the interface and public lists of УТ 11 attributes; it shares
nothing with our connector.  What it does not imitate is listed in docs/connectors/onec.md.
"""
