//! The types of callbacks and events that the platform is known to send, and the search for a misspelt one.

use crate::ids::EventType;

impl EventType {
    /// The types that the platform is known to send, in alphabetical order. It adds new ones at any time, so a type that
    /// is missing here may still exist.
    pub const KNOWN: &'static [&'static str] = KNOWN;

    /// The known type of which this one is a likely misspelling. `None` for a known type, for one that is not similar to
    /// any, and for another version (`_v2`) of a known one.
    ///
    /// ```
    /// use feishu_callbacks::EventType;
    /// assert_eq!(EventType::from("card.action.triger").closest(), Some("card.action.trigger"));
    /// assert_eq!(EventType::from("im.message.receive_v1").closest(), None);
    /// assert_eq!(EventType::from("im.message.receive_v2").closest(), None);
    /// ```
    pub fn closest(&self) -> Option<&'static str> {
        let name = self.as_str();
        if KNOWN.binary_search(&name).is_ok() {
            return None;
        }
        let close = KNOWN.iter().filter_map(|known| {
            let most = if known.len() < SHORT { 1 } else { 2 };
            let near = distance(name.as_bytes(), known.as_bytes(), most)?;
            (without_version(name) != without_version(known)).then_some((near, *known))
        });
        close.min().map(|(_, known)| known)
    }
}

/// Shorter names than this may differ in one letter only: two of eight letters are another word.
const SHORT: usize = 12;

/// `im.message.receive` of `im.message.receive_v1`; the whole name where it has no version.
fn without_version(name: &str) -> &str {
    match name.rsplit_once("_v") {
        Some((stem, version)) if !version.is_empty() && version.bytes().all(|it| it.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// The edit distance of two names; `None` if it is greater than `most`.
fn distance(left: &[u8], right: &[u8], most: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    // One row of the usual table: the distances of the beginnings of `right` from what was read of `left`.
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (read, letter) in left.iter().enumerate() {
        let mut diagonal = read;
        let mut before = read + 1;
        for (slot, other) in row.iter_mut().zip(std::iter::once(None).chain(right.iter().map(Some))) {
            let above = *slot;
            if let Some(other) = other {
                let replaced = diagonal + usize::from(letter != other);
                *slot = replaced.min(above + 1).min(before + 1);
            } else {
                *slot = read + 1;
            }
            diagonal = above;
            before = *slot;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// Sorted, for the binary search.
const KNOWN: &[&str] = &[
    "acs.access_record.created_v1",
    "acs.user.updated_v1",
    "add_bot",
    "add_user_to_chat",
    "app_open",
    "app_status_change",
    "app_ticket",
    "app_uninstalled",
    "application.application.app_version.audit_v6",
    "application.application.app_version.publish_apply_v6",
    "application.application.app_version.publish_revoke_v6",
    "application.application.created_v6",
    "application.application.feedback.created_v6",
    "application.application.feedback.updated_v6",
    "application.application.visibility.added_v6",
    "application.bot.menu_v6",
    "approval.approval.updated_v4",
    "approval.instance.status_changed_v4",
    "approval.task.status_changed_v4",
    "auth.user_access_token.revoked_v4",
    "calendar.calendar.acl.created_v4",
    "calendar.calendar.acl.deleted_v4",
    "calendar.calendar.changed_v4",
    "calendar.calendar.event.changed_v4",
    "card.action.trigger",
    "card.action.trigger_v1",
    "chat_disband",
    "compensation.archive.changed_v1",
    "contact.custom_attr_event.updated_v3",
    "contact.department.created_v3",
    "contact.department.deleted_v3",
    "contact.department.updated_v3",
    "contact.employee_type_enum.actived_v3",
    "contact.employee_type_enum.created_v3",
    "contact.employee_type_enum.deactivated_v3",
    "contact.employee_type_enum.deleted_v3",
    "contact.employee_type_enum.updated_v3",
    "contact.scope.updated_v3",
    "contact.user.created_v3",
    "contact.user.deleted_v3",
    "contact.user.updated_v3",
    "contact_scope_change",
    "corehr.approval_groups.updated_v2",
    "corehr.common_data.id.user_mapping_changed_v1",
    "corehr.common_data.meta_data.updated_v1",
    "corehr.company.created_v2",
    "corehr.company.deleted_v2",
    "corehr.company.updated_v2",
    "corehr.contract.created_v1",
    "corehr.contract.deleted_v1",
    "corehr.contract.updated_v1",
    "corehr.cost_center.created_v2",
    "corehr.cost_center.deleted_v2",
    "corehr.cost_center.updated_v2",
    "corehr.custom_org.created_v2",
    "corehr.custom_org.deleted_v2",
    "corehr.custom_org.updated_v2",
    "corehr.department.created_v1",
    "corehr.department.created_v2",
    "corehr.department.deleted_v1",
    "corehr.department.updated_v1",
    "corehr.department.updated_v2",
    "corehr.employee.domain_event_v2",
    "corehr.employment.converted_v1",
    "corehr.employment.created_v1",
    "corehr.employment.deleted_v1",
    "corehr.employment.resigned_v1",
    "corehr.employment.updated_v1",
    "corehr.job.created_v1",
    "corehr.job.deleted_v1",
    "corehr.job.updated_v1",
    "corehr.job_change.status_updated_v2",
    "corehr.job_change.updated_v1",
    "corehr.job_change.updated_v2",
    "corehr.job_data.changed_v1",
    "corehr.job_data.created_v1",
    "corehr.job_data.deleted_v1",
    "corehr.job_data.employed_v1",
    "corehr.job_data.updated_v1",
    "corehr.job_family.created_v2",
    "corehr.job_family.deleted_v2",
    "corehr.job_family.updated_v2",
    "corehr.job_grade.created_v2",
    "corehr.job_grade.deleted_v2",
    "corehr.job_grade.updated_v2",
    "corehr.job_level.created_v2",
    "corehr.job_level.deleted_v2",
    "corehr.job_level.updated_v2",
    "corehr.location.created_v2",
    "corehr.location.deleted_v2",
    "corehr.location.updated_v2",
    "corehr.offboarding.checklist_updated_v2",
    "corehr.offboarding.status_updated_v2",
    "corehr.offboarding.updated_v1",
    "corehr.offboarding.updated_v2",
    "corehr.org_role_authorization.updated_v1",
    "corehr.pathway.created_v2",
    "corehr.pathway.deleted_v2",
    "corehr.pathway.updated_v2",
    "corehr.person.created_v1",
    "corehr.person.deleted_v1",
    "corehr.person.updated_v1",
    "corehr.position.created_v2",
    "corehr.position.deleted_v2",
    "corehr.position.updated_v2",
    "corehr.pre_hire.onboarding_task_changed_v2",
    "corehr.pre_hire.updated_v1",
    "corehr.probation.updated_v2",
    "corehr.process.approver.updated_v2",
    "corehr.process.cc.updated_v2",
    "corehr.process.node.updated_v2",
    "corehr.process.status.update_v2",
    "corehr.process.updated_v2",
    "corehr.process_comment_info.updated_v2",
    "corehr.signature_file.status_updated_v2",
    "dept_add",
    "dept_delete",
    "dept_update",
    "drive.file.bitable_field_changed_v1",
    "drive.file.bitable_record_changed_v1",
    "drive.file.created_in_folder_v1",
    "drive.file.deleted_v1",
    "drive.file.edit_v1",
    "drive.file.permission_member_added_v1",
    "drive.file.permission_member_applied_v1",
    "drive.file.permission_member_removed_v1",
    "drive.file.read_v1",
    "drive.file.title_updated_v1",
    "drive.file.trashed_v1",
    "drive.notice.comment_add_v1",
    "elearning.course_registration.created_v2",
    "elearning.course_registration.deleted_v2",
    "elearning.course_registration.updated_v2",
    "group_setting_update",
    "helpdesk.notification.approve_v1",
    "helpdesk.ticket.created_v1",
    "helpdesk.ticket.updated_v1",
    "helpdesk.ticket_message.created_v1",
    "hire.application.deleted_v1",
    "hire.application.stage_changed_v1",
    "hire.eco_account.created_v1",
    "hire.eco_background_check.canceled_v1",
    "hire.eco_background_check.created_v1",
    "hire.eco_exam.created_v1",
    "hire.ehr_import_task.imported_v1",
    "hire.ehr_import_task_for_internship_offer.imported_v1",
    "hire.offer.status_changed_v1",
    "hire.referral_account.assets_update_v1",
    "hire.talent.deleted_v1",
    "hire.talent.tag_subscription_v1",
    "im.chat.access_event.bot_p2p_chat_entered_v1",
    "im.chat.disbanded_v1",
    "im.chat.member.bot.added_v1",
    "im.chat.member.bot.deleted_v1",
    "im.chat.member.user.added_v1",
    "im.chat.member.user.deleted_v1",
    "im.chat.member.user.withdrawn_v1",
    "im.chat.updated_v1",
    "im.message.message_read_v1",
    "im.message.reaction.created_v1",
    "im.message.reaction.deleted_v1",
    "im.message.recalled_v1",
    "im.message.receive_v1",
    "im.message.updated_v1",
    "leave_approvalV2",
    "mail.user_mailbox.event.message_received_v1",
    "meeting_room.meeting_room.created_v1",
    "meeting_room.meeting_room.deleted_v1",
    "meeting_room.meeting_room.status_changed_v1",
    "meeting_room.meeting_room.updated_v1",
    "message",
    "message_read",
    "minutes.minute.generated_v1",
    "moments.comment.created_v1",
    "moments.comment.deleted_v1",
    "moments.dislike.created_v1",
    "moments.dislike.deleted_v1",
    "moments.post.created_v1",
    "moments.post.deleted_v1",
    "moments.post_statistics.updated_v1",
    "moments.reaction.created_v1",
    "moments.reaction.deleted_v1",
    "order_paid",
    "out_approval",
    "p2p_chat_create",
    "payroll.payment_activity.approved_v1",
    "payroll.payment_activity.status_changed_v1",
    "performance.review_data.changed_v2",
    "performance.stage_task.open_result_v2",
    "profile.view.get",
    "remedy_approval",
    "remove_bot",
    "remove_user_from_chat",
    "revoke_add_user_from_chat",
    "security_and_compliance.device_apply_record.device_apply_event_v2",
    "security_and_compliance.device_record.device_change_event_v2",
    "shift_approval",
    "task.task.comment.updated_v1",
    "task.task.update_tenant_v1",
    "task.task.update_user_access_v2",
    "task.task.updated_v1",
    "third_party_meeting_room_event_created",
    "third_party_meeting_room_event_deleted",
    "third_party_meeting_room_event_updated",
    "trip_approval",
    "url.preview.get",
    "url_verification",
    "user_add",
    "user_leave",
    "user_status_change",
    "user_update",
    "vc.bot.meeting_activity_v1",
    "vc.bot.meeting_ended_v1",
    "vc.bot.meeting_invited_v1",
    "vc.bot.meeting_started_v1",
    "vc.material.review_result_v1",
    "vc.meeting.all_meeting_ended_v1",
    "vc.meeting.all_meeting_started_v1",
    "vc.meeting.join_meeting_v1",
    "vc.meeting.leave_meeting_v1",
    "vc.meeting.meeting_ended_v1",
    "vc.meeting.meeting_started_v1",
    "vc.meeting.participant_meeting_ended_v1",
    "vc.meeting.participant_meeting_joined_v1",
    "vc.meeting.participant_meeting_started_v1",
    "vc.meeting.recording_ended_v1",
    "vc.meeting.recording_ready_v1",
    "vc.meeting.recording_started_v1",
    "vc.meeting.send_meeting_im_v1",
    "vc.meeting.share_ended_v1",
    "vc.meeting.share_started_v1",
    "vc.note.generated_v1",
    "vc.recording.recording_ended_v1",
    "vc.recording.recording_started_v1",
    "vc.recording.recording_transcript_generated_v1",
    "vc.reserve_config.updated_v1",
    "vc.room.created_v1",
    "vc.room.deleted_v1",
    "vc.room.updated_v1",
    "vc.room_level.created_v1",
    "vc.room_level.deleted_v1",
    "vc.room_level.updated_v1",
    "work_approval",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_type_known_is_sorted_and_has_no_duplicates() {
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn event_type_closest_finds_a_known_type_one_letter_away_and_is_none_for_itself() {
        for known in KNOWN {
            assert_eq!(EventType::from(*known).closest(), None);
            let (first, rest) = known.split_at(1);
            let doubled = format!("{first}{first}{rest}");
            assert_eq!(EventType::from(doubled.as_str()).closest(), Some(*known), "{doubled}");
        }
    }

    #[test]
    fn event_type_closest_allows_two_wrong_letters_and_not_three() {
        for (name, close) in [
            ("card.action.triger", Some("card.action.trigger")),
            ("card.actions.triger", Some("card.action.trigger")),
            ("card.actions.trigr", None),
            ("cardaction.trigger", Some("card.action.trigger")),
            ("im.message.receive", None),
            ("im.message.recieve_v1", Some("im.message.receive_v1")),
            ("im.message.receive_v2", None),
            ("massage", Some("message")),
            ("passages", None),
            ("order.paid_v1", None),
            ("", None),
        ] {
            assert_eq!(EventType::from(name).closest(), close, "{name}");
        }
    }
}
