SELECT drop_telemetry_month(($1::text)::date)
