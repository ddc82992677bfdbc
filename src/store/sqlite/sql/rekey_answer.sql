UPDATE receipts
SET answer = ?4
-- What was changed meanwhile stays.
WHERE caller = ?1 AND name = ?2 AND answer = ?3
