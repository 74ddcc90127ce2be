"""M11, M12 over the API: closing a part of a position, and an order that names no stop."""

import httpx
import pytest

from tests.fixtures.trading_hall import COIN, Hall, calm_account, hold, place, until


async def test_m11_a_part_is_closed_and_the_rest_stays_open(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    _, position = await hold(ann, hall)
    path = f"/api/v1/positions/{position['id']}"
    answer = await ann.post(f"{path}/close", json={"quantity": "0.5"})
    assert answer.status_code == 202, answer.text
    found = await until(ann, path, quantity="1.5")
    assert (found["status"], found["stop"], found["protected_by"]) == ("open", "90", "monitor")
    assert found["actions"] == []
    answer = await ann.post(f"{path}/close", json={"quantity": "1.5"})
    assert answer.status_code == 202, answer.text
    await until(ann, path, status="closed", exit_reason="asked")


@pytest.mark.parametrize(
    ("quantity", "status", "code"),
    [
        ("2.5", 422, "bad_quantity"),
        ("0.0000001", 422, "bad_quantity"),
        ("0", 422, "invalid"),
        ("-1", 422, "invalid"),
        ("NaN", 422, "invalid"),
    ],
)
async def test_m11_a_part_that_cannot_be_closed_is_refused_with_field_and_remedy(
    ann: httpx.AsyncClient, hall: Hall, quantity: str, status: int, code: str
) -> None:
    _, position = await hold(ann, hall)
    answer = await ann.post(
        f"/api/v1/positions/{position['id']}/close", json={"quantity": quantity}
    )
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code), answer.text
    assert said["errors"][0]["field"] == "quantity"
    assert said["errors"][0]["remedy"]


async def test_m11_of_what_is_being_closed_no_part_can_be(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    _, position = await hold(ann, hall)
    path = f"/api/v1/positions/{position['id']}"
    await hall.rows("update positions set status = 'closing'")
    answer = await ann.post(f"{path}/close", json={"quantity": "1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "position_not_open")


async def test_m12_an_order_without_a_stop_gets_that_of_its_account(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account = await calm_account(ann)
    assert account["simulation"]["default_stop"] == "0.05"
    await hall.quote("100")
    path = f"/api/v1/accounts/{account['id']}"
    answer = await ann.put(path, json={"simulation": {"default_stop": "0.2"}})
    assert answer.json()["simulation"]["default_stop"] == "0.2"
    order = await place(ann, account_id=account["id"], symbol=COIN, side="buy", quantity="1")
    assert order["stop_loss"] == "80"
    order = await until(ann, f"/api/v1/orders/{order['id']}", status="filled")
    await until(ann, f"/api/v1/positions/{order['position_id']}", stop="80", status="open")


async def test_m12_an_account_of_before_has_the_default_stop_of_the_code(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account = await calm_account(ann)
    await hall.rows("update accounts set simulation = simulation - 'default_stop'")
    (read,) = (await ann.get("/api/v1/accounts")).json()["items"]
    assert read["simulation"]["default_stop"] == "0.05"
    await hall.quote("100")
    order = await place(ann, account_id=account["id"], symbol=COIN, side="buy", quantity="1")
    assert order["stop_loss"] == "95"
