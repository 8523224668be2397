//! Single deliveries, usual and odd.

use std::time::Duration;

use feishu_gateway::{Answered, Click, Error, Event, json};

use super::message;
use crate::cell::{Cell, words};
use crate::lab::Lab;

pub(super) async fn click(lab: &mut Lab) -> Cell {
    // The first one warms the bot up.
    let _ = lab.gateway.click(Click::button("approve")).await;
    let result = lab.gateway.click(Click::button("approve").value(json!({"order": 42}))).await;
    shows(&result, "approved")
}

pub(super) async fn preview(lab: &mut Lab) -> Cell {
    let _ = lab.gateway.preview("https://example.com/orders/41").await;
    let result = lab.gateway.preview("https://example.com/orders/42").await;
    shows(&result, "Order 42")
}

/// Good when the user sees what the handler returned.
fn shows(result: &Result<Answered, Error>, words: &str) -> Cell {
    match result {
        Ok(answer) if !answer.verdict().text().contains(words) => {
            Cell::bad(format!("{}, user sees {}", answer.code(), answer.verdict().text()))
        }
        _ => Cell::answer(result),
    }
}

pub(super) async fn event(lab: &mut Lab) -> Cell {
    let _ = lab.gateway.event("im.message.receive_v1", message("hello")).await;
    Cell::answer(&lab.gateway.event("im.message.receive_v1", message("hello")).await)
}

pub(super) async fn string_value(lab: &mut Lab) -> Cell {
    Cell::answer(&lab.gateway.click(Click::button("approve").value(json!("order-42"))).await)
}

pub(super) async fn string_options(lab: &mut Lab) -> Cell {
    Cell::answer(&lab.gateway.click(Click::button("approve").action("options", json!("first"))).await)
}

pub(super) async fn nulls(lab: &mut Lab) -> Cell {
    let nulls = json!({"action": {
        "value": null, "option": null, "options": null, "form_value": null, "input_value": null, "timezone": null,
    }});
    Cell::answer(&lab.gateway.click(Click::button("approve").merge(nulls)).await)
}

/// Code 500 asks for the event again, which a new version may understand; 200 gives it up. Either can be meant.
pub(super) async fn unregistered(lab: &mut Lab) -> Cell {
    let result = lab.gateway.event("contact.user.created_v3", json!({"object": {"open_id": "ou_1"}})).await;
    if result.is_ok() { Cell::neutral(words(&result)) } else { Cell::bad(words(&result)) }
}

pub(super) async fn failure(lab: &mut Lab) -> Cell {
    Cell::failure(&lab.gateway.click(Click::button("fail")).await)
}

pub(super) async fn panic(lab: &mut Lab) -> Cell {
    Cell::failure(&lab.gateway.click(Click::button("panic")).await)
}

/// An event whose first answer was lost on the way comes again under the same `event_id`.
pub(super) async fn redelivery(lab: &mut Lab) -> Cell {
    const ID: &str = "5d0e1a3f7c2b49688f60a1b2c3d4e5f6";
    let event = || Event::new("im.message.receive_v1", message("buy 10")).event_id(ID);
    let first = lab.gateway.push(event()).await;
    let second = lab.gateway.push(event()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let runs = lab.bot.count(&format!("handled message {ID}"));
    match (&first, &second) {
        (Ok(first), Ok(second)) => {
            let good = runs == 1 && first.code() == 200 && second.code() == 200;
            Cell::good_if(good, format!("handled {runs} ×, {} and {}", first.code(), second.code()))
        }
        _ => Cell::bad(format!("handled {runs} ×, {} and {}", words(&first), words(&second))),
    }
}
