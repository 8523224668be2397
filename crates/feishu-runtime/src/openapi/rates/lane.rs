//! Which limits a call falls under: those of the app for the call, and that of the card, message or receiver.

use feishu_callbacks::openapi::CallKind;
use serde::Deserialize;

use super::bucket::Rule;

/// The calls of an app that share one allowance.
///
/// The platform's pages give each call 1000 per minute and 50 per second ("frequency control"). They do not say whether the
/// calls of card entities share them, so here they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Send,
    Reply,
    Patch,
    Edit,
    Update,
    React,
    Cards,
    Previews,
}

impl Lane {
    pub(super) const COUNT: usize = 8;

    /// The lane of a call; `None` if its limits are not known.
    fn of(kind: CallKind) -> Option<Self> {
        Some(match kind {
            CallKind::MessageSend => Self::Send,
            CallKind::MessageReply => Self::Reply,
            CallKind::MessagePatch => Self::Patch,
            CallKind::MessageEdit => Self::Edit,
            CallKind::CardUpdate => Self::Update,
            CallKind::ReactionAdd | CallKind::ReactionDelete => Self::React,
            CallKind::CardCreate
            | CallKind::CardReplace
            | CallKind::CardSettings
            | CallKind::CardBatch
            | CallKind::CardElement
            | CallKind::StreamText => Self::Cards,
            CallKind::PreviewRefresh => Self::Previews,
            _ => return None,
        })
    }

    /// The rules of a lane: over a second, and over a minute. Below what is documented, as calls that leave one after the
    /// other may arrive together.
    pub(super) fn rules(self) -> [Rule; 2] {
        match self {
            // Documented: 5 per second.
            Self::Previews => [Rule { burst: 1.0, per_second: 3.5 }, Rule { burst: 100.0, per_second: 3.5 }],
            // At most 45 in a second, 960 in a minute.
            _ => [Rule { burst: 20.0, per_second: 25.0 }, Rule { burst: 120.0, per_second: 14.0 }],
        }
    }
}

/// What has a limit of its own: one card entity, message, or receiver of messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Card(Box<str>),
    Message(Box<str>),
    Receiver(Box<str>),
}

impl Target {
    pub(super) fn rule(&self) -> Rule {
        match self {
            // Documented: 10 per second for one entity.
            Self::Card(_) => Rule { burst: 2.0, per_second: 6.0 },
            // Documented: 5 updates per second of one message; 5 messages per second to one user or group.
            Self::Message(_) | Self::Receiver(_) => Rule { burst: 2.0, per_second: 3.0 },
        }
    }
}

/// The limits that one call falls under.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(super) lane: Option<Lane>,
    pub(super) target: Option<Target>,
}

impl Place {
    /// The limits of a kind of call on a target.
    pub(crate) fn new(kind: CallKind, target: Option<Target>) -> Self {
        Self { lane: Lane::of(kind), target }
    }

    pub(crate) fn of(method: &str, path: &str, body: &[u8]) -> Self {
        let kind = CallKind::of(method, path);
        let Some(lane) = Lane::of(kind) else { return Self::default() };
        let mut parts = path.split('?').next().unwrap_or_default().split('/').skip(5);
        let id = parts.next().filter(|id| !id.is_empty());
        let target = match kind {
            CallKind::MessageSend => receiver(body).map(Target::Receiver),
            // The chat of the message is not known here; its replies are counted by themselves.
            CallKind::MessageReply | CallKind::MessagePatch | CallKind::MessageEdit => {
                id.map(|id| Target::Message(id.into()))
            }
            _ if lane == Lane::Cards => id.map(|id| Target::Card(id.into())),
            _ => None,
        };
        Self { lane: Some(lane), target }
    }
}

fn receiver(body: &[u8]) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Body {
        receive_id: Box<str>,
    }

    serde_json::from_slice::<Body>(body).ok().map(|body| body.receive_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_a_call_is_its_lane_and_its_card_message_or_receiver() {
        let card = |id: &str| Some(Target::Card(id.into()));
        let message = |id: &str| Some(Target::Message(id.into()));
        for (method, path, body, lane, target) in [
            (
                "POST",
                "im/v1/messages?receive_id_type=chat_id",
                r#"{"receive_id":"oc_1"}"#,
                Some(Lane::Send),
                Some(Target::Receiver("oc_1".into())),
            ),
            ("POST", "im/v1/messages?receive_id_type=chat_id", "odd", Some(Lane::Send), None),
            ("POST", "im/v1/messages/om_1/reply", "{}", Some(Lane::Reply), message("om_1")),
            ("PATCH", "im/v1/messages/om_1", "{}", Some(Lane::Patch), message("om_1")),
            ("POST", "cardkit/v1/cards", "{}", Some(Lane::Cards), None),
            ("PUT", "cardkit/v1/cards/73/elements/answer/content", "{}", Some(Lane::Cards), card("73")),
            ("PATCH", "cardkit/v1/cards/73/settings", "{}", Some(Lane::Cards), card("73")),
            ("POST", "interactive/v1/card/update", "{}", Some(Lane::Update), None),
            ("GET", "contact/v3/users/ou_1", "", None, None),
        ] {
            let place = Place::of(method, &format!("/open-apis/{path}"), body.as_bytes());
            assert_eq!((place.lane, place.target), (lane, target), "{method} {path}");
        }
    }

    #[test]
    fn rules_of_all_lanes_stay_below_the_documented_limits() {
        for lane in [
            Lane::Send,
            Lane::Reply,
            Lane::Patch,
            Lane::Edit,
            Lane::Update,
            Lane::React,
            Lane::Cards,
            Lane::Previews,
        ] {
            let [second, minute] = lane.rules();
            let (per_second, per_minute) =
                if lane == Lane::Previews { (5.0, 1000.0) } else { (50.0, 1000.0) };
            assert!(second.burst + second.per_second < per_second, "{lane:?}");
            assert!(minute.burst + 60.0 * minute.per_second < per_minute, "{lane:?}");
        }
        let card = Target::Card("73".into()).rule();
        assert!(card.burst + card.per_second <= 8.0);
        let message = Target::Message("om_1".into()).rule();
        assert!(message.burst + message.per_second <= 5.0);
    }
}
