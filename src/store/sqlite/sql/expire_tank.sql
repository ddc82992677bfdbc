-- At most ?3 samples of a node that were measured before ?2. What its twin would come back without stays:
-- what came after its snapshot. Late rows, below nought, are in no twin.
DELETE FROM telemetry_tank
WHERE (node, source_at, source) IN (
    SELECT node, source_at, source
    FROM telemetry_tank
    WHERE node = ?1 AND source_at < ?2
      AND revision <= COALESCE((SELECT revision FROM twin_snapshots WHERE node = ?1), -1)
    LIMIT ?3
)
