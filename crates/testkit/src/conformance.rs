//! What every engine must do, as tests that any engine can be put through.
//!
//! [`run`] takes an engine through one subject after the other. [`compare`] makes the same random operations on two
//! engines and demands the same answers; with the in-memory engine as one of the two it is the stronger test.
//! Both panic where an engine does something else.

mod accounts;
mod bounds;
mod compare;
mod fixture;
mod keywords;
mod mailboxes;
mod messages;
mod operations;
mod replace;
mod sessions;
mod threads;
mod tombstones;

pub use bounds::six_messages;
pub use compare::compare;
pub use operations::{Operation, random_operations};

use rookery_mailbox::Store;
use std::sync::Arc;

/// Put an engine without accounts through everything.
pub async fn run(store: Arc<dyn Store>) {
    accounts::accounts_come_and_go(&*store).await;
    mailboxes::mailboxes_come_and_go(&*store).await;
    mailboxes::a_deleted_mailbox_never_comes_back(&*store).await;
    mailboxes::a_clock_that_is_far_ahead_uses_up_no_uid_validities(&*store).await;
    mailboxes::renaming_is_all_or_nothing(&*store).await;
    mailboxes::mailboxes_and_subscriptions_are_limited(&*store).await;
    mailboxes::a_mailbox_can_have_an_append_limit_of_its_own(&*store).await;
    mailboxes::subscriptions_live_apart_from_mailboxes(&*store).await;
    messages::appends_are_all_or_nothing(&*store).await;
    messages::flags_change_only_where_they_differ(&*store).await;
    messages::flags_of_changed_messages_are_left_alone(&*store).await;
    messages::changes_that_were_overtaken_are_reported(&*store).await;
    messages::keywords_run_out(&*store).await;
    keywords::keywords_that_no_message_has_make_room(&*store).await;
    keywords::many_keywords_come_at_once(&*store).await;
    keywords::keywords_that_messages_have_make_no_room(&*store).await;
    keywords::keywords_are_taken_over_once(&*store).await;
    messages::copies_share_content(&*store).await;
    messages::moves_leave_nothing_behind(&*store).await;
    messages::expunge_takes_deleted_messages_only(&*store).await;
    replace::a_message_takes_the_place_of_another(&*store).await;
    replace::nothing_is_replaced_unless_all_can_be(&*store).await;
    messages::the_status_is_that_of_the_snapshot(&*store).await;
    messages::recent_is_claimed_once(&*store).await;
    tombstones::the_oldest_expunges_are_forgotten(&*store).await;
    tombstones::what_is_forgotten_is_told_as_what_is_missing(&*store).await;
    tombstones::mailboxes_share_what_an_account_remembers(&*store).await;
    messages::contents_are_exact(&*store).await;
    threads::messages_join_the_first_thread_that_is_known(&*store).await;
    threads::threads_stay_with_copies_and_outlive_messages(&*store).await;
    threads::what_is_refused_begins_no_thread(&*store).await;
    sessions::changes_are_published_before_replies(&*store).await;
    sessions::what_changes_nothing_publishes_nothing(&*store).await;
    sessions::many_tasks_lose_nothing(&*store).await;
    store.close().await.expect("everything that was asked for is done");
}
