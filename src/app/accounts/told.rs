//! What is written down of what is done to accounts: what they may and how they sign in, and no secret.

use serde_json::{Value, json};

use super::{Account, Accounts};
use crate::access::Reach;
use crate::app::audit::{Chain, Fact, Witness, chain_of_reach};
use crate::store::Act;

impl Accounts {
    /// What goes with a change of an account: in the chain that it stands in; where it moves,
    /// in both, and in each what it was or is there.
    pub(super) fn act(
        &self,
        action: &'static str,
        witness: &Witness,
        before: Option<&Account>,
        after: Option<&Account>,
    ) -> Act {
        let id = after.or(before).map(|account| account.id.0);
        let fact = Fact::new(action, format!("user/{}", id.unwrap_or_default()));
        let chain = |account: &Account| self.chain(&account.reach);
        let fact = fact.moving(before.map(chain), after.map(chain));
        let [before, after] = [before, after].map(|account| account.map(told));
        witness.act(fact.turning(before.as_ref(), after.as_ref()))
    }

    /// An act in the chain of somebody of this reach.
    pub(super) fn fact(&self, action: &'static str, target: String, reach: &Reach) -> Fact {
        Fact::new(action, target).of([self.chain(reach)])
    }

    fn chain(&self, reach: &Reach) -> Chain {
        chain_of_reach(reach, &self.0.tenancy.forest())
    }
}

fn told(account: &Account) -> Value {
    let tenants = account.reach.tenants();
    let is_confirmed = account.authenticator.as_ref().map(|it| it.is_confirmed);
    json!({
        "email": account.email.as_str(),
        "name": account.name,
        "role": account.role.name(),
        "distributor_id": tenants.distributor,
        "region": tenants.region,
        "community_id": tenants.community,
        "customer_id": tenants.customer,
        "has_password": account.password.is_some(),
        "must_change_password": account.must_change_password,
        "has_authenticator": is_confirmed.unwrap_or(false),
        "external_id": account.external,
        "valid_from": account.valid_from.to_string(),
        "disabled_at": account.disabled_at.map(|at| at.to_string()),
    })
}
