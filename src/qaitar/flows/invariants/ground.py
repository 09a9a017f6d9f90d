"""P, D, R: walls stand, personal data lies only where it may, and every row finds what it points to."""

from __future__ import annotations

from typing import Final

from qaitar.flows.invariants.invariant import Invariant

WALLS: Final = (
    Invariant(
        "P1",
        "every business table is walled, and the program's role can climb no wall",
        """
        SELECT NULL::uuid AS merchant, t.name AS place,
          CASE WHEN c.oid IS NULL THEN 'the table is missing' ELSE 'the wall is down' END AS fault
        FROM unnest(%(walled)s::text[]) AS t(name) LEFT JOIN pg_class c ON c.oid = to_regclass(t.name)
        WHERE c.oid IS NULL OR NOT c.relrowsecurity OR NOT c.relforcerowsecurity OR NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'merchant_wall'
              AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
          OR 1 <> (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)
        UNION ALL
        SELECT NULL, %(app_role)s::text, 'the program''s role is not held by walls'
        FROM pg_roles WHERE rolname = %(app_role)s::text AND (rolsuper OR rolbypassrls)
        UNION ALL
        SELECT NULL, c.relname, 'the program''s role owns this table'
        FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
        WHERE c.relkind = 'r' AND o.rolname = %(app_role)s::text
          AND c.relnamespace = 'public'::regnamespace
        """,
    ),
    Invariant(
        "P1",
        "what belongs together belongs to one merchant",
        """
        SELECT e.merchant_id AS merchant, e.id::text AS place, 'a proof in another merchant''s case' AS fault
        FROM returns_evidence e JOIN returns_returnrequest r ON r.id = e.request_id
        WHERE e.merchant_id <> r.merchant_id
        UNION ALL
        SELECT e.merchant_id, e.id::text, 'an effect of another merchant''s case'
        FROM foundation_plannedeffect e JOIN returns_returnrequest r ON r.id = e.subject_id
        WHERE e.merchant_id <> r.merchant_id
        UNION ALL
        SELECT j.merchant_id, format('%%s#%%s', j.subject_id, j.seq), 'a line in another merchant''s journal'
        FROM foundation_journalentry j JOIN returns_returnrequest r ON r.id = j.subject_id
        WHERE j.merchant_id <> r.merchant_id
        UNION ALL
        SELECT k.merchant_id, k.id::text, 'a search word of another merchant''s case'
        FROM foundation_searchkey k JOIN returns_returnrequest r ON r.id = k.subject_id
        WHERE k.merchant_id <> r.merchant_id
        UNION ALL
        SELECT r.merchant_id, r.number, 'a case of another merchant''s store'
        FROM returns_returnrequest r JOIN orders_store s ON s.id = r.store_id
        WHERE r.merchant_id <> s.merchant_id
        UNION ALL
        SELECT r.merchant_id, r.number, 'a case of another merchant''s order'
        FROM returns_returnrequest r JOIN orders_order o ON o.id = r.order_id
        WHERE r.merchant_id <> o.merchant_id
        UNION ALL
        SELECT l.merchant_id, l.id::text, 'a line of another merchant''s order'
        FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE l.merchant_id <> o.merchant_id
        UNION ALL
        SELECT d.merchant_id, d.id::text, 'an event on its way to another merchant'
        FROM foundation_webhookdelivery d JOIN foundation_webhookendpoint e ON e.id = d.endpoint_id
        WHERE d.merchant_id <> e.merchant_id
        """,
    ),
)

DATA: Final = (
    Invariant(
        "D1",
        "jobs carry keys, never a person's telephone",
        """
        SELECT NULL::uuid AS merchant, format('job %%s', id) AS place,
          format('%%s has a telephone among its arguments', task_name) AS fault
        FROM procrastinate_jobs WHERE args::text ~ '\\+7[0-9]{10}'
        """,
    ),
    Invariant(
        "D1",
        "stored answers of the API are forgotten after a week",
        """
        SELECT NULL::uuid AS merchant, format('answer %%s', id) AS place, format('kept since %%s', created_at) AS fault
        FROM foundation_idempotencyrecord WHERE created_at < %(now)s::timestamptz - interval '8 days'
        """,
    ),
    Invariant(
        "D1",
        "secrets of connections and webhooks are sealed",
        """
        SELECT merchant_id AS merchant, id::text AS place, format('%%s holds a secret in the open', name) AS fault
        FROM foundation_connection
        WHERE octet_length(secrets) > 0 AND (octet_length(secrets) < 28 OR get_byte(secrets, 0) IN (34, 91, 123))
        UNION ALL
        SELECT merchant_id, id::text, 'an endpoint holds a secret in the open' FROM foundation_webhookendpoint
        WHERE octet_length(secrets) < 28 OR get_byte(secrets, 0) IN (34, 91, 119, 123)
        """,
    ),
)

WHOLE: Final = (
    Invariant(
        "R1",
        "every row finds what it points to",
        """
        SELECT e.merchant_id AS merchant, e.id::text AS place, 'a proof without its case' AS fault
        FROM returns_evidence e LEFT JOIN returns_returnrequest r ON r.id = e.request_id WHERE r.id IS NULL
        UNION ALL
        SELECT e.merchant_id, e.id::text, 'an effect without its case or the line that planned it'
        FROM foundation_plannedeffect e
        LEFT JOIN foundation_journalentry j ON j.subject_id = e.subject_id AND j.seq = e.ordinal
        WHERE j.id IS NULL
        UNION ALL
        SELECT j.merchant_id, format('%%s#%%s', j.subject_id, j.seq), 'a journal line without its case'
        FROM foundation_journalentry j LEFT JOIN returns_returnrequest r ON r.id = j.subject_id
        WHERE j.subject_kind = 'returnrequest' AND r.id IS NULL
        UNION ALL
        SELECT r.merchant_id, r.number, 'a case without its store'
        FROM returns_returnrequest r LEFT JOIN orders_store s ON s.id = r.store_id WHERE s.id IS NULL
        UNION ALL
        SELECT r.merchant_id, r.number, 'a case whose order is not there'
        FROM returns_returnrequest r LEFT JOIN orders_order o ON o.id = r.order_id
        WHERE r.order_id IS NOT NULL AND o.id IS NULL
        UNION ALL
        SELECT l.merchant_id, l.id::text, 'an order line without its order'
        FROM orders_orderline l LEFT JOIN orders_order o ON o.id = l.order_id WHERE o.id IS NULL
        """,
    ),
    Invariant(
        "R1",
        "the counters say what a count says",
        """
        WITH counted AS (
            SELECT merchant_id, store_id, stage, count(*) AS n FROM returns_returnrequest GROUP BY 1, 2, 3
        ), kept AS (
            SELECT merchant_id, store_id, stage, sum(n) AS n FROM (
                SELECT merchant_id, store_id, stage, count AS n FROM returns_stagecount
                UNION ALL SELECT merchant_id, store_id, stage, delta FROM returns_stagedelta) each
            GROUP BY 1, 2, 3
        )
        SELECT merchant_id AS merchant, format('store %%s, %%s', store_id, stage) AS place,
          format('counted %%s, the counter says %%s', COALESCE(c.n, 0), COALESCE(k.n, 0)) AS fault
        FROM counted c FULL JOIN kept k USING (merchant_id, store_id, stage)
        WHERE COALESCE(c.n, 0) <> COALESCE(k.n, 0)
        """,
    ),
    Invariant(
        "R1",
        "no index or constraint is left unfinished",
        """
        SELECT NULL::uuid AS merchant, c.relname::text AS place, 'the index is not valid' AS fault
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT NULL, conname, 'the constraint is not validated' FROM pg_constraint
        WHERE NOT convalidated AND connamespace = 'public'::regnamespace
        """,
    ),
)
