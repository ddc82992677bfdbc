DELETE FROM device_keys WHERE node = $1 AND id = $2 RETURNING id
