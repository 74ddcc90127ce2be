"""A trader's whole story, over HTTP and the event socket, against real processes."""

import json

import httpx
from websockets.sync.client import connect

from kuber.infra.db import JsonObject
from tests.fixtures.traders import PASSWORD, node_of, statuses_of
from tests.fixtures.workers import Installation

AS_OF = "2009-05-14T21:00:00Z"
NODES = ["pipeline_manager", "trigger", "data", "bias", "strategy", "risk", "trade", "report"]


def test_a_trader_goes_from_sign_up_to_a_trade_and_back_through_its_history(
    installation: Installation,
) -> None:
    with httpx.Client(base_url=f"{installation.url}/api/v1", timeout=30) as browser:
        token = _sign_up(browser, "teresa@example.com")

        # She opens the golden cross and risks less than it suggests.
        templates = {item["slug"]: item for item in browser.get("/templates").json()["items"]}
        assert templates["golden-cross"]["as_of_hint"] == AS_OF
        made = browser.post("/pipelines", json={"name": "Evening", "template": "golden-cross"})
        pipeline = made.json()
        assert (made.status_code, pipeline["version"], pipeline["problems"]) == (201, 1, [])
        saved = _with_lower_risk(browser, pipeline)
        assert (saved["version"], saved["revision"], saved["draft_differs"]) == (1, 2, True)
        published = browser.post(
            f"/pipelines/{pipeline['id']}/publish",
            json={"name": "Lower risk"},
            headers={"If-Match": "2"},
        ).json()
        assert (published["version"], published["draft_differs"]) == (2, False)

        # She runs it on the evening of the cross, and watches.
        with connect(installation.url.replace("http", "ws") + "/api/v1/ws") as socket:
            socket.send(json.dumps({"type": "auth", "token": token}))
            body = {"symbol": "AAPL", "as_of": AS_OF, "seed": 1}
            run_id = browser.post(f"/pipelines/{pipeline['id']}/run", json=body).json()[
                "execution_id"
            ]
            socket.send(json.dumps({"type": "subscribe", "topic": f"execution:{run_id}"}))
            events = _watch(lambda: json.loads(socket.recv(timeout=15)))
        completed = [item["node_id"] for item in events if item["type"] == "agent_completed"]
        assert completed == NODES
        [traded] = [item["data"] for item in events if item["type"] == "trade_executed"]
        assert events[-1]["data"]["status"] == "succeeded"

        # She reads what was decided and why.
        run = browser.get(f"/executions/{run_id}").json()
        assert set(statuses_of(run).values()) == {"succeeded"}
        assert run["outcome"].startswith("Bought ")
        assert run["trade"] == traded | {"fills": run["trade"]["fills"]}
        assert run["trade"]["action"] == "buy"
        assert run["data"] == {
            "source": "sample",
            "simulated": False,
            "last_bar_at": "2009-05-14T20:00:00Z",
        }
        assert node_of(run, "strategy")["engine"] == "rules"
        assert "50" in node_of(run, "strategy")["reasoning"]
        assert "AAPL" in run["report"]["markdown"]

        # She runs it again from the risk check, and it decides the same.
        again = browser.post(f"/executions/{run_id}/rerun", json={"from_node": "risk"}).json()
        repeated = _finished(browser, again["execution_id"])
        assert (repeated["trade"], repeated["rerun_of"]) == (run["trade"], run_id)

        # She keeps a copy, takes one home, and finds both runs in the history.
        exported = browser.get(f"/pipelines/{pipeline['id']}/export").json()
        assert exported["format"] == "kuber.pipeline/1"
        assert exported["graph"] == saved["graph"]
        copy = browser.post(f"/pipelines/{pipeline['id']}/clone").json()
        assert (copy["name"], copy["graph"]) == ("Evening (copy)", saved["graph"])
        history = browser.get("/executions", params={"pipeline_id": pipeline["id"]}).json()
        assert [item["id"] for item in history["items"]] == [repeated["id"], run_id]
        assert {item["pipeline_version"] for item in history["items"]} == {2}
        listed = {item["id"]: item for item in browser.get("/pipelines").json()["items"]}
        assert listed[pipeline["id"]]["last_run"]["outcome"] == run["outcome"]
        assert listed[copy["id"]]["last_run"] is None


def _sign_up(browser: httpx.Client, email: str) -> str:
    account = {"email": email, "password": PASSWORD}
    assert browser.post("/auth/register", json=account).status_code == 201
    token: str = browser.post("/auth/login", json=account).json()["access_token"]
    browser.headers["Authorization"] = f"Bearer {token}"
    assert browser.get("/users/me").json()["email"] == email
    return token


def _with_lower_risk(browser: httpx.Client, pipeline: JsonObject) -> JsonObject:
    graph = pipeline["graph"]
    risk = next(node for node in graph["nodes"] if node["id"] == "risk")
    risk["config"]["account_risk_percent"] = "0.5"
    answer = browser.put(
        f"/pipelines/{pipeline['id']}", json={"graph": graph}, headers={"If-Match": "1"}
    )
    assert answer.status_code == 200, answer.text
    saved: JsonObject = answer.json()
    assert saved["problems"] == []
    return saved


def _watch(receive: object) -> list[JsonObject]:
    assert callable(receive)
    events: list[JsonObject] = []
    while not events or events[-1]["type"] != "execution_finished":
        message = receive()
        if "sequence" in message:
            events.append(message)
    return events


def _finished(browser: httpx.Client, run_id: str) -> JsonObject:
    while True:
        run: JsonObject = browser.get(f"/executions/{run_id}").json()
        if run["finished_at"] is not None:
            return run
