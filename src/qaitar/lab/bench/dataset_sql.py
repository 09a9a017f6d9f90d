"""The SQL that makes a shop of any size on the server itself; every value follows from the row's number, so a size is one world.

Identifiers sort by time like the program's own (UUIDv7), and every case's journal chain holds: the benches measure on data
the program itself would accept.
"""

from __future__ import annotations

from typing import Final


def uid(salt: str, row: str, moment: str) -> str:
    """Write SQL for an identifier like the program's: the moment first, then what follows from the row's number."""
    millis = f"lpad(to_hex((extract(epoch FROM {moment}) * 1000)::bigint), 12, '0')"
    tail = f"md5('{salt}' || {row})"
    return f"({millis} || '7' || substr({tail}, 1, 3) || '8' || substr({tail}, 4, 15))::uuid"


def dice(place: int) -> str:
    """Write SQL for a number of 28 bits that follows from the row's number; `place` from 0 to 3 chooses which."""
    return f"('x' || substr(m, {1 + 8 * place}, 7))::bit(28)::int"


_ISO: Final = """to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00'"""  # as Python's isoformat
_CHAINED: Final = (
    """'["' || id || '",{seq},"' || {iso} || '",null,"Qaitar","SYSTEM","import","{act}",'"""
)
_AFTER: Final = """'{"amount_minor":' || amount || ',"number":"' || number || '","product_name":"' || product
 || '","quality":"' || quality || '","source":"CABINET","stage":"NEW"}'"""
CLOSED_BEFORE: Final = '{"outcome":"","stage":"NEW"}'
CLOSED_AFTER: Final = '{"outcome":"MARKETPLACE_REFUNDED","stage":"CLOSED"}'

# One row a request, with everything the tables below take from it.  Dropped at the end.
ROWS: Final = f"""
CREATE UNLOGGED TABLE bench_row AS
WITH numbered AS (
  SELECT i, md5(i::text) AS m, (i %% 25 = 0) AS again, (i %% 25 = 24) AS before_again
  FROM generate_series(1, %(count)s::bigint) AS i
), thrown AS (
  SELECT i, m, again, CASE WHEN again THEN i - 1 ELSE i END AS ord,
    NOT before_again AND {dice(0)} %% 5 < %(open_of_five)s AS open, {dice(1)} AS d1, {dice(2)} AS d2, {dice(3)} AS d3
  FROM numbered
), placed AS (
  SELECT t.*, 1 + (ord %% cardinality(%(stores)s::uuid[]))::int AS place, 300000000 + ord AS code,
    CASE WHEN open THEN %(now)s::timestamptz - (d1 %% 28000) * interval '1 minute'
      ELSE %(now)s::timestamptz - interval '20 days' - (%(count)s - i) * (interval '700 days' / %(count)s) END AS filed_at
  FROM thrown t
), told AS (
  SELECT i, m, ord, again, open, d1, d2, d3, code::text AS code, code || CASE WHEN again THEN '-2' ELSE '-1' END AS number,
    CASE WHEN again THEN 2 ELSE 1 END AS attempt, filed_at, {uid("request", "i", "filed_at")} AS id,
    {uid("order", "ord", "%(now)s::timestamptz")} AS order_id, {uid("line", "ord", "%(now)s::timestamptz")} AS line_id,
    {uid("customer", "(ord / 4)", "%(now)s::timestamptz")} AS customer_id,
    (%(stores)s::uuid[])[place] AS store_id, (%(merchants)s::uuid[])[place] AS merchant_id,
    (%(store_names)s::text[])[place] AS store_name,
    CASE WHEN NOT open THEN 'CLOSED' ELSE (%(stages)s::text[])[1 + d2 %% cardinality(%(stages)s::text[])] END AS stage,
    (ARRAY['PROPER', 'PROPER', 'DEFECTIVE', 'DEFECTIVE', 'MECHANICAL_DAMAGE', 'DIFFERENT_GOODS'])[1 + d3 %% 6] AS quality,
    'Смартфон образец ' || (d1 %% 3000) || ' 8 ГБ/256 ГБ' AS product, 'SKU-' || lpad((d1 %% 3000)::text, 5, '0') AS sku,
    (1000 + ord * 7919 %% 499000) * 100 AS amount,  -- two pieces were sold: each filing of an order brings one back
    (%(first_names)s::text[])[1 + (ord / 4 * 7919) %% cardinality(%(first_names)s::text[])]
      || ' ' || (%(last_names)s::text[])[1 + (ord / 4 * 104729) %% cardinality(%(last_names)s::text[])] AS customer,
    '+7701' || lpad((((ord / 4) * 7368787) %% 10000000)::text, 7, '0') AS phone,
    %(now)s::timestamptz + (d3 %% 31680 - 2880) * interval '1 minute' AS due,
    filed_at + interval '9 days' AS closed_at
  FROM placed
), chained AS (
  SELECT *, sha256(decode(repeat('00', 32), 'hex') || convert_to(
    {_CHAINED.format(seq=1, iso=_ISO.format(at="filed_at"), act="CREATE")} || '{{}},' || {_AFTER} || ',""]', 'UTF8')) AS head1
  FROM told
)
SELECT *, CASE WHEN open THEN NULL ELSE sha256(head1 || convert_to(
  {_CHAINED.format(seq=2, iso=_ISO.format(at="closed_at"), act="NOTE_MARKETPLACE_DECIDED")}
  || '{CLOSED_BEFORE},{CLOSED_AFTER},""]', 'UTF8')) END AS head2 FROM chained
"""

REQUESTS: Final = """
INSERT INTO returns_returnrequest (id, merchant_id, store_id, store_name, number, order_code, attempt, order_id, line_id,
  external_id, source, stage, outcome, stage_since, quality, refusal_reason, customer_contacted, customer_answered,
  sent_to_service_centre, inspection, goods_handed_over, goods_checked, dispute_evidence_sent, approval, assignee_id,
  assignee_name, control_at, control_rule, control_source, marketplace_due_at, marketplace_due_section, guard_next_at, alerts_sent, alert_level,
  pending_press, pending_since, pending_text, section, section_raw, section_seen_at, status_text, mirror, reason_code, reason_text,
  customer_words, filed_at, received_on, arrived_at, arrived_where, closed_at, product_name, product_sku, category_title,
  quantity_milli, amount_minor, currency, customer_name, customer_phone, unit_value, counts_as_quality, created_at,
  version, journal_seq, journal_head)
SELECT id, merchant_id, store_id, store_name, number, code, attempt, order_id, line_id, (500000000 + i)::text, 'CABINET', stage,
  CASE WHEN open THEN '' ELSE 'MARKETPLACE_REFUNDED' END, CASE WHEN open THEN filed_at ELSE closed_at END, quality, '',
  stage NOT IN ('NEW', 'CLOSED'), stage IN ('IN_DELIVERY', 'ARRIVED'), false, '{}', stage = 'ARRIVED', 'UNCHECKED', false,
  CASE WHEN stage = 'WAITING_APPROVAL' THEN 'REQUESTED' ELSE 'NONE' END,
  CASE WHEN d1 %% 3 = 0 THEN %(user)s END, CASE WHEN d1 %% 3 = 0 THEN %(user_name)s ELSE '' END,
  CASE WHEN open THEN due END, CASE WHEN open THEN 'MARKETPLACE_DATE' ELSE '' END,
  CASE WHEN open THEN 'cabinet' ELSE '' END, due, CASE WHEN open THEN 'NEW' ELSE 'CLOSED' END,
  CASE WHEN open THEN due - interval '30 minutes' END, '{}', '',
  CASE WHEN stage = 'REFUND_GRANTED' THEN 'PRESS_GRANT' ELSE '' END, CASE WHEN stage = 'REFUND_GRANTED' THEN filed_at END,
  '', CASE WHEN open THEN 'NEW' ELSE 'CLOSED' END, '', filed_at, '', '{}', 'SIZE_MISMATCH', 'Не подошёл размер', '',
  filed_at, (filed_at - interval '5 days')::date, CASE WHEN stage = 'ARRIVED' THEN filed_at END,
  CASE WHEN stage = 'ARRIVED' THEN 'POINT' ELSE '' END, CASE WHEN open THEN NULL ELSE closed_at END, product, sku,
  'Смартфоны', 1000, amount, 'KZT', customer, phone, '', quality = 'DEFECTIVE', filed_at, CASE WHEN open THEN 1 ELSE 2 END,
  CASE WHEN open THEN 1 ELSE 2 END, COALESCE(head2, head1)
FROM bench_row
"""

_JOURNAL: Final = """
INSERT INTO foundation_journalentry (id, merchant_id, subject_kind, subject_id, seq, at, actor_id, actor_name, actor_role,
  channel, act, before, after, why, request_ref, prev_hash, hash)
"""
JOURNAL_FIRST: Final = (
    _JOURNAL
    + f"""SELECT {uid("first", "i", "filed_at")}, merchant_id, 'returnrequest', id, 1, filed_at, NULL, 'Qaitar', 'SYSTEM',
  'import', 'CREATE', '{{}}', ({_AFTER})::jsonb, '', '', decode(repeat('00', 32), 'hex'), head1 FROM bench_row"""
)
JOURNAL_SECOND: Final = (
    _JOURNAL
    + f"""SELECT {uid("second", "i", "closed_at")}, merchant_id, 'returnrequest', id, 2, closed_at, NULL, 'Qaitar', 'SYSTEM',
  'import', 'NOTE_MARKETPLACE_DECIDED', '{CLOSED_BEFORE}', '{CLOSED_AFTER}', '', '', head1, head2
  FROM bench_row WHERE NOT open"""
)

KEYS: Final = f"""
INSERT INTO foundation_searchkey (id, merchant_id, subject_id, key)
SELECT {uid("key", "(i * 10 + k.n)", "filed_at")}, merchant_id, id, k.key FROM bench_row
CROSS JOIN LATERAL (VALUES (0, number), (1, code), (2, lower(sku)), (3, substr(phone, 2)), (4, substr(phone, 3)),
  (5, right(phone, 4)), (6, lower(split_part(customer, ' ', 1))), (7, lower(split_part(customer, ' ', 2))),
  (8, '&' || lower(customer)), (9, '&' || lower(split_part(customer, ' ', 2) || ' ' || split_part(customer, ' ', 1)))) AS k(n, key)
"""

FILES: Final = f"""
INSERT INTO foundation_storedfile (id, merchant_id, sha256, size, name, kind, mime, extension, width, height,
  preview_sha256, thumb_sha256, created_at, created_by_id, created_by_name, origin)
SELECT {uid("file", "i", "filed_at")}, merchant_id, m || m, 250000, 'IMG_' || i || '.jpg', 'PICTURE', 'image/jpeg', 'jpg', 1600,
  1200, m || m, m || m, filed_at, %(user)s, %(user_name)s, 'web' FROM bench_row WHERE d2 %% 10 < 3
"""
EVIDENCE: Final = f"""
INSERT INTO returns_evidence (id, merchant_id, request_id, kind, file_id, file_sha256, file_name, note, signature_confirmed,
  stamp_confirmed, confirmed_by_name, added_by_id, added_by_name, added_at, origin)
SELECT {uid("proof", "i", "filed_at")}, merchant_id, id, CASE WHEN quality = 'PROPER' THEN 'PHOTO_GOODS' ELSE 'PHOTO_DAMAGE' END,
  {uid("file", "i", "filed_at")}, m || m, 'IMG_' || i || '.jpg', '', false, false, '', %(user)s, %(user_name)s, filed_at, 'web'
FROM bench_row WHERE d2 %% 10 < 3
"""
EFFECTS: Final = f"""
INSERT INTO foundation_plannedeffect (id, merchant_id, subject_id, kind, step, ordinal, state, payload, reference, address,
  detail, attempts, created_at, next_at, settled_at)
SELECT {uid("effect", "i", "filed_at")}, merchant_id, id, 'WRITE_REGISTER', '1-2', CASE WHEN open THEN 1 ELSE 2 END, 'DONE', '{{}}', 'A' || i, '', '', 1, filed_at,
  filed_at, filed_at FROM bench_row WHERE NOT open OR stage <> 'NEW'
"""

ORDERS: Final = """
INSERT INTO orders_order (id, merchant_id, store_id, code, external_id, customer_id, ordered_at, state, status,
  status_changed_on, payment_mode, total_minor, currency, delivery_mode, delivery_cost_minor, delivery_cost_seller_minor,
  address, pickup_point, waybill_number, waybill_url, delivered_at, cancellation_reason, erp_number, digest, created_at, updated_at)
SELECT order_id, merchant_id, store_id, code, '', customer_id, filed_at - interval '8 days', 'ARCHIVE', 'COMPLETED',
  (filed_at - interval '5 days')::date, 'PREPAID', amount * 2, 'KZT', 'DELIVERY_LOCAL', 99500, 145500,
  'г. Алматы, улица Абая, д. ' || (d1 %% 300), '30000000_PP1', '', '', filed_at - interval '5 days', '', '',
  decode(m, 'hex'), filed_at, filed_at
FROM bench_row WHERE attempt = 1
"""
LINES: Final = """
INSERT INTO orders_orderline (id, merchant_id, order_id, key, number, offer_code, name, category_code, category_title,
  quantity_milli, unit_type, price_minor, total_minor)
SELECT line_id, merchant_id, order_id, sku || '|' || product, 0, sku, product, '', 'Смартфоны', 2000, '', amount, amount * 2
FROM bench_row WHERE attempt = 1
"""
TENDERS: Final = f"""
INSERT INTO orders_tender (id, merchant_id, order_id, kind, amount_minor)
SELECT {uid("tender", "ord", "filed_at")}, merchant_id, order_id, 'CARD', amount * 2 FROM bench_row WHERE attempt = 1
"""
CUSTOMERS: Final = """
INSERT INTO orders_customer (id, merchant_id, channel, external_id, name, phone, language)
SELECT DISTINCT ON (customer_id) customer_id, merchant_id, 'KASPI', 'customer-' || (ord / 4), customer, phone, ''
FROM bench_row ORDER BY customer_id, i
"""
COUNTS: Final = f"""
INSERT INTO returns_stagecount (id, merchant_id, store_id, stage, count)
SELECT {uid("count", "store_id::text || stage", "%(now)s::timestamptz")}, merchant_id, store_id, stage, count(*)
FROM bench_row GROUP BY merchant_id, store_id, stage
"""

# Two hands, one a core: which tables each fills, and with what, in this order.
HANDS: Final = (
    (
        ("returns_returnrequest", (REQUESTS,)),
        ("foundation_journalentry", (JOURNAL_FIRST, JOURNAL_SECOND)),
        ("returns_evidence", (EVIDENCE,)),
        ("foundation_storedfile", (FILES,)),
        ("returns_stagecount", (COUNTS,)),
    ),
    (
        ("foundation_searchkey", (KEYS,)),
        ("orders_order", (ORDERS,)),
        ("orders_orderline", (LINES,)),
        ("orders_tender", (TENDERS,)),
        ("orders_customer", (CUSTOMERS,)),
        ("foundation_plannedeffect", (EFFECTS,)),
    ),
)
TABLES: Final = tuple(table for hand in HANDS for table, _ in hand)
