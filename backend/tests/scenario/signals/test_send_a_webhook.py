"""The how-to, run literally: `openssl` and `curl` alone sign and send a delivery."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kuber.infra.db import JsonObject
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import LIMIT_S
from tests.fixtures.workers import Installation

HOW_TO = Path(__file__).parents[4] / "docs" / "how-to" / "send-a-webhook.md"
_EXAMPLE = re.compile(r"<!-- example: (\w+) -->\n```sh\n(.*?)```", re.DOTALL)


def examples() -> dict[str, str]:
    """Return the scripts of the how-to by their names."""
    return dict(_EXAMPLE.findall(HOW_TO.read_text()))


def make_source(trader: Trader, kind: str) -> JsonObject:
    made = trader.http.post("/webhook-sources", json={"name": "My desk", "kind": kind})
    assert made.status_code == 201, made.text
    found: JsonObject = made.json()
    return found


def run(script: str, source: JsonObject) -> list[dict[str, Any]]:
    """Run a script with the two values that its reader has copied; return the answers."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-euo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], "URL": source["url"], "SECRET": source["secret"]},
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.replace("}{", "}\n{").splitlines()]


def announced(installation: Installation, source: JsonObject) -> list[object]:
    rows = installation.query(
        "select signal_id from webhook_deliveries where source_id = %s and code = 'accepted'",
        source["id"],
    )
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks"])
def test_a_signal_sent_as_the_how_to_says_is_accepted(
    installation: Installation, trader: Trader, kind: str
) -> None:
    source = make_source(trader, kind)
    (answer,) = run(examples()[kind], source)
    assert announced(installation, source) == [answer["signal_id"]]


def test_a_signal_sent_twice_as_the_how_to_says_counts_once(
    installation: Installation, trader: Trader
) -> None:
    source = make_source(trader, "hmac")
    first, second = run(examples()["repeated"], source)
    assert first == second
    assert announced(installation, source) == [first["signal_id"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("$SECRET", "not the secret"), "signature_wrong"),
        (('--data-binary "$BODY"', '--data-binary "$BODY "'), "signature_wrong"),
        (("TIMESTAMP=$(date +%s)", "TIMESTAMP=$(($(date +%s) - 301))"), "timestamp_too_old"),
        (("TIMESTAMP=$(date +%s)", "TIMESTAMP=$(($(date +%s) + 302))"), "timestamp_in_future"),
        (("TIMESTAMP=$(date +%s)", "TIMESTAMP=$(date +%T)"), "timestamp_malformed"),
        (('    -H "X-Nonce: $NONCE" \\\n', ""), "signature_missing"),
        (('    -H "X-Signature: $SIGNATURE" \\\n', ""), "signature_missing"),
        (("X-Signature: $SIGNATURE", "X-Signature: none"), "signature_malformed"),
        (("Content-Type: application/json", "Content-Type: text/plain"), "unsupported_media_type"),
        (("BODY='{", "BODY='"), "not_json"),
        (("golden_cross", "golden_goose"), "unknown_signal_type"),
        (('"confidence":85', '"confidence":850'), "bad_confidence"),
        (
            ('[{"ticker":"AAPL","signal":"BULLISH","confidence":85}]', "[]"),
            "no_tickers",
        ),
        (("'$(date +%s)'", "'$(($(date +%s) + 400))'"), "bad_signal_time"),
        (("BODY='{", "BODY='{\"pad\":\"'$(printf '%064000d' 0)'\","), "too_large"),
    ],
)
def test_each_mistake_gets_its_own_answer(
    installation: Installation, trader: Trader, change: tuple[str, str], code: str
) -> None:
    source = make_source(trader, "hmac")
    script = examples()["hmac"]
    assert change[0] in script
    (answer,) = run(script.replace(*change), source)
    assert (answer["code"], bool(answer["errors"][0]["remedy"])) == (code, True), answer
    assert announced(installation, source) == []


def test_header_names_may_be_written_in_any_case(
    installation: Installation, trader: Trader
) -> None:
    source = make_source(trader, "hmac")
    script = examples()["hmac"].replace("X-Nonce:", "x-nOnCe:").replace("X-Sig", "x-sig")
    assert len(announced(installation, source)) == 0
    (answer,) = run(script, source)
    assert announced(installation, source) == [answer["signal_id"]]


def test_an_unknown_address_gets_its_own_answer(trader: Trader) -> None:
    source = make_source(trader, "hmac")
    assert trader.http.delete(f"/webhook-sources/{source['id']}").status_code == 204
    (answer,) = run(examples()["hmac"], source)
    assert (answer["status"], answer["code"]) == (404, "webhook_not_found")


def test_the_alert_of_the_how_to_for_tradingview_is_accepted(
    installation: Installation, trader: Trader
) -> None:
    body = {"name": "Alerts", "kind": "tradingview", "allowed_networks": ["127.0.0.1"]}
    source = trader.http.post("/webhook-sources", json=body).json()
    script = "curl -s \"$URL\" -H 'Content-Type: text/plain' -d 'AAPL buy 80'"
    assert script in HOW_TO.with_name("tradingview.md").read_text()
    (answer,) = run(script, source)
    assert announced(installation, source) == [answer["signal_id"]]
