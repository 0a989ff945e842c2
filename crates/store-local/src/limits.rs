//! Every bound of the embedded engine, by name.

/// Octets after which the log goes on in a new segment. Large enough that a file per segment stays
/// few files, small enough that giving space back rewrites little. Tuning.
pub const SEGMENT_OCTETS: u64 = 64 << 20;

/// The largest segment, in octets: where a frame begins is counted in units of 8 octets, in 32 bits. What is larger is damaged, and
/// is not read whole to find that out.
/// Held by `a_file_that_is_too_large_is_damaged`.
pub const MAX_SEGMENT_OCTETS: u64 = 8 << 32;

/// Octets behind damage in which the next frame is looked for: more than the largest message takes.
/// Held by `a_file_that_is_too_large_is_damaged`.
pub const MAX_SKIPPED_OCTETS: u64 = MAX_MESSAGE_OCTETS + SEGMENT_OCTETS;

/// How many times its length of a segment is read again because frames may lie where something that is damaged should be. Each octet
/// that has gone costs as many octets as it took away from the length of a message, so that a segment may have lost a great deal in many places.
/// Held by `what_pretends_to_be_damaged_is_read_so_often`.
pub const MAX_REREADINGS: u64 = 8;

/// The largest file of an index snapshot, in octets: a mailbox of thirteen million messages. What would be larger is not written, and
/// the account is read from its log; what is larger is not read.
/// Held by `a_file_that_is_too_large_is_damaged`.
pub const MAX_INDEX_OCTETS: u64 = 1 << 30;

/// The most messages that an account can be let have: where all of them are in one mailbox, its index snapshot can still be written.
/// Held by the compiler, `the_messages_of_an_account_have_their_bounds`.
pub const MAX_MESSAGES: u64 = 13_000_000;

/// Octets of an incoming message that are held in memory; what is longer waits in a file.
/// Held by `of_a_message_that_comes_in_so_much_is_in_memory`.
pub const SPOOL_MEMORY: usize = 64 << 10;

/// The largest message, in octets.
/// Held by `a_message_has_a_size`.
pub const MAX_MESSAGE_OCTETS: u64 = 1 << 30;

/// The longest summary of a message, in octets.
/// Held by `a_summary_has_a_size`.
pub const MAX_SUMMARY_OCTETS: usize = 16 << 20;

/// Octets that are copied at once from a spooled file into the log. Tuning.
pub const COPY_OCTETS: usize = 256 << 10;

/// Octets of the log that recovery reads at once when it checks a body. Tuning.
pub const CHECK_OCTETS: usize = 256 << 10;

/// Octets that a disk reads, or cannot read, together: a page of memory. Tuning.
pub const DISK_READ_OCTETS: u64 = 4096;

/// How long an account that the disk could not read whole is served as far as it could, before opening it tries again.
/// Tuning.
pub const REREAD_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// How long after writing or syncing failed the server waits before it sees whether it can go on: until then changes are refused.
/// Tuning.
pub const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// Changes that wait for one account's log; who comes later waits to be let into the queue. Tuning.
pub const MAX_QUEUED_CHANGES: usize = 1024;

/// Octets of changes that need no sync of their own, and are kept until the next one. Tuning.
pub const MAX_UNSYNCED_OCTETS: usize = 64 << 10;

/// Changes that share one write and one sync. Tuning.
pub const MAX_BATCH_CHANGES: usize = 256;

/// Octets after which a batch takes no further change; one change may be larger. Tuning.
pub const MAX_BATCH_OCTETS: u64 = 16 << 20;

/// Accounts whose logs are written and synced at the same time, each on a thread that mostly waits
/// for the disk. Tuning.
pub const MAX_CONCURRENT_COMMITS: usize = 64;

/// Reads of content and summaries at the same time, over all accounts. Tuning.
pub const MAX_CONCURRENT_READS: usize = 64;

/// Messages that come in and are written to their files at the same time, over all accounts; each has its file open meanwhile.
/// Tuning.
pub const MAX_CONCURRENT_SPOOLS: usize = 64;

/// Segment files that one account keeps open for reading, besides the one that it is written to.
/// Held by `an_account_has_so_many_segments_open`.
pub const MAX_OPEN_SEGMENTS: usize = 8;

/// The same, all accounts of a store together. For one more, one goes that nobody has read for a while, of whichever account.
/// Held by `all_accounts_together_have_so_many_segments_open`.
pub const MAX_OPEN_SEGMENTS_IN_ALL: usize = 512;

/// Times that content is looked up again because its segment was written anew in the meantime. Tuning.
pub const MAX_LOOKUPS: usize = 100;

/// Large messages of an open account that are known to have their checksums; to know more, all are forgotten.
/// Held by `so_many_large_messages_are_known_to_be_whole`.
pub const MAX_KNOWN_WHOLE: usize = 1024;

/// Segments missing in a row that a check names one by one.
/// Held by `behind_the_last_number_no_segment_is_begun`.
pub const MAX_MISSING_NAMED: u32 = 100;

/// Octets that are read at first to get a summary; nearly all are shorter, so one read is enough. Tuning.
pub const SUMMARY_READ_OCTETS: usize = 2 << 10;

/// Octets of a message that are read together with what stands before them in the log: one read is cheaper than two.
/// Tuning.
pub const CONTENT_READ_OCTETS: usize = 64 << 10;

/// The share of a segment that must be dead before it is written anew: together with the metadata that stays, the
/// disk holds less than one and a half times what is alive.
/// Held by `dead_content_goes_and_nothing_else_changes`.
pub const COMPACTION_DEAD_PERCENT: u64 = 25;

/// Octets that must have died in an account, or have been written of other changes than new messages, before somebody looks for
/// a segment to write anew. Tuning.
pub const COMPACTION_DIED_OCTETS: u64 = 8 << 20;

/// Octets that must have died for that on a disk that is short of space. If they are in the last segment, it is ended for it.
/// Tuning.
pub const SHORT_DIED_OCTETS: u64 = 64 << 10;

/// Octets of other changes than new messages for which the last segment is ended on a disk that is short of space: most of them may
/// be pointless by now.
/// Held by `pointless_changes_go_soon_when_the_disk_is_short_of_space`.
pub const SHORT_METADATA_OCTETS: u64 = 1 << 20;

/// Runs of messages of a segment of which it is remembered at once what happens to their flags, while it is looked for changes of which
/// nothing is left: some 30 MiB, once in the whole server. What comes before more of them stays in the segment.
/// Held by `no_more_is_remembered_of_a_segment_than_there_is_room_for`.
pub const MAX_SQUEEZED_SPANS: usize = 1 << 19;

/// Times that such a run is looked at for one segment: a second's work, or a few.
/// Held by `no_more_is_remembered_of_a_segment_than_there_is_room_for`.
pub const MAX_SQUEEZE_STEPS: usize = 1 << 26;

/// Octets in a second that are read and written to give space back, together: others need the disk as well.
/// Held by `giving_space_back_leaves_others_the_disk`.
pub const COMPACTION_OCTETS_PER_SECOND: u64 = 128 << 20;

/// Octets of a disk that are kept from mail: enough to write a segment anew, and for a great many changes of flags and removals.
/// Held by `so_much_of_a_disk_is_kept_from_mail`.
pub const RESERVED_OCTETS: u64 = SEGMENT_OCTETS;

/// Of a small disk only this share, one in so many, is kept from mail.
/// Held by `so_much_of_a_disk_is_kept_from_mail`, `what_is_left_of_a_full_disk_is_not_for_mail`.
pub const RESERVED_SHARE: u64 = 16;

/// Octets by which the log grows before index snapshots are rewritten. Recovery reads this much. Tuning.
pub const INDEX_LOG_OCTETS: u64 = 16 << 20;

/// The log also grows by this many times the size of the last index snapshots before they are
/// rewritten, so that large mailboxes do not turn small changes into large writes. Tuning.
pub const INDEX_GROWTH: u64 = 2;

/// Torn ends of its log that are kept of an account: enough to see a pattern in.
/// Held by `what_is_cut_is_kept_within_bounds`.
pub const MAX_KEPT_CUTS: usize = 8;

/// Octets that are kept of a torn end: more than enough for all but large messages.
/// Held by `what_is_cut_is_kept_within_bounds`.
pub const MAX_KEPT_CUT_OCTETS: usize = 1 << 20;

/// Accounts that stay loaded though nobody has them: each mail comes in a session of its own. Each costs
/// memory by its messages and keeps one file open.
/// Held by `accounts_that_nobody_has_are_unloaded_in_the_end`.
pub const MAX_IDLE_ACCOUNTS: usize = 64;

/// How long such an account stays, if others are loaded meanwhile. Tuning.
pub const KEPT_IDLE: std::time::Duration = std::time::Duration::from_secs(600);

/// Octets of the log that are in no index snapshot, from which on one is written when an account is let go
/// of: to read less is cheaper than the syncs and the rewriting of a mailbox's snapshot. Tuning.
pub const UNLOAD_INDEX_OCTETS: u64 = 256 << 10;

/// Accounts that are loaded at the same time: each reads its index snapshots whole and then the log. Tuning.
pub const MAX_CONCURRENT_LOADS: usize = 8;

/// The longest file name that an account's name may become, in octets.
/// Held by `names_that_could_leave_the_directory_cannot`, `names_of_accounts_are_names_only`.
pub const MAX_ACCOUNT_FILE_NAME: usize = 240;

/// Findings that a check of an account reports one by one; of a disk that far gone, more say nothing more.
/// Held by `so_many_findings_are_listed_and_the_others_counted`.
pub const MAX_FINDINGS: usize = 200;

/// Mailboxes that a finding names.
/// Held by `some_are_named_and_the_others_counted`.
pub const MAX_SHOWN_MAILBOXES: usize = 10;

/// Ranges of UIDs that a finding names for each mailbox.
/// Held by `some_are_named_and_the_others_counted`.
pub const MAX_SHOWN_UIDS: usize = 20;

/// Octets in which a check looks for a single bit that is another one than was written. What is damaged otherwise looks
/// like that by chance once in four thousand times if it has so many octets, and more rarely if it has fewer. Tuning.
pub const MAX_TURNED_OCTETS: usize = 128 << 10;

/// Contents that may be missing between two that can be read, where what can be read of a log is put together. Many segments of
/// the smallest messages have so many; that many places take 256 MiB of memory.
/// Held by `an_id_that_is_far_from_all_others_is_not_believed`.
pub const MAX_SKIPPED_CONTENTS: u64 = 1 << 24;

/// The largest modification sequence as of which an account takes changes: a batch of them, and what a repair leaves out, must have
/// room behind it.
/// Held by `an_account_without_modification_sequences_refuses_changes`.
pub const MAX_MODSEQ: u64 = (1 << 63) - 1 - 2 * SALVAGE_MARGIN;

/// What a repair leaves out of each kind of number (UIDs, modification sequences, ids of mailboxes and messages, changes),
/// for those that the missing part of a log may have given away: more than changes fit into what the disk can lose at once.
/// Held by `without_its_last_segment_an_account_is_what_its_index_snapshots_know`.
pub const SALVAGE_MARGIN: u64 = 1 << 16;

/// How far ahead of the clock a guess lies of the largest UIDVALIDITY that was given, in seconds: a month, that is as many mailboxes which
/// were made faster than seconds pass.
/// Held by `a_uid_validity_that_is_forgotten_is_not_given_twice`.
pub(crate) const UID_VALIDITY_MARGIN: u32 = 30 * 24 * 60 * 60;
