//! Each type of event through a whole bot: the sample of the local platform arrives as its model, with all its values.
#![cfg(feature = "long-connection")]

#[macro_use]
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::*;
use feishu_gateway::{Event, Gateway};
use feishu_runtime::{Callback, Client, Context, Dispatcher, RawEvent};
use feishu_transport::{AppSecret, Domain};
use serde::Serialize;
use serde_json::Value;

/// What a handler of one type gets: the body as the model writes it, and the odd fields.
type Read = fn(&Context) -> (Value, Vec<String>);

fn read<B: EventBody + Serialize>(cx: &Context) -> (Value, Vec<String>) {
    let event: Envelope<B> = cx.decode().unwrap();
    let odd = event.all_odd_fields().map(OddField::place).collect();
    (serde_json::to_value(&event.event).unwrap(), odd)
}

/// The type of an event, and its reader.
trait Entry {
    fn entry() -> (&'static str, Read);
}

impl<B: EventBody + Serialize> Entry for Envelope<B> {
    fn entry() -> (&'static str, Read) {
        (B::TYPE, read::<B>)
    }
}

macro_rules! entries {
    ($($event:ty,)+) => { [$(<$event as Entry>::entry(),)+] };
}

/// Values of the sample that the model does not have.
fn lost(sample: &Value, written: &Value, place: &str, found: &mut Vec<String>) {
    match (sample, written) {
        (Value::Object(sample), Value::Object(written)) => {
            for (name, value) in sample {
                lost(value, written.get(name).unwrap_or(&Value::Null), &format!("{place}.{name}"), found);
            }
        }
        (Value::Array(sample), Value::Array(written)) if sample.len() == written.len() => {
            for (value, other) in sample.iter().zip(written) {
                lost(value, other, &format!("{place}[]"), found);
            }
        }
        _ if sample == written => {}
        _ => found.push(format!("{place}: {sample} became {written}")),
    }
}

#[tokio::test]
async fn every_event_arrives_with_all_values_of_its_sample() {
    let gateway = Gateway::builder().start().await.unwrap();
    let readers: HashMap<&str, Read> = every_event!(entries).into_iter().collect();
    let types: Vec<&str> = Event::sample_types().collect();
    let described: Vec<&&str> = types.iter().filter(|name| !readers.contains_key(**name)).collect();
    assert!(described.is_empty() && readers.len() == types.len(), "no model of {described:?}");
    assert!(types.iter().all(|name| EventType::KNOWN.contains(name)));

    let found = Arc::new(Mutex::new(HashMap::new()));
    let seen = Arc::clone(&found);
    let dispatcher = Dispatcher::builder()
        .fallback(move |event: RawEvent, cx: Context| {
            let (seen, read) = (Arc::clone(&seen), readers[event.header.event_type.as_str()]);
            async move {
                seen.lock().unwrap().insert(event.header.event_type.to_string(), read(&cx));
                Ok(())
            }
        })
        .build()
        .unwrap();
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .dispatcher(dispatcher)
        .build()
        .unwrap();
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    gateway.connected(1).await;
    for name in &types {
        let answer = gateway.push(Event::sample(name).unwrap()).await.unwrap();
        assert_eq!(answer.code(), 200, "{name}");
    }
    handle.stop(Duration::ZERO);
    running.await.unwrap().unwrap();

    let mut wrong = Vec::new();
    let found = found.lock().unwrap();
    for name in &types {
        let payload: Value = serde_json::from_str(&Event::sample(name).unwrap().payload()).unwrap();
        let mut sample = payload["event"].clone();
        if payload.get("header").is_none() {
            // The header has them; some models have them too.
            let sample = sample.as_object_mut().unwrap();
            sample.retain(|member, _| !matches!(&**member, "type" | "app_id" | "tenant_key"));
        }
        // A secret is not written.
        let secret = (*name == "app_ticket").then(|| sample.as_object_mut().unwrap().remove("app_ticket"));
        assert_eq!(secret.flatten().is_some(), *name == "app_ticket");
        let (written, odd) = &found[*name];
        lost(&sample, written, name, &mut wrong);
        wrong.extend(odd.iter().map(|odd| format!("{name}: odd {odd}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn event_of_a_feature_is_handled_by_its_type_as_any_other() {
    let dispatcher = Dispatcher::builder()
        .on(|joined: contact::UserCreated, _| async move {
            assert!(joined.event.object.open_id.is_some());
            Ok(())
        })
        .on(|edited: drive::FileEdit, _| async move {
            assert!(edited.event.operator_id_list[0].open_id.is_some());
            Ok(())
        })
        .build()
        .unwrap();
    let types = [<contact::UserCreated as Callback>::TYPE, <drive::FileEdit as Callback>::TYPE];
    let listed: Vec<_> = dispatcher.subscriptions().iter().map(|it| it.event_type.to_string()).collect();
    assert_eq!(listed, types);
    let harness = feishu_runtime::testing::Harness::new(&dispatcher);
    for name in types {
        let answer = harness.call(Event::sample(name).unwrap().payload()).await;
        assert_eq!(answer.code(), 200, "{name}");
    }
}
