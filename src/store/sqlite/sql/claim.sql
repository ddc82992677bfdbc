UPDATE ownership
SET epoch = epoch + 1
RETURNING epoch
