//! Laws of the rules about addresses: kept whole, and said once.

use uuid::Uuid;

use super::fixtures::at;
use super::{Opened, Site};
use crate::address::{Action, Rule};
use crate::store::{Act, IpRulesError};

fn rule(id: u8, network: &str, action: Action) -> Rule {
    Rule {
        id: Uuid::from_u128(id.into()),
        network: network.parse().unwrap(),
        action,
        note: (id % 2 == 1).then(|| "कार्यालय № 7".to_owned()),
        created_at: at(id.into()),
    }
}

pub(crate) async fn a_rule_is_kept_whole_until_it_is_removed(site: &dyn Site) {
    let all = [
        rule(1, "10.0.0.0/8", Action::Allow),
        rule(2, "2001:db8::/32", Action::Deny),
        rule(3, "::102:304", Action::Deny),
    ];
    {
        let Opened { ip_rules, .. } = site.open().await;
        for rule in all.iter().rev() {
            ip_rules
                .insert_ip_rule(rule.clone(), Act::default())
                .await
                .unwrap();
        }
    }
    let Opened { ip_rules, .. } = site.open().await;
    assert_eq!(ip_rules.ip_rules().await.unwrap(), all);
    ip_rules
        .remove_ip_rule(all[1].id, Act::default())
        .await
        .unwrap();
    let again = ip_rules.remove_ip_rule(all[1].id, Act::default()).await;
    assert!(matches!(again, Err(IpRulesError::NotFound)));
    let left = ip_rules.ip_rules().await.unwrap();
    assert_eq!(left, [all[0].clone(), all[2].clone()]);
}

pub(crate) async fn the_same_is_said_of_a_network_once(site: &dyn Site) {
    let Opened { ip_rules, .. } = site.open().await;
    let first = rule(1, "10.0.0.0/8", Action::Allow);
    ip_rules
        .insert_ip_rule(first.clone(), Act::default())
        .await
        .unwrap();
    let again = ip_rules.insert_ip_rule(rule(2, "10.0.0.0/8", Action::Allow), Act::default());
    assert!(matches!(again.await, Err(IpRulesError::Taken)));
    let denied = rule(3, "10.0.0.0/8", Action::Deny);
    ip_rules
        .insert_ip_rule(denied.clone(), Act::default())
        .await
        .unwrap();
    assert_eq!(ip_rules.ip_rules().await.unwrap(), [first, denied]);
}
