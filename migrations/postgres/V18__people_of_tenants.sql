-- What names somebody's reach is there for as long as they are, whoever writes either: of two who at once make an account
-- and remove its tenant, one is refused. Accounts from before are not asked: one whose tenant is gone stays as it is until
-- it is given another.
ALTER TABLE users
    ADD CONSTRAINT users_of_distributor FOREIGN KEY (distributor_id) REFERENCES distributors (id) NOT VALID,
    ADD CONSTRAINT users_of_community FOREIGN KEY (community_id) REFERENCES communities (id) NOT VALID,
    ADD CONSTRAINT users_of_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
