//! What of the forest a reach covers, as one number: two who see the same have the same.
//!
//! For whoever must notice that what somebody sees has become another set, without looking at every node.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Forest, Reach};

impl Forest {
    /// Changes whenever a tenant comes into a reach or leaves it; nodes that move between tenants do not
    /// change it.
    pub fn print_of(&self, reach: &Reach) -> u64 {
        let mut print = DefaultHasher::new();
        reach.hash(&mut print);
        if *reach != Reach::All {
            for id in self.communities.keys() {
                if self
                    .place_of_community(*id)
                    .is_some_and(|it| reach.sees(&it))
                {
                    id.hash(&mut print);
                }
            }
            for customer in self.customers.values() {
                if self
                    .place_of_customer(customer.id)
                    .is_some_and(|it| reach.sees(&it))
                {
                    // A customer's nodes are seen while they are in the customer's own community.
                    (customer.id, customer.community).hash(&mut print);
                }
            }
        }
        print.finish()
    }
}
