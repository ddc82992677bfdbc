-- Whether the password was made for somebody rather than by them: it opens nothing but its own change.
ALTER TABLE users ADD COLUMN must_change_password boolean NOT NULL DEFAULT false;
