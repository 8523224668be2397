//! Events with generated models: what is read, and what is only listed as odd.

use feishu_callbacks::application::{AppTicketIssued, AuditOperation};
use feishu_callbacks::{Envelope, EventBody, approval, calendar, contact, decode, drive, hire, im, vc};
use serde_json::{Value, json};

fn event<B: EventBody>(body: &Value) -> Envelope<B> {
    let payload = json!({"schema": "2.0", "header": {"event_type": B::TYPE}, "event": body});
    decode(payload.to_string().as_bytes()).unwrap()
}

#[test]
fn event_reads_ids_times_numbers_and_nested_objects() {
    let joined: contact::UserCreated = event(&json!({"object": {
        "open_id": "ou_7", "name": "Ann", "join_time": 1_615_381_185, "employee_type": 1, "mobile_visible": true,
        "department_ids": ["od_1", "od_2"], "status": {"is_activated": true}, "later": {"new": 1},
        "orders": [{"department_id": "od_1", "user_order": 0}],
    }}));
    let employee = &joined.event.object;
    assert_eq!(employee.open_id.as_ref().unwrap(), "ou_7");
    assert_eq!(employee.join_time.unwrap().as_millis(), 1_615_381_185_000);
    assert_eq!((employee.employee_type, employee.mobile_visible), (Some(1), Some(true)));
    assert_eq!(employee.department_ids, ["od_1", "od_2"]);
    assert_eq!(employee.status.is_activated, Some(true));
    assert_eq!(employee.orders[0].user_order, Some(0));
    assert!(joined.odd_fields().is_empty());
}

#[test]
fn event_takes_numbers_as_strings_strings_as_numbers_and_null_as_nothing() {
    let joined: contact::UserCreated = event(&json!({"object": {
        "name": 7, "employee_type": "2", "mobile_visible": "true", "join_time": "", "gender": null,
        "department_ids": ["od_1", null, 9], "status": null, "positions": null, "orders": "",
    }}));
    let employee = &joined.event.object;
    assert_eq!(employee.name.as_deref(), Some("7"));
    assert_eq!((employee.employee_type, employee.mobile_visible), (Some(2), Some(true)));
    assert_eq!((employee.join_time, employee.gender), (None, None));
    assert_eq!(employee.department_ids, ["od_1", "9"]);
    assert!(joined.odd_fields().is_empty(), "{:?}", joined.odd_fields());
}

#[test]
fn event_lists_what_does_not_fit_and_keeps_the_rest() {
    let joined: contact::UserCreated = event(&json!({"object": {
        "open_id": "ou_7", "name": {"odd": 1}, "employee_type": "many", "mobile_visible": 2, "join_time": "soon",
        "status": [1], "department_ids": [["od_1"], "od_2"], "orders": [7, {"user_order": 3}],
    }}));
    let employee = &joined.event.object;
    assert_eq!(employee.open_id.as_ref().unwrap(), "ou_7");
    assert_eq!(employee.department_ids, ["od_2"]);
    assert_eq!(employee.orders[0].user_order, Some(3));
    let mut places: Vec<_> = joined.odd_fields().iter().map(|odd| odd.path.as_str()).collect();
    places.sort_unstable();
    let wanted =
        ["department_ids[0]", "employee_type", "join_time", "mobile_visible", "name", "orders[0]", "status"];
    assert_eq!(places, wanted.map(|place| format!("event.object.{place}")));
}

#[test]
fn event_without_a_body_or_with_an_odd_one_is_empty() {
    for body in [Value::Null, json!([]), json!("text"), json!({})] {
        let changed: im::ChatUpdated = event(&body);
        assert_eq!(changed.event.chat_id, None, "{body}");
        assert_eq!(changed.odd_fields().is_empty(), body == json!({}), "{body}");
    }
}

#[test]
fn event_with_a_member_twice_keeps_the_first() {
    let payload =
        br#"{"header":{"event_type":"hire.talent.deleted_v1"},"event":{"talent_id":"1","talent_id":"2"}}"#;
    let deleted: hire::TalentDeleted = decode(payload).unwrap();
    assert_eq!(deleted.event.talent_id.as_deref(), Some("1"));
    assert_eq!(deleted.odd_fields()[0].path, "event.talent_id");
}

#[test]
fn event_takes_ids_as_text_by_their_prefix_and_a_single_item_as_a_list() {
    let edited: drive::FileEdit =
        event(&json!({"operator_id_list": ["ou_1", "on_2", "3"], "subscriber_id_list": {"open_id": "ou_4"}}));
    let operators = &edited.event.operator_id_list;
    assert_eq!(operators[0].open_id.as_ref().unwrap(), "ou_1");
    assert_eq!(operators[1].union_id.as_ref().unwrap(), "on_2");
    assert_eq!(operators[2].user_id.as_ref().unwrap(), "3");
    assert_eq!(edited.event.subscriber_id_list[0].open_id.as_ref().unwrap(), "ou_4");
    assert!(edited.odd_fields().is_empty());
}

#[test]
fn event_keeps_names_that_are_not_documented() {
    let created: calendar::CalendarAclCreated = event(&json!({"role": "owner", "scope": {"type": "user"}}));
    assert_eq!(created.event.role, Some(calendar::AclRole::Owner));
    assert_eq!(created.event.scope.kind.as_deref(), Some("user"));
    let created: calendar::CalendarAclCreated = event(&json!({"role": "guest"}));
    assert_eq!(created.event.role.unwrap().as_str(), "guest");
    assert_eq!(AuditOperation::from("audited"), AuditOperation::Audited);
}

#[test]
fn event_takes_json_of_any_form_where_the_documentation_differs() {
    let payload = json!({"uuid": "7", "type": "event_callback", "event": {
        "type": "leave_approvalV2", "leave_range": [[1, 2]], "leave_interval": 7200, "start_time": 1_564_590_532,
        "i18n_resources": [{"locale": "en_us", "texts": {"@i18n@1": "days"}}],
    }});
    let leave: approval::LeaveApprovalV2 = decode(payload.to_string().as_bytes()).unwrap();
    assert_eq!(leave.event.leave_range, json!([[1, 2]]));
    assert_eq!(leave.event.start_time.unwrap().as_millis(), 1_564_590_532_000);
    assert_eq!(leave.event.i18n_resources[0].texts["@i18n@1"], "days");
    assert!(leave.all_odd_fields().next().is_none());
}

#[test]
fn event_debug_prints_what_is_there_and_no_secret() {
    let payload =
        br#"{"uuid":"7","event":{"type":"app_ticket","app_id":"cli_7","app_ticket":"t-very-secret"}}"#;
    let ticket: AppTicketIssued = decode(payload).unwrap();
    assert_eq!(ticket.event.app_ticket.as_ref().unwrap().expose(), "t-very-secret");
    let printed = format!("{:?}", ticket.event);
    assert_eq!(printed, r#"AppTicketIssuedEvent { app_id: "cli_7", app_ticket: [redacted] }"#);
    assert_eq!(serde_json::to_value(&ticket.event).unwrap(), json!({"app_id": "cli_7"}));
}

#[test]
fn event_serialises_in_the_words_of_the_platform() {
    let body = json!({
        "meeting": {"id": "7", "topic": "Tea", "start_time": "1608725989000", "owner": {"id": {"open_id": "ou_7"}, "user_role": 1}},
        "operator": {"id": {"open_id": "ou_8"}, "user_type": 1},
    });
    let started: vc::MeetingStarted = event(&body);
    let mut written = serde_json::to_value(&started.event).unwrap();
    // Objects that did not come are written as empty ones.
    for empty in ["host_user", "security_setting", "webinar_setting"] {
        written["meeting"].as_object_mut().unwrap().remove(empty).unwrap();
    }
    assert_eq!(written, body);
}
