"""A test of the bot with pytest: the local platform and the bot run as processes, a click is judged over HTTP.

    FEISHU_GATEWAY=path/to/feishu-gateway pytest test_bot.py
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest


class Platform:
    """The local platform on a free port."""

    def __init__(self) -> None:
        program = os.environ.get("FEISHU_GATEWAY", "feishu-gateway")
        self.process = subprocess.Popen([program, "--port", "0", "--json"], stdout=subprocess.PIPE, text=True)
        started = json.loads(self.process.stdout.readline())["data"]
        self.url, self.app_id, self.app_secret = started["base_url"], started["app_id"], started["app_secret"]

    def get(self, path: str):
        with urllib.request.urlopen(f"{self.url}/local/{path}") as answer:
            return json.load(answer)

    def post(self, path: str, body: dict):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/local/{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture
def platform():
    platform = Platform()
    environment = {
        **os.environ,
        "FEISHU_APP_ID": platform.app_id,
        "FEISHU_APP_SECRET": platform.app_secret,
        "FEISHU_DOMAIN": platform.url,
    }
    bot = subprocess.Popen([sys.executable, Path(__file__).with_name("bot.py")], env=environment)
    try:
        end = time.monotonic() + 30
        while platform.get("health")["connections"] == 0:
            assert time.monotonic() < end, "the bot does not connect"
            time.sleep(0.05)
        yield platform
    finally:
        bot.kill()
        platform.process.kill()


def test_click_shows_a_toast(platform):
    outcome = platform.post("click", {"name": "approve", "value": {"order": 42}})
    assert outcome["code"] == 200
    assert outcome["data"] == {"toast": {"type": "success", "content": "approved"}}
    assert outcome["verdict"]["ok"], outcome["verdict"]


def test_failing_handler_shows_an_error(platform):
    outcome = platform.post("click", {"name": "fail"})
    assert outcome["verdict"]["code"] == 200671
