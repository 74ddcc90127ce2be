"""Single processes of the platform, and work on its database, on the running stack or any other."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.commands.programs import PROGRAM, api_command, worker_command
from kuber.config import StackSettings, replace_environment, without_secrets

if TYPE_CHECKING:
    from kuber.infra.db import JsonObject


def migrate(settings: StackSettings, *, with_seed: bool) -> int:
    """Bring the tables up to date; return the exit code."""
    use_running_stack(settings)
    from kuber import installation

    installation.migrate()
    if with_seed:
        installation.seed()
    return 0


def seed(settings: StackSettings) -> int:
    """Store the demo user and the sample history; return the exit code."""
    use_running_stack(settings)
    from kuber import installation

    installation.seed()
    return 0


def api(settings: StackSettings) -> int:
    """Become the API server."""
    use_running_stack(settings)
    from kuber.startup import load_settings

    load_settings()
    _become(api_command())


def worker(settings: StackSettings) -> int:
    """Become a worker."""
    use_running_stack(settings)
    from kuber.startup import load_settings

    _become(worker_command(load_settings().worker_processes))


def relay(settings: StackSettings) -> int:
    """Publish the outbox until SIGINT or SIGTERM; return the exit code."""
    use_running_stack(settings)
    from kuber.bootstrap.relay import run_relay

    return _until_stopped(run_relay())


def services(settings: StackSettings, names: Sequence[str], kinds: str | None = None) -> int:
    """Run long-running services until SIGINT or SIGTERM; return the exit code.

    `kinds`, with commas between, keeps the service `generators` to these kinds.
    """
    from kuber.bootstrap.services import SERVICES, run_services

    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        say.failure(f"There is no service {unknown[0]}: choose from {', '.join(SERVICES)}")
        return 2
    wanted = list(names) or list(SERVICES)
    try:
        chosen = None if kinds is None else _generator_kinds(kinds, wanted, settings.home)
    except ValueError as error:
        say.failure(str(error))
        return 2
    use_running_stack(settings)
    return _until_stopped(run_services(wanted, chosen))


def fork_server(pulse: Path | None, run: Callable[[Sequence[str]], None]) -> int:
    """Import what relay and services need, and fork each that the supervisor asks for.

    Return the exit code of the server; in a fork `run` is called with the arguments of its command.
    """
    import kuber.bootstrap.relay
    import kuber.bootstrap.services  # noqa: F401
    from kuber.workers.fork_server import serve

    request = serve(pulse)
    if request is not None:
        assert request.argv[: len(PROGRAM)] == PROGRAM, "relay and services are our own commands"
        os.chdir(request.cwd)
        replace_environment(request.env)
        run(request.argv[len(PROGRAM) :])
    return 0


def _generator_kinds(kinds: str, names: Sequence[str], home: Path) -> tuple[str, ...]:
    """Return the kinds that are asked for; raises ValueError saying what is wrong with them."""
    from kuber.infra.plugins import Verdicts
    from kuber.signals.generators.registry import GeneratorRegistry

    if "generators" not in names:
        raise ValueError("--kinds is for the service generators, which is not among the services.")
    wanted = tuple(dict.fromkeys(one.strip() for one in kinds.split(",")))
    with without_secrets():
        registry = GeneratorRegistry.discover(Verdicts.of(home))
    installed = [row.kind for row in registry.catalogue()]
    unknown = [kind for kind in wanted if kind not in installed]
    if unknown:
        raise ValueError(
            f"--kinds: no generator of kind {unknown[0]!r} is installed: choose from"
            f" {', '.join(installed)}."
        )
    return wanted


def topics(settings: StackSettings) -> int:
    """Create the topics that the cluster lacks; return the exit code."""
    use_running_stack(settings)
    from kuber.bootstrap.services import create_topics
    from kuber.infra.kafka import KafkaUnavailable

    try:
        asyncio.run(create_topics())
    except KafkaUnavailable as error:
        say.failure(f"The topics were not created: {error}")
        return 1
    say.line("Every topic is there.")
    return 0


def _until_stopped(work: Coroutine[None, None, None]) -> int:
    async def run() -> None:
        working = asyncio.create_task(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, working.cancel)
        try:
            await working
        except asyncio.CancelledError:
            return

    asyncio.run(run())
    return 0


def write_contract(contract: "JsonObject", output: Path | None) -> int:
    """Write the HTTP contract to `output` or to the screen; return the exit code."""
    text = json.dumps(contract, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text)
    return 0


def _become(argv: Sequence[str]) -> NoReturn:
    os.execv(argv[0], list(argv))  # noqa: S606  replaces this process; nothing goes through a shell
