"""Floor: CrewAI flows of empty steps a second, in two processes. Prints the rate."""

import asyncio
import json
import multiprocessing
import sys
import time
from typing import Any

PROCESSES = 2


def work(count: int, steps: int, ready: Any, go: Any) -> None:
    """Run `count` flows once everybody is ready."""
    from kuber.agents.crews.runtime import import_crewai

    import_crewai()
    from crewai.flow.flow import Flow, FlowState, listen, start

    methods: dict[str, Any] = {"__module__": __name__, "_skip_auto_memory": True}
    for number in range(steps):

        async def step(self: Flow[FlowState]) -> None:
            return None

        step.__name__ = f"step_{number}"
        methods[step.__name__] = start()(step) if not number else listen(f"step_{number - 1}")(step)
    flow_class = type("Bare", (Flow[FlowState],), methods)

    async def run() -> None:
        ready.release()
        go.wait()
        for _ in range(count):
            await flow_class(suppress_flow_events=True).kickoff_async()

    asyncio.run(run())


def main() -> None:
    argument = json.loads(sys.argv[1])
    count, steps = argument["count"], argument["steps"]
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    workers = [
        context.Process(target=work, args=(count // PROCESSES, steps, ready, go))
        for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    print(count / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
