"""One trace from the request over its statements to every node of the run, across processes."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.graphs import graph, node, path
from tests.fakes.trace_collector import TraceCollector
from tests.fixtures.workers import NewInstallation


def test_a_run_continues_the_trace_of_the_request_that_asked_for_it(
    new_installation: NewInstallation,
) -> None:
    with TraceCollector() as collector:
        installation = new_installation(
            KUBER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="200"
        )
        api, worker = installation.api(), installation.worker(wait=False)
        api.wait_ready()
        worker.wait_ready()
        trader = installation.sign_up()
        nodes = [node("trigger", "manual_trigger"), node("data", "market_data")]
        run = trader.run_graph(graph(nodes, path("trigger", "data")))
        assert run["status"] == "succeeded"
        spans = collector.wait_for(
            lambda arrived: (
                any(s == "worker" and span.name == "run" for s, span in arrived)
                and any(s == "api" and "/run" in span.name for s, span in arrived)
            )
        )
        installation.__exit__()
    [whole] = [span for _, span in spans if span.name == "run"]
    trace = {(service, span.name) for service, span in spans if span.trace_id == whole.trace_id}
    names = {name for _, name in trace}
    assert any(service == "api" and "POST" in name for service, name in trace)
    assert any(service == "api" and name.startswith("INSERT") for service, name in trace)
    assert {"run", "node pipeline_manager", "node manual_trigger", "node market_data"} <= names
    assert _attribute(whole, "kuber.correlation_id") == run["correlation_id"]


def _attribute(span: Span, name: str) -> str:
    return str(next(item.value.string_value for item in span.attributes if item.key == name))
