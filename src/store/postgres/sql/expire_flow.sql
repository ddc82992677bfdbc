-- At most $3 samples of a node that were measured before $2, with their other values. What its twin would
-- come back without stays: what came after its snapshot. Late rows, below nought, are in no twin.
WITH wanted AS (
    SELECT source_at, source
    FROM telemetry_flow
    WHERE node = $1 AND source_at < $2
      AND revision <= COALESCE((SELECT revision FROM twin_snapshots WHERE node = $1), -1)
    LIMIT $3
), gone AS (
    DELETE FROM telemetry_flow
    USING wanted
    WHERE telemetry_flow.node = $1
      AND telemetry_flow.source_at = wanted.source_at AND telemetry_flow.source = wanted.source
    RETURNING telemetry_flow.source_at, telemetry_flow.source
), others AS (
    DELETE FROM telemetry_other
    USING gone
    WHERE telemetry_other.node = $1 AND telemetry_other.kind = 2
      AND telemetry_other.source_at = gone.source_at AND telemetry_other.source = gone.source
)
SELECT count(*) FROM gone
