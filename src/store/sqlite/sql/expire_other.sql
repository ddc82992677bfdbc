-- The values of samples that are gone: those measured before ?2 of which no table has the sample.
DELETE FROM telemetry_other
WHERE node = ?1 AND source_at < ?2
  AND NOT EXISTS (SELECT 1 FROM telemetry_tank t WHERE telemetry_other.kind = 1 AND t.node = telemetry_other.node AND t.source_at = telemetry_other.source_at AND t.source = telemetry_other.source)
  AND NOT EXISTS (SELECT 1 FROM telemetry_flow t WHERE telemetry_other.kind = 2 AND t.node = telemetry_other.node AND t.source_at = telemetry_other.source_at AND t.source = telemetry_other.source)
  AND NOT EXISTS (SELECT 1 FROM telemetry_deep t WHERE telemetry_other.kind = 3 AND t.node = telemetry_other.node AND t.source_at = telemetry_other.source_at AND t.source = telemetry_other.source)
  AND NOT EXISTS (SELECT 1 FROM telemetry_generic t WHERE telemetry_other.kind = 0 AND t.node = telemetry_other.node AND t.source_at = telemetry_other.source_at AND t.source = telemetry_other.source)
