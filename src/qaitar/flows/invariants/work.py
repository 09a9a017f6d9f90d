"""I, T, J, N: what came in has an outcome, no date passes in silence, no work hangs, nothing is told twice.

Nobody works for a merchant that is switched off (an ended practice, say), so its open cases, effects and intakes wait for
nothing: what promises that work happens in time leaves it out, what promises that rows are sound does not.
"""

from __future__ import annotations

from typing import Final

from qaitar.flows.invariants.invariant import Invariant

INTAKE: Final = (
    Invariant(
        "I1",
        "what was taken in is kept byte for byte",
        """
        SELECT merchant_id AS merchant, id::text AS place, 'the body is not the one acknowledged' AS fault
        FROM foundation_rawintake r WHERE digest <> encode(sha256(body), 'hex')
          AND NOT (octet_length(body) = 0  -- emptied because it named a person who was erased
            AND EXISTS (SELECT FROM foundation_erasedperson p WHERE p.merchant_id = r.merchant_id))
        """,
    ),
    Invariant(
        "I2",
        "what was taken in has exactly one outcome within a quarter of an hour",
        """
        SELECT merchant_id AS merchant, id::text AS place,
          format('%%s since %%s, read at %%s', state, received_at, read_at) AS fault
        FROM foundation_rawintake
        WHERE state NOT IN ('STORED', 'READ', 'DUPLICATE', 'QUARANTINED')
          OR (state = 'STORED' AND received_at < %(now)s::timestamptz - interval '15 minutes'
            AND merchant_id NOT IN (SELECT id FROM foundation_merchantkey WHERE NOT active))
          OR (state = 'STORED') IS DISTINCT FROM (read_at IS NULL)
          OR (state = 'QUARANTINED' AND report = '{}'::jsonb)
        UNION ALL
        SELECT merchant_id, id::text, format('import %%s since %%s', state, started_at)
        FROM orders_importrun WHERE state NOT IN ('RUNNING', 'DONE', 'FAILED')
        """,
    ),
    Invariant(
        "I3",
        "every proof has its file",
        """
        SELECT e.merchant_id AS merchant, e.id::text AS place,
          format('%%s of %%s points to a file that is not there', e.kind, e.request_id) AS fault
        FROM returns_evidence e LEFT JOIN foundation_storedfile f
          ON f.id = e.file_id AND f.merchant_id = e.merchant_id
        WHERE f.sha256 IS DISTINCT FROM e.file_sha256
        """,
    ),
)

TIME: Final = (
    Invariant(
        "T1",
        "every open case has a control date, a rule, and a guard that looks in time",
        """
        SELECT merchant_id AS merchant, number AS place,
          format('%%s: control date %%s (%%s), the guard looks at %%s', stage, control_at, control_rule,
            guard_next_at) AS fault
        FROM returns_returnrequest
        WHERE stage <> 'CLOSED' AND merchant_id NOT IN (SELECT id FROM foundation_merchantkey WHERE NOT active) AND (
          control_at IS NULL OR control_rule = '' OR guard_next_at IS NULL
          OR guard_next_at < %(now)s::timestamptz - interval '5 minutes'
          OR (control_at >= %(now)s::timestamptz AND guard_next_at > control_at + interval '1 minute'))
        """,
    ),
    Invariant(
        "T1",
        "a counted control date is one of the stage the case is at",
        """
        WITH counted AS (
            SELECT c.* FROM json_to_recordset(%(counted)s::json) AS c(rule text, stage text)
        )
        SELECT merchant_id AS merchant, number AS place,
          format('%%s of %%s at %%s', control_rule, control_at, stage) AS fault
        FROM returns_returnrequest r
        WHERE stage <> 'CLOSED' AND r.merchant_id NOT IN (SELECT id FROM foundation_merchantkey WHERE NOT active)
          AND control_rule IN (SELECT rule FROM counted)
          AND NOT EXISTS (SELECT FROM counted c WHERE c.rule = r.control_rule AND c.stage = r.stage)
        """,
    ),
    Invariant(
        "T1",
        "an open case past its control date was written down as missed",
        """
        SELECT merchant_id AS merchant, number AS place,
          format('%%s: control date %%s (%%s) has passed, raised: %%s', stage, control_at, control_rule,
            COALESCE(NULLIF(alert_level, ''), 'nothing')) AS fault
        FROM returns_returnrequest
        WHERE stage <> 'CLOSED' AND merchant_id NOT IN (SELECT id FROM foundation_merchantkey WHERE NOT active)
          AND control_at < %(now)s::timestamptz - interval '5 minutes'
          AND alert_level <> 'MISSED' AND NOT (control_rule = 'REFILE_WINDOW' AND alert_level = 'WINDOW_OVER')
        """,
    ),
    Invariant(
        "T1",
        "no control date of the past went by in silence",
        """
        WITH dates AS (
            SELECT merchant_id, subject_id, seq, at, after, count(after ->> 'control_rule') OVER so_far AS ruled
            FROM foundation_journalentry
            WHERE subject_kind = 'returnrequest' AND after ?| ARRAY['control_at', 'control_rule']
            WINDOW so_far AS (PARTITION BY subject_id ORDER BY seq)
        ), spans AS (
            SELECT merchant_id, subject_id, seq, at, (after ->> 'control_at')::timestamptz AS due,
              max(after ->> 'control_rule') OVER (PARTITION BY subject_id, ruled) AS rule,
              lead(at) OVER in_turn AS until, lead(seq) OVER in_turn AS until_seq
            FROM dates WINDOW in_turn AS (PARTITION BY subject_id ORDER BY seq)
        )
        SELECT s.merchant_id AS merchant, format('%%s#%%s', s.subject_id, s.seq) AS place,
          format('%%s of %%s stood until %%s and the guard said nothing', s.rule, s.due, s.until) AS fault
        FROM spans s
        WHERE s.due IS NOT NULL AND s.due > s.at AND s.rule <> 'REFILE_WINDOW' AND s.until > s.due + interval '5 minutes'
          AND NOT EXISTS (SELECT FROM foundation_journalentry g WHERE g.subject_id = s.subject_id
            AND g.seq > s.seq AND g.seq <= s.until_seq AND g.channel = 'guard')
        """,
    ),
)

WORK: Final = (
    Invariant(
        "J1",
        "no job is left with a worker that is gone",
        """
        SELECT NULL::uuid AS merchant, format('job %%s', j.id) AS place,
          format('%%s is being done by nobody', j.task_name) AS fault
        FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
        WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < %(now)s::timestamptz - interval '2 minutes')
        """,
    ),
    Invariant(
        "J1",
        "no job waits longer than a quarter of an hour",
        """
        SELECT NULL::uuid AS merchant, format('job %%s', j.id) AS place,
          format('%%s has waited since %%s', j.task_name, COALESCE(j.scheduled_at, e.at)) AS fault
        FROM procrastinate_jobs j CROSS JOIN LATERAL (
            SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id) e
        WHERE j.status = 'todo' AND COALESCE(j.scheduled_at, e.at) < %(now)s::timestamptz - interval '15 minutes'
        """,
    ),
    Invariant(
        "J1",
        "no outside effect that is due lies untouched",
        """
        SELECT merchant_id AS merchant, id::text AS place,
          format('%%s of %%s is %%s and was due at %%s', kind, subject_id, state, next_at) AS fault
        FROM foundation_plannedeffect
        WHERE state IN ('PLANNED', 'SENDING', 'UNKNOWN') AND merchant_id NOT IN (SELECT id FROM foundation_merchantkey WHERE NOT active)
          AND next_at < %(now)s::timestamptz - interval '15 minutes'
        """,
    ),
    Invariant(
        "J1",
        "an outside effect stands in a known state with what belongs to it",
        """
        SELECT merchant_id AS merchant, id::text AS place,
          format('%%s: %%s, settled at %%s, tries %%s', kind, state, settled_at, attempts) AS fault
        FROM foundation_plannedeffect
        WHERE NOT state = ANY(%(effect_states)s)
          OR (state IN ('PLANNED', 'SENDING', 'UNKNOWN')) IS DISTINCT FROM (settled_at IS NULL)
          OR (state IN ('SENDING', 'UNKNOWN') AND (attempts = 0 OR sending_at IS NULL))
        """,
    ),
    Invariant(
        "N1",
        "one step plans one effect of a kind, and no two effects share what they made outside",
        """
        SELECT merchant_id AS merchant, format('%%s of %%s', kind, subject_id) AS place,
          format('planned %%s times by line %%s', count(*), ordinal) AS fault
        FROM foundation_plannedeffect GROUP BY merchant_id, subject_id, kind, ordinal HAVING count(*) > 1
        UNION ALL
        SELECT merchant_id, format('reference %%s', reference), format('made by %%s effects', count(*))
        FROM foundation_plannedeffect
        WHERE kind IN ('OPEN_TICKET', 'ASK_SERVICE_CENTRE', 'ASK_REOPEN', 'CREATE_RETURN_ORDER')
          AND reference <> '' AND state = 'DONE'
        GROUP BY merchant_id, CASE WHEN kind = 'CREATE_RETURN_ORDER' THEN 1 ELSE 2 END, reference
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "N1",
        "an outside effect was planned by a line that plans it",
        """
        WITH plans AS (
            SELECT p.* FROM json_to_recordset(%(plans)s::json) AS p(act text, kind text)
        )
        SELECT e.merchant_id AS merchant, e.id::text AS place,
          format('%%s of %%s by line %%s, which is %%s', e.kind, e.subject_id, e.ordinal, j.act) AS fault
        FROM foundation_plannedeffect e JOIN foundation_journalentry j
          ON j.subject_id = e.subject_id AND j.seq = e.ordinal
        WHERE NOT EXISTS (SELECT FROM plans p WHERE p.act = j.act AND p.kind = e.kind)
        """,
    ),
    Invariant(
        "N1",
        "an event is on its way to an endpoint once, and tells what happened",
        """
        SELECT merchant_id AS merchant, entry_id::text AS place,
          format('%%s deliveries to endpoint %%s', count(*), endpoint_id) AS fault
        FROM foundation_webhookdelivery GROUP BY merchant_id, endpoint_id, entry_id HAVING count(*) > 1
        UNION ALL
        SELECT d.merchant_id, d.id::text, format('tells of line %%s, which is not there', d.entry_id)
        FROM foundation_webhookdelivery d LEFT JOIN foundation_journalentry j ON j.id = d.entry_id
        WHERE j.id IS NULL OR j.merchant_id <> d.merchant_id
        UNION ALL
        SELECT merchant_id, id::text, format('%%s, settled at %%s', state, settled_at)
        FROM foundation_webhookdelivery
        WHERE state NOT IN ('PLANNED', 'WAITING', 'SKIPPED', 'DELIVERED', 'GAVE_UP')
          OR (state IN ('PLANNED', 'WAITING')) IS DISTINCT FROM (settled_at IS NULL)
        UNION ALL
        -- Lines of a case are written one after the other, so from the first one planned for an endpoint on none is missing.
        SELECT j.merchant_id, j.id::text, format('line %%s of %%s has no delivery to endpoint %%s', j.seq, j.subject_id, f.endpoint_id)
        FROM (SELECT d.endpoint_id, l.subject_id, min(l.seq) AS seq FROM foundation_webhookdelivery d
            JOIN foundation_journalentry l ON l.id = d.entry_id GROUP BY d.endpoint_id, l.subject_id) f
        JOIN foundation_journalentry j ON j.subject_id = f.subject_id AND j.seq > f.seq
        WHERE NOT EXISTS (SELECT FROM foundation_webhookdelivery d WHERE d.endpoint_id = f.endpoint_id AND d.entry_id = j.id)
        UNION ALL
        -- A case filed a day and more after the endpoint was made has one for its first line; a day is more than clocks differ.
        SELECT j.merchant_id, j.id::text, format('no line of %%s has a delivery to endpoint %%s', j.subject_id, e.id)
        FROM foundation_webhookendpoint e JOIN foundation_journalentry j ON j.merchant_id = e.merchant_id
          AND j.subject_kind = 'returnrequest' AND j.seq = 1 AND j.at > e.created_at + interval '1 day'
        WHERE NOT EXISTS (SELECT FROM foundation_webhookdelivery d WHERE d.endpoint_id = e.id AND d.entry_id = j.id)
        """,
    ),
)
