"""Bytes that a run on dask moves, by distributed's own counts, and what a million surrogates would.

    python benchmarks/dask_traffic.py [tasks]

A scheduler and two workers of one thread each, in processes of their own. Every message is
counted where distributed writes or reads it; the data that workers send, to each other and on
their way to the client, is their own `transfer_outgoing_bytes_total`. The traffic depends on the
number of tasks and not on what each of them counts, so the tasks are cut short here, and the bytes
of a million surrogates follow from the number of tasks of a second that they make. For comparison,
the same with every table brought to the client.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import distributed
import numpy as np

from pycwt_mod import mothers
from pycwt_mod.backends import DaskBackend
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

MILLION = 1_000_000


def count_messages() -> None:
    """Count what this process's dask writes and reads, from now on."""
    from distributed.comm import tcp

    if hasattr(tcp, "counted"):
        return
    tcp.counted = {"out": 0, "in": 0}
    write, from_frames = tcp.TCP.write, tcp.from_frames

    async def counted_write(self: Any, *args: Any, **kwargs: Any) -> int:
        n_bytes: int = await write(self, *args, **kwargs)
        tcp.counted["out"] += n_bytes
        return n_bytes

    async def counted_from_frames(frames: Any, *args: Any, **kwargs: Any) -> Any:
        tcp.counted["in"] += sum(memoryview(frame).nbytes for frame in frames)
        return await from_frames(frames, *args, **kwargs)

    tcp.TCP.write, tcp.from_frames = counted_write, counted_from_frames


def counted() -> int:
    """Return the bytes that this process wrote and read."""
    from distributed.comm import tcp

    return int(tcp.counted["out"] + tcp.counted["in"])


@contextmanager
def cluster() -> Iterator[distributed.Client]:
    """Start a scheduler and two workers as processes, and connect to them."""
    program = [sys.executable, "-m"]
    started = []
    try:
        scheduler = subprocess.Popen(
            [*program, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"],
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(scheduler)
        assert scheduler.stderr is not None
        for line in scheduler.stderr:
            if "Scheduler at:" in line:
                address = line.split()[-1]
                break
        worker = [*program, "distributed.cli.dask_worker", address, "--nthreads", "1"]
        for _ in range(2):
            quiet = subprocess.DEVNULL
            started.append(
                subprocess.Popen([*worker, "--no-nanny", "--no-dashboard"], stderr=quiet)
            )
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2)
            count_messages()
            client.run(count_messages)
            client.run_on_scheduler(count_messages)
            yield client
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def traffic(client: distributed.Client, run: Callable[[], Any]) -> dict[str, float]:
    """Return the bytes that a run moves."""

    def figures() -> dict[str, float]:
        return {
            "client": counted(),
            "scheduler": client.run_on_scheduler(counted),
            "sent by workers": sum(
                client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total).values()
            ),
            "seconds": time.perf_counter(),
        }

    before = figures()
    run()
    after = figures()
    return {name: after[name] - before[name] for name in before}


def main() -> None:
    n_tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    n_samples = 1000
    plan = make_plan(
        coefficients=(0.6, 0.3), dt=1.0, dj=1 / 12, s0=2.0, J=int(12 * math.log2(n_samples / 2)),
        mother=mothers.Morlet(), pad=padded_length, method="multirate",
    )  # fmt: skip
    kernel = CountSurrogates(plan, Streams.of(np.random.SeedSequence(1)))
    per_task = plan.block_size * max(
        1, round(DaskBackend.task_seconds / (plan.seconds_per_surrogate * plan.block_size))
    )
    table = kernel((0, plan.block_size))
    tasks = [(k * plan.block_size, (k + 1) * plan.block_size) for k in range(n_tasks)]
    print(f"{plan.n_scales} scales, a table of {table.nbytes / 1e6:.1f} MB, {n_tasks} tasks run;")
    print(f"a task of a second has {per_task} surrogates: {MILLION // per_task} make a million\n")
    print(f"{'':28}{'client':>12}{'scheduler':>12}{'sent by workers':>18}")
    with cluster() as client:
        backend = DaskBackend(client)
        list(backend.map_sum(kernel, tasks[:4]))  # the workers import what they need
        ways = {
            "map_sum": lambda: sum(n for n, _ in backend.map_sum(kernel, tasks)),
            "map": lambda: sum(1 for _ in backend.map(kernel, tasks)),
        }
        for name, run in ways.items():
            moved = traffic(client, run)
            print(f"{name}: {moved['seconds']:.0f} s")
            columns = ("client", "scheduler", "sent by workers")
            for title, unit in (
                ("  kB a task", n_tasks * 1e3),
                ("  bytes a surrogate", n_tasks * per_task),
                ("  GB a million surrogates", n_tasks * per_task / MILLION * 1e9),
            ):
                values = [moved[column] / unit for column in columns]
                print(f"{title:28}{values[0]:12.4g}{values[1]:12.4g}{values[2]:18.4g}")


if __name__ == "__main__":
    main()
