SELECT make_telemetry_month(($1::text)::date)
