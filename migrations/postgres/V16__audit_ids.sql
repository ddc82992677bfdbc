-- An entry's id is bound with what it says, and so is drawn before the entry is written. Whoever may come in may draw
-- one: a gap harms nothing.
CREATE FUNCTION next_audit_id() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT nextval(pg_get_serial_sequence('audit', 'id'))
$$;
