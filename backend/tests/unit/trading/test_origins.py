"""Ids of orders follow from what wanted them."""

from uuid import UUID, uuid4, uuid5

from kuber.kernel.ids import RunId
from kuber.trading.origins import Origin, OriginKind

RUN = RunId(uuid4())


def test_an_order_id_follows_from_origin_leg_and_attempt_alone() -> None:
    origin = Origin.of_node(RUN, "trade")
    assert origin.order_id() == Origin.of_node(RUN, "trade").order_id("entry", 1)
    others = {
        origin.order_id(),
        origin.order_id("stop"),
        origin.order_id("entry", 2),
        origin.order_id("entry2", 1),
        Origin.of_node(RUN, "twin").order_id(),
        Origin.of_node(RunId(uuid4()), "trade").order_id(),
        Origin(OriginKind.RUN, (str(RUN), "trade", "0")).order_id(),
        Origin(OriginKind.MONITOR, (str(RUN), "trade")).order_id(),
        Origin(OriginKind.PERSON, (str(RUN), "trade")).order_id(),
        Origin.of_node(RUN, "trade/0").order_id(),
    }
    assert len(others) == 10


def test_the_first_entry_of_a_node_keeps_the_id_it_had_before_legs_had_names() -> None:
    run = RunId(UUID("01890000-0000-7000-8000-000000000001"))
    before = uuid5(UUID("6f1c2f5e-0a55-5c1e-9a5d-6b1f5a5f7a11"), f"{run}/trade/0")
    assert Origin.of_node(run, "trade").order_id() == before
    assert str(before) == "00578082-24af-56e2-b384-d5f3f27874d6"


def test_an_origin_names_its_run_and_its_node_if_it_has_them() -> None:
    node = Origin.of_node(RUN, "trade")
    assert (node.run_id, node.node_id) == (RUN, "trade")
    person = Origin(OriginKind.PERSON, ("request",))
    assert (person.run_id, person.node_id) == (None, None)
