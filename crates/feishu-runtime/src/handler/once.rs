//! Keys of an author's: by which repeats are recognised, and what may happen only once.

use feishu_callbacks::Reply;
use feishu_transport::Answer;

use super::Route;
use super::options::Once;
use super::route::json_of;

impl<E: Send + 'static, R: Reply> Route<E, R> {
    /// Recognises a repeat by a key of the payload: a delivery with the key of an earlier one is answered as that was,
    /// without the handler. `key` returns a `String` or an `Option` of one; `None` leaves the default. It must not block,
    /// and reads the payload once more.
    ///
    /// By default the key is the message and its `update_time` for events that carry a message, which the platform can
    /// push again under another event id; the event id for others; and the id of the frame where there is none. Events are
    /// remembered for [`Dedup::retention`](crate::Dedup::retention), callbacks for a minute; see
    /// [`once_per`](Self::once_per) for clicks.
    pub fn dedup_by<K>(mut self, key: impl Fn(&E) -> K + Send + Sync + 'static) -> Self
    where
        K: Into<Option<String>>,
    {
        self.typed.dedup_by = Some(Box::new(move |event| key(event).into()));
        self
    }

    /// Lets the handler succeed only once per key, for as long as events are remembered
    /// ([`Dedup::retention`](crate::Dedup::retention), 7 h 10 min by default): an approval that must not be given twice. A
    /// later delivery with the key, and one that comes while the first is being handled, gets `reply`. After a failure the
    /// handler runs again. `key` returns a `String` or an `Option` of one; `None` sets no limit.
    ///
    /// With a [store](crate::Dedup::store) it holds for all processes; the delivery then waits for the store, for at most
    /// [`Dedup::store_timeout`](crate::Dedup::store_timeout), and is handled if that fails.
    ///
    /// ```
    /// use feishu_runtime::prelude::*;
    ///
    /// let approve = Route::new(|_: CardActionTrigger, _| async {
    ///     Ok(CardReply::toast(Toast::success("Approved")))
    /// })
    /// .once_per(
    ///     |click| click.event.context.open_message_id.as_ref().map(ToString::to_string),
    ///     CardReply::toast(Toast::info("It was approved before")),
    /// );
    /// # Dispatcher::builder().route(approve).build()?;
    /// # Ok::<(), feishu_runtime::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "a reply is made for this place, as a handler's is")]
    pub fn once_per<K>(mut self, key: impl Fn(&E) -> K + Send + Sync + 'static, reply: R) -> Self
    where
        K: Into<Option<String>>,
    {
        match json_of(&reply) {
            Ok(json) => {
                let answer = Answer::ok(json);
                self.typed.once_per = Some(Once { key: Box::new(move |event| key(event).into()), answer });
                self.options.needs_dedup = true;
            }
            Err(error) => self.options.mistakes.push(error.to_string()),
        }
        self
    }
}
