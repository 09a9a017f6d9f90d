"""S: every change of state has its journal line, only listed steps happen, an end is an end, the journal is whole."""

from __future__ import annotations

from typing import Final

from qaitar.flows.invariants.invariant import Invariant

STATES: Final = (
    Invariant(
        "S1",
        "a case and its journal are equally long, and the case carries its last line's hash",
        """
        WITH told AS (
            SELECT subject_id, count(*) AS lines, min(seq) AS first, max(seq) AS last
            FROM foundation_journalentry WHERE subject_kind = 'returnrequest' GROUP BY subject_id
        )
        SELECT r.merchant_id AS merchant, r.number AS place,
          format('case at line %%s of version %%s, journal has %%s lines up to %%s',
            r.journal_seq, r.version, COALESCE(t.lines, 0), t.last) AS fault
        FROM returns_returnrequest r LEFT JOIN told t ON t.subject_id = r.id
        LEFT JOIN foundation_journalentry j ON j.subject_id = r.id AND j.seq = r.journal_seq
        WHERE t.lines IS DISTINCT FROM r.journal_seq::bigint OR t.first <> 1 OR t.last <> r.journal_seq
          OR r.version <> r.journal_seq OR j.hash IS DISTINCT FROM r.journal_head
        """,
    ),
    Invariant(
        "S1",
        "replaying the journal gives the present state",
        """
        WITH lines AS (
            SELECT j.subject_id, jsonb_object_agg(k.key, k.value ORDER BY j.seq) AS values
            FROM foundation_journalentry j CROSS JOIN LATERAL jsonb_each_text(j.after) AS k
            WHERE j.subject_kind = 'returnrequest' AND k.key = ANY(%(told)s)
            GROUP BY j.subject_id
        )
        SELECT r.merchant_id AS merchant, r.number AS place,
          format('%%s is %%s, the journal says %%s', k.key, r.row ->> k.key, k.value) AS fault
        FROM (
            -- OFFSET 0: each row becomes JSON once, not once a column
            SELECT c.merchant_id, c.number, to_jsonb(c) AS row,
              %(initial)s::jsonb || COALESCE(l.values, '{}'::jsonb) AS replayed
            FROM returns_returnrequest c LEFT JOIN lines l ON l.subject_id = c.id OFFSET 0
        ) AS r CROSS JOIN LATERAL jsonb_each_text(r.replayed) AS k
        WHERE CASE WHEN k.key = ANY(%(moments)s)
          THEN k.value::timestamptz IS DISTINCT FROM (r.row ->> k.key)::timestamptz
          ELSE k.value IS DISTINCT FROM r.row ->> k.key END
        """,
    ),
    Invariant(
        "S1",
        "each journal line begins where the line before it ended",
        """
        WITH told AS (
            SELECT j.merchant_id, j.subject_id, j.seq, j.act, k.key, j.before ->> k.key AS before,
              lag(k.value) OVER same AS was, row_number() OVER same AS n
            FROM foundation_journalentry j CROSS JOIN LATERAL jsonb_each_text(j.after) AS k
            WHERE j.subject_kind = 'returnrequest' AND k.key = ANY(%(told)s)
            WINDOW same AS (PARTITION BY j.subject_id, k.key ORDER BY j.seq)
        )
        SELECT merchant_id AS merchant, format('%%s#%%s', subject_id, seq) AS place,
          format('%%s: %%s was %%s, the line says %%s', act, key, was, before) AS fault FROM told
        WHERE n > 1 AND CASE WHEN key = ANY(%(moments)s)
          THEN was::timestamptz IS DISTINCT FROM before::timestamptz
          ELSE was IS DISTINCT FROM before END
        """,
    ),
    Invariant(
        "S2",
        "only steps of the procedure change a stage",
        """
        WITH steps AS (
            SELECT s.* FROM json_to_recordset(%(steps)s::json) AS s(at text, act text, leads text)
        )
        SELECT j.merchant_id AS merchant, format('%%s#%%s', j.subject_id, j.seq) AS place,
          format('%%s from %%s to %%s is no step', j.act, j.before ->> 'stage', j.after ->> 'stage') AS fault
        FROM foundation_journalentry j
        WHERE j.subject_kind = 'returnrequest' AND j.seq > 1 AND j.after ? 'stage' AND NOT EXISTS (
            SELECT FROM steps s WHERE s.at = j.before ->> 'stage' AND s.act = j.act
              AND s.leads = j.after ->> 'stage')
        UNION ALL
        SELECT j.merchant_id, format('%%s#%%s', j.subject_id, j.seq),
          format('a case begins at %%s by %%s', j.after ->> 'stage', j.act)
        FROM foundation_journalentry j
        WHERE j.subject_kind = 'returnrequest' AND j.seq = 1
          AND (j.act <> 'CREATE' OR j.after ->> 'stage' IS DISTINCT FROM 'NEW')
        """,
    ),
    Invariant(
        "S3",
        "a closed case stays closed, with an outcome and a moment",
        """
        WITH closed AS (
            SELECT subject_id, min(seq) AS seq FROM foundation_journalentry
            WHERE subject_kind = 'returnrequest' AND after ->> 'stage' = 'CLOSED' GROUP BY subject_id
        )
        SELECT j.merchant_id AS merchant, format('%%s#%%s', j.subject_id, j.seq) AS place,
          format('%%s changed a closed case', j.act) AS fault
        FROM closed c JOIN foundation_journalentry j ON j.subject_id = c.subject_id AND j.seq > c.seq
        WHERE j.after ?| ARRAY['stage', 'outcome', 'closed_at', 'refusal_reason', 'approval', 'pending_press']
        UNION ALL
        SELECT merchant_id, number, format('stage %%s, outcome %%s, closed at %%s', stage, outcome, closed_at)
        FROM returns_returnrequest
        WHERE (stage = 'CLOSED') IS DISTINCT FROM (closed_at IS NOT NULL)
          OR (stage = 'CLOSED') IS DISTINCT FROM (outcome <> '') OR (stage = 'CLOSED' AND pending_press <> '')
        """,
    ),
    Invariant(
        "S4",
        "each journal line carries the hash of the line before it",
        """
        WITH linked AS (
            SELECT merchant_id, subject_id, seq, prev_hash, lag(hash) OVER chain AS before,
              lag(seq) OVER chain AS last
            FROM foundation_journalentry WINDOW chain AS (PARTITION BY subject_id ORDER BY seq)
        )
        SELECT merchant_id AS merchant, format('%%s#%%s', subject_id, seq) AS place,
          'the chain does not hold here' AS fault FROM linked
        WHERE seq <> COALESCE(last, 0) + 1
          OR prev_hash <> COALESCE(before, decode(repeat('00', 32), 'hex'))
        """,
    ),
    Invariant(
        "S4",
        "the program may not change or remove journal lines",
        """
        SELECT NULL::uuid AS merchant, 'foundation_journalentry' AS place,
          format('%%s may %%s', %(app_role)s::text, right_) AS fault
        FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS right_
        WHERE has_table_privilege(%(app_role)s::text, 'foundation_journalentry', right_)
        UNION ALL
        SELECT NULL, 'foundation_journalentry', format('the trigger %%s is off or missing', wanted)
        FROM unnest(ARRAY['append_only', 'append_only_whole']) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'foundation_journalentry'::regclass
          AND tgname = wanted AND tgenabled IN ('O', 'A'))
        """,
    ),
)
