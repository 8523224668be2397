//! The documented place of ids in each body, and the other places where they were seen.
//!
//! Sources: the documentation pages of each callback and event, in which one thing has several names (`user_id` is an
//! object in some and text in others), and the parsers of other SDKs and of reported payloads.

/// A path inside a body, or inside an item of a list of it.
pub(super) type Path = &'static [&'static str];

/// One thing and its places; the first is where it is documented.
pub(super) struct Rule {
    /// List whose items have it; empty for the body itself.
    pub(super) list: Path,
    /// What it is.
    pub(super) thing: Thing,
    /// Where it is documented.
    pub(super) home: Path,
    /// Where else it is looked for.
    pub(super) elsewhere: &'static [Path],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    /// The object that holds `open_id`, `union_id` and `user_id`.
    Ids,
    /// One text.
    Text,
}

const fn ids(home: Path, elsewhere: &'static [Path]) -> Rule {
    Rule { list: &[], thing: Thing::Ids, home, elsewhere }
}

const fn text(home: Path, elsewhere: &'static [Path]) -> Rule {
    Rule { list: &[], thing: Thing::Text, home, elsewhere }
}

/// The rules of a type; empty for a type that has none.
pub(super) fn of(event_type: &str) -> &'static [Rule] {
    match event_type {
        "card.action.trigger" | "url.preview.get" => CALLBACK,
        crate::ids::CARD_ACTION_V1 => CARD_V1,
        "im.message.receive_v1" | "im.message.updated_v1" => MESSAGE,
        "im.message.message_read_v1" => READ,
        "im.message.recalled_v1" => RECALLED,
        "im.message.reaction.created_v1" | "im.message.reaction.deleted_v1" => REACTION,
        "im.chat.access_event.bot_p2p_chat_entered_v1"
        | "im.chat.member.bot.added_v1"
        | "im.chat.member.bot.deleted_v1" => CHAT,
        "im.chat.member.user.added_v1" | "im.chat.member.user.deleted_v1" => MEMBERS,
        "p2p_chat_create" => P2P_CREATED,
        "application.bot.menu_v6" => MENU,
        _ => &[],
    }
}

/// Of a type that is not known here.
pub(super) const ANY: Rule = ids(
    &["operator"],
    &[
        &["operator", "operator_id"],
        &["operator", "user_id"],
        &["operator", "open_id"],
        &["operator", "id"],
        &["operator_id"],
        &["sender", "sender_id"],
        &["sender", "id"],
        &["sender", "user_id"],
        &["sender"],
        &["sender_id"],
        &["user_id"],
    ],
);

/// Before the ids, which may be beside it in an object that goes with them, and after, when they were text in its way.
const OPERATOR_TENANT: Rule = text(
    &["operator", "tenant_key"],
    &[
        &["operator", "operator_id", "tenant_key"],
        &["operator", "user_id", "tenant_key"],
        &["operator_id", "tenant_key"],
        &["tenant_key"],
    ],
);

const CALLBACK: &[Rule] = &[
    OPERATOR_TENANT,
    ids(
        &["operator"],
        &[
            &["operator", "operator_id"],
            &["operator", "user_id"],
            &["operator", "open_id"],
            &["operator", "id"],
            &["operator_id"],
            &["user_id"],
            &[],
        ],
    ),
    OPERATOR_TENANT,
    text(
        &["context", "open_message_id"],
        &[&["context", "message_id"], &["open_message_id"], &["message_id"]],
    ),
    text(&["context", "open_chat_id"], &[&["context", "chat_id"], &["open_chat_id"], &["chat_id"]]),
];

const CARD_V1: &[Rule] = &[
    text(&["tenant_key"], &[&["operator", "tenant_key"], &["user_id", "tenant_key"]]),
    ids(
        &[],
        &[
            &["user_id"],
            &["open_id"],
            &["operator"],
            &["operator", "operator_id"],
            &["operator", "user_id"],
            &["operator_id"],
        ],
    ),
    text(&["open_message_id"], &[&["message_id"], &["context", "open_message_id"]]),
    text(&["open_chat_id"], &[&["chat_id"], &["context", "open_chat_id"]]),
];

const MESSAGE: &[Rule] = &[
    text(&["sender", "tenant_key"], &[&["sender", "sender_id", "tenant_key"]]),
    ids(
        &["sender", "sender_id"],
        &[
            &["sender", "id"],
            &["sender", "user_id"],
            &["sender", "open_id"],
            &["sender"],
            &["sender_id"],
            &["operator"],
            &["operator", "operator_id"],
            &["operator_id"],
        ],
    ),
    text(
        &["message", "message_id"],
        &[&["message", "open_message_id"], &["message_id"], &["open_message_id"]],
    ),
    text(&["message", "chat_id"], &[&["message", "open_chat_id"], &["chat_id"], &["open_chat_id"]]),
    text(&["message", "message_type"], &[&["message", "msg_type"]]),
    Rule {
        list: &["message", "mentions"],
        thing: Thing::Ids,
        home: &["id"],
        elsewhere: &[&["user_id"], &["open_id"], &[]],
    },
];

const READ: &[Rule] =
    &[ids(&["reader", "reader_id"], &[&["reader", "user_id"], &["reader"], &["reader_id"]])];

const RECALLED: &[Rule] =
    &[text(&["message_id"], &[&["open_message_id"]]), text(&["chat_id"], &[&["open_chat_id"]])];

const REACTION: &[Rule] = &[
    ids(
        &["user_id"],
        &[&["operator_id"], &["operator", "operator_id"], &["operator", "user_id"], &["operator"], &[]],
    ),
    text(&["message_id"], &[&["open_message_id"]]),
];

const CHAT_IDS: Rule = ids(
    &["operator_id"],
    &[&["operator", "operator_id"], &["operator", "user_id"], &["operator"], &["user_id"], &[]],
);
const CHAT_ID: Rule = text(&["chat_id"], &[&["open_chat_id"]]);

const CHAT_TENANT: Rule =
    text(&["operator_tenant_key"], &[&["operator", "tenant_key"], &["operator_id", "tenant_key"]]);

const CHAT: &[Rule] = &[CHAT_TENANT, CHAT_IDS, CHAT_ID];

const MEMBERS: &[Rule] = &[
    CHAT_TENANT,
    CHAT_IDS,
    CHAT_ID,
    Rule { list: &["users"], thing: Thing::Ids, home: &["user_id"], elsewhere: &[&["id"], &[]] },
];

const P2P_CREATED: &[Rule] = &[
    ids(&["operator"], &[&["operator", "operator_id"], &["operator", "user_id"], &["operator_id"]]),
    ids(&["user"], &[&["user", "user_id"], &["user", "open_id"]]),
    CHAT_ID,
];

const MENU: &[Rule] = &[ids(
    &["operator", "operator_id"],
    &[&["operator", "user_id"], &["operator", "open_id"], &["operator"], &["operator_id"]],
)];
