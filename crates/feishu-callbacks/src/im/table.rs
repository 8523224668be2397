//! The structs of this module that generated events share.

use super::{ChatMember, ChatNames, ChatUser, UserIds};
use crate::model::through_table;

through_table! { UserIds { open_id, union_id, user_id, } takes take_id }
through_table! { ChatNames { zh_cn, en_us, ja_jp, } }
through_table! { ChatMember { name, tenant_key, user_id, } }
through_table! { ChatUser { open_id, user_id, name, } }

/// An id that came as text instead of an object is told apart by its prefix.
fn take_id(ids: &mut UserIds, text: &str) -> bool {
    match text.get(..3) {
        _ if text.is_empty() => {}
        Some("ou_") => ids.open_id = Some(text.into()),
        Some("on_") => ids.union_id = Some(text.into()),
        _ => ids.user_id = Some(text.into()),
    }
    true
}
