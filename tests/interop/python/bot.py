"""The smallest bot of the official Python SDK. What the driver asks of it is in ../README.md."""

import os
import re
import time

import lark_oapi as lark
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTrigger, P2CardActionTriggerResponse
from lark_oapi.event.callback.model.p2_url_preview_get import P2URLPreviewGet, P2URLPreviewGetResponse


def on_click(data: P2CardActionTrigger) -> P2CardActionTriggerResponse:
    name = data.event.action.name
    print(f"handled click {name}", flush=True)
    if name in ("fail", "panic"):
        raise RuntimeError("the order service is down")
    wait(name)
    return P2CardActionTriggerResponse({"toast": {"type": "success", "content": "approved"}})


def on_preview(data: P2URLPreviewGet) -> P2URLPreviewGetResponse:
    print(f"handled preview {data.event.context.url}", flush=True)
    return P2URLPreviewGetResponse({"inline": {"title": "Order 42"}})


def on_message(data: lark.im.v1.P2ImMessageReceiveV1) -> None:
    print(f"handled message {data.header.event_id}", flush=True)
    wait(data.event.message.content)


def wait(text: str) -> None:
    """Does some work, as long as the text says."""
    found = re.search(r"wait-(\d+)", text or "")
    if found:
        time.sleep(int(found.group(1)) / 1000)


handler = (
    lark.EventDispatcherHandler.builder("", "")
    .register_p2_card_action_trigger(on_click)
    .register_p2_url_preview_get(on_preview)
    .register_p2_im_message_receive_v1(on_message)
    .build()
)

client = lark.ws.Client(
    os.environ["FEISHU_APP_ID"],
    os.environ["FEISHU_APP_SECRET"],
    event_handler=handler,
    log_level=lark.LogLevel.DEBUG if "BOT_DEBUG" in os.environ else lark.LogLevel.INFO,
    domain=os.environ["FEISHU_DOMAIN"],
)

if __name__ == "__main__":
    client.start()
