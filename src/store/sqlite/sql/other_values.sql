-- The values of one sample that have no column, in the sample's order.
SELECT metric, number, raw, verdict
FROM telemetry_other
WHERE node = ?1 AND source_at = ?2 AND source = ?3 AND kind = ?4
ORDER BY position
