-- Ids are of one kind only.
SELECT EXISTS (SELECT 1 FROM distributors WHERE id = ?1) OR
       EXISTS (SELECT 1 FROM plans WHERE id = ?1) OR
       EXISTS (SELECT 1 FROM communities WHERE id = ?1) OR
       EXISTS (SELECT 1 FROM customers WHERE id = ?1)
