//! What every store must do, whatever it is built on: one suite, run against each.
//!
//! A law takes a [`Site`] and may open it more than once. Nothing here names a database.

pub(crate) mod accounts;
pub(crate) mod allowances;
pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod bearers;
pub(crate) mod device_keys;
pub(crate) mod fixtures;
pub(crate) mod history;
pub(crate) mod homes;
pub(crate) mod ip_rules;
pub(crate) mod log;
pub(crate) mod ownership;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod pieces;
pub(crate) mod receipts;
pub(crate) mod registry;
pub(crate) mod rekeying;
pub(crate) mod samples;
pub(crate) mod sealing;
pub(crate) mod seam;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod texts;

use std::sync::Arc;

use evara_actors::ports::{Archive, BoxFuture, Ownership, Registry};
use secrecy::SecretString;

use super::{
    Accounts, AuditLog, ChannelSecrets, DeviceKeys, IpRules, Receipts, Rekeying, SecretBox,
    Sessions, Tenants,
};
use crate::history::Rolling;

/// Where a store lives while it is closed; empty at first.
pub(crate) trait Site: Sync {
    /// Opens the store, and claims it. The one before must be dropped first.
    fn open(&self) -> BoxFuture<'_, Opened>;

    /// The same with [`keys`] of other letters; what is said where it is refused.
    fn open_with<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Opened, String>>;

    /// What is sealed in it, beside whoever has it open.
    fn beside<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Arc<dyn Rekeying>, String>>;
}

/// Keys by a letter each, of which the first seals.
pub(crate) fn keys(letters: &str) -> SecretBox {
    let secret = |letter: char| SecretString::from(letter.to_string().repeat(32));
    let mut secrets = letters.chars().map(secret);
    let current = secrets.next().unwrap();
    SecretBox::with_old(&current, &secrets.collect::<Vec<_>>()).unwrap()
}

/// A store that is open, by its ports.
pub(crate) struct Opened {
    pub(crate) ownership: Arc<dyn Ownership>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) secrets: Arc<dyn ChannelSecrets>,
    pub(crate) rolling: Arc<dyn Rolling>,
    pub(crate) device_keys: Arc<dyn DeviceKeys>,
    pub(crate) ip_rules: Arc<dyn IpRules>,
    pub(crate) receipts: Arc<dyn Receipts>,
    pub(crate) tenants: Arc<dyn Tenants>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: Arc<dyn Sessions>,
}

impl Opened {
    /// A store that implements every port, from now on the owner of what it holds.
    pub(crate) async fn new<S>(store: S) -> Self
    where
        S: Ownership
            + Archive
            + AuditLog
            + Registry
            + ChannelSecrets
            + DeviceKeys
            + IpRules
            + Receipts
            + Accounts
            + Sessions
            + Rolling
            + Tenants
            + 'static,
    {
        let store = Arc::new(store);
        store.claim().await.unwrap();
        Self {
            ownership: Arc::<S>::clone(&store),
            archive: Arc::<S>::clone(&store),
            registry: Arc::<S>::clone(&store),
            rolling: Arc::<S>::clone(&store),
            secrets: Arc::<S>::clone(&store),
            device_keys: Arc::<S>::clone(&store),
            ip_rules: Arc::<S>::clone(&store),
            accounts: Arc::<S>::clone(&store),
            sessions: Arc::<S>::clone(&store),
            receipts: Arc::<S>::clone(&store),
            audit: Arc::<S>::clone(&store),
            tenants: store,
        }
    }
}

/// Makes a test of every law, each with a site of its own. A law that is missing here is dead code.
macro_rules! conformance {
    ($site:expr) => {
        $crate::store::conformance::conformance! { $site;
            audit {
                entries_come_back_as_they_were_written_newest_first,
                entries_are_found_by_all_that_is_asked_for,
                an_act_that_cannot_be_written_down_does_not_happen,
                an_end_that_cannot_be_written_down_does_not_happen,
                writers_at_the_same_time_make_chains_without_a_gap,
                a_chain_that_was_cut_begins_at_the_seal_on_it,
            }
            batches {
                a_batch_repeated_changes_nothing,
                what_is_there_already_stays_as_it_is,
                an_older_snapshot_never_replaces_a_newer_one,
                a_cursor_is_as_it_was_last_written,
                dead_letters_come_newest_first_and_no_more_than_asked_for,
                what_was_committed_is_there_after_reopening,
                writers_at_the_same_time_lose_nothing,
            }
            ownership {
                every_claim_begins_a_later_epoch,
                whoever_claims_again_goes_on_writing,
            }
            samples {
                a_sample_of_any_kind_comes_back_whole,
                extreme_numbers_come_back_to_the_bit,
                every_verdict_comes_back,
                text_of_any_script_comes_back,
                a_sample_without_values_is_a_change,
            }
            history {
                a_node_that_nobody_knows_has_no_history,
                two_sources_at_one_instant_are_both_kept,
                a_span_has_its_first_instant_and_not_its_last,
                pages_neither_skip_nor_cut_nor_repeat_a_sample,
                samples_without_the_metric_do_not_fill_its_pages,
                a_derived_value_is_given_to_those_who_ask_for_it,
                late_rows_are_history,
                a_node_that_changed_its_kind_keeps_both_histories,
            }
            pieces {
                a_pusher_may_speak_of_an_instant_in_pieces,
                pages_never_cut_what_a_pusher_said_of_an_instant,
                what_a_pusher_repeats_beside_something_new_is_told_once,
                the_past_of_an_instant_is_joined_and_what_was_said_first_stays,
            }
            people {
                what_is_done_to_people_is_written_down_or_does_not_happen,
                an_account_and_its_answer_are_kept_together_or_not_at_all,
            }
            allowances {
                of_nodes_that_come_at_once_as_many_are_taken_as_the_plan_allows,
                who_comes_to_a_full_community_is_told_first_that_the_node_is_gone_or_was_changed,
            }
            log {
                samples_and_events_are_one_log_by_revision,
                every_change_reads_back_as_it_was_written,
                after_the_last_revision_that_there_can_be_comes_nothing,
                late_rows_are_in_no_log_and_no_tail,
                a_twin_comes_back_from_its_snapshot_and_what_followed,
                a_twin_without_a_snapshot_comes_back_from_its_whole_log,
                a_tail_is_whole_whenever_its_readings_were_measured,
                twins_are_told_of_the_nodes_that_are_asked_for_and_no_others,
            }
            past {
                samples_come_page_by_page_with_what_was_derived,
                a_commit_marks_the_hours_that_it_touches,
                what_is_committed_while_an_hour_is_worked_out_is_marked_beside,
                a_mark_that_was_taken_and_not_settled_is_given_again,
                a_settled_hour_replaces_what_was_there_and_makes_its_day_due,
                a_rule_marks_all_that_there_is_from_its_beginning_on,
                a_day_has_one_checkpoint_until_its_samples_go,
            }
            sealing {
                nothing_is_sealed_before_it_is_rolled_up,
                each_node_is_sealed_and_emptied_by_itself,
                sealed_samples_go_but_for_those_that_a_twin_comes_back_from,
            }
            seam {
                nobody_can_tell_what_was_rolled_up,
                a_zone_or_a_meter_that_changed_leaves_no_seam,
                what_is_removed_is_still_told_and_nothing_late_undoes_it,
            }
            registry {
                nodes_come_in_the_order_of_creation_and_whole,
                a_key_is_taken_once_in_a_community,
                an_id_is_taken_once,
                an_update_replaces_the_version_before_it_only,
                an_update_cannot_take_the_key_of_another,
                what_is_not_there_is_neither_changed_nor_removed,
                a_removed_node_leaves_its_history_and_no_twin,
                a_node_that_is_added_again_brings_its_twin_back,
                of_two_writers_of_one_version_one_wins,
            }
            device_keys {
                a_key_is_kept_whole_until_it_is_revoked,
                a_device_key_needs_a_node_and_goes_with_it,
                a_node_has_no_more_keys_than_the_limit,
                the_keys_of_a_node_stay_behind_when_it_goes_to_another_community,
                a_key_that_is_made_while_its_node_goes_to_another_community_does_not_go_along,
                the_use_of_a_key_never_moves_back,
            }
            homes {
                an_account_stands_at_what_is_there,
                of_one_who_hangs_something_on_a_tenant_and_one_who_removes_it_one_is_told,
            }
            ip_rules {
                a_rule_is_kept_whole_until_it_is_removed,
                the_same_is_said_of_a_network_once,
            }
            receipts {
                an_answer_is_given_to_the_same_request_and_to_no_other,
                a_request_that_was_begun_is_open_as_of_then_until_it_is_answered,
                the_first_answer_stays,
                a_receipt_counts_for_a_day,
                old_receipts_are_forgotten_a_few_at_a_time,
                a_node_and_its_answer_are_kept_together_or_not_at_all,
                a_change_and_its_answer_are_kept_together_or_not_at_all,
                a_key_and_its_answer_are_kept_together_or_not_at_all,
                of_two_who_begin_a_request_both_see_the_same_beginning,
            }
            accounts {
                an_account_comes_back_whole_by_each_of_its_names,
                an_address_is_taken_once_in_any_case,
                every_role_is_kept_with_its_reach_and_with_no_other,
                of_two_who_change_an_account_at_once_one_is_told,
                of_one_who_changes_an_account_and_one_who_removes_it_one_is_told,
                one_who_runs_the_service_is_always_left,
                who_cannot_sign_in_runs_no_service,
                a_tenant_that_people_stand_at_stays,
            }
            bearers {
                a_bearer_is_known_by_account_and_session,
                a_token_that_was_denied_is_denied_until_it_ends,
                whoever_was_put_out_has_no_session_any_more,
            }
            sessions {
                a_session_goes_on_under_the_newest_token_alone,
                an_older_token_of_any_age_ends_the_family,
                of_two_who_bring_a_token_at_once_exactly_one_is_given_the_next,
                a_sign_in_spends_what_it_takes_and_begins_a_session_or_neither,
                a_session_ends_by_hand_and_by_time,
                sessions_end_when_their_person_is_put_out,
                a_person_keeps_the_newest_sessions_and_no_more,
                what_is_over_is_forgotten_a_few_at_a_time,
            }
            secrets {
                a_read_key_is_kept_for_its_channel_until_replaced,
                nodes_may_have_keys_of_their_own_for_one_channel,
                a_key_needs_a_node,
                a_key_is_forgotten_with_its_node,
                a_key_is_forgotten_with_its_channel,
            }
            rekeying {
                a_new_key_takes_the_place_of_the_one_before,
                a_change_that_is_cut_off_goes_on_where_it_stood,
                nothing_is_sealed_anew_before_a_service_has_the_key,
                what_is_written_meanwhile_stays,
            }
            tenants {
                a_store_begins_with_three_plans_and_nobody,
                a_forest_comes_back_whole,
                a_tenant_hangs_on_what_is_there,
                a_change_replaces_the_version_before_it_only,
                a_plan_has_a_name_of_its_own,
                what_something_hangs_on_stays,
                a_node_belongs_to_what_is_there_and_keeps_it_there,
                a_customer_moves_without_nodes_only,
                of_two_who_add_below_and_remove_one_wins,
                a_tenant_and_its_answer_are_kept_together_or_not_at_all,
            }
            texts {
                whatever_is_written_of_a_node_comes_back_to_the_byte,
                whatever_is_written_of_others_comes_back_to_the_byte,
            }
        }
    };
    ($site:expr; $($module:ident { $($law:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $law() {
                $crate::store::conformance::$module::$law(&$site).await;
            })*
        })*
    };
}
pub(crate) use conformance;
