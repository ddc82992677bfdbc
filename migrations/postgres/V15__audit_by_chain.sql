-- What somebody asks of the audit who sees some chains of it, or looks for what was done; the newest first.
CREATE INDEX audit_of_chain ON audit (chain, id DESC);
CREATE INDEX audit_of_action ON audit (action, id DESC);
