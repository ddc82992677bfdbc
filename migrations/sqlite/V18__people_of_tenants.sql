-- What names somebody's reach is there, whoever writes the account. (That it stays is asked where it is removed: one
-- transaction writes at a time.) An account from before whose tenant is gone stays as it is until it is given another.
CREATE TRIGGER users_begin_with_tenants BEFORE INSERT ON users
BEGIN
    SELECT RAISE(ABORT, 'the distributor is not there')
    WHERE NEW.distributor_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM distributors WHERE id = NEW.distributor_id);
    SELECT RAISE(ABORT, 'the community is not there')
    WHERE NEW.community_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM communities WHERE id = NEW.community_id);
    SELECT RAISE(ABORT, 'the customer is not there')
    WHERE NEW.customer_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM customers WHERE id = NEW.customer_id);
END;

CREATE TRIGGER users_move_to_tenants BEFORE UPDATE ON users
BEGIN
    SELECT RAISE(ABORT, 'the distributor is not there')
    WHERE NEW.distributor_id IS NOT OLD.distributor_id AND NEW.distributor_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM distributors WHERE id = NEW.distributor_id);
    SELECT RAISE(ABORT, 'the community is not there')
    WHERE NEW.community_id IS NOT OLD.community_id AND NEW.community_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM communities WHERE id = NEW.community_id);
    SELECT RAISE(ABORT, 'the customer is not there')
    WHERE NEW.customer_id IS NOT OLD.customer_id AND NEW.customer_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM customers WHERE id = NEW.customer_id);
END;
