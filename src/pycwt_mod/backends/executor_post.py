"""A kernel and its tasks on their way to an executor's worker processes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from .deadline import Deadline, OutOfTime
from .shipment import LACKING, Sharing, Shipment, receive, run_shipped

__all__ = ["Post", "Sent"]

T = TypeVar("T")
R = TypeVar("R")

# Workers that may be on other machines are sent what is larger than this once, and not with each
# task; if they can see this machine's files, they map it from there.
ELSEWHERE_BYTES = 100_000


@dataclass(eq=False)
class Sent(Generic[T]):
    """A task that was sent to a worker, to be sent again should the worker lack the kernel."""

    task: T
    future: Future[Any]


class Post(Generic[T, R]):
    """A kernel for an executor's worker processes, with each task of one call.

    What is large in the kernel lies in a file. A worker that cannot see this machine's files says
    so, once, and is then sent the whole.

    Parameters
    ----------
    kernel : callable
        Function of one task.
    submit : callable
        ``submit(function, *args)`` of the executor.
    wait : callable
        Waits for a future of it and returns its result, or raises.
    deadline : Deadline
        The end of the call.
    is_here : bool
        Whether the workers surely see this machine's files and clock.
    """

    def __init__(
        self,
        kernel: Callable[[T], R],
        submit: Callable[..., Future[Any]],
        wait: Callable[[Future[Any]], Any],
        deadline: Deadline,
        is_here: bool,
    ) -> None:
        self._kernel = kernel
        self._submit_call = submit
        self._wait = wait
        self._deadline = deadline
        self._is_here = is_here
        self._shipment = Shipment.of(
            kernel, Sharing() if is_here else Sharing(ELSEWHERE_BYTES, by_name=False)
        )
        self._outstanding: list[Sent[T]] = []

    @functools.cached_property
    def _whole(self) -> Shipment:
        return replace(Shipment.of(self._kernel), token=self._shipment.token)

    def send(self, task: T) -> Sent[T]:
        """Send a task to some worker.

        Parameters
        ----------
        task : object
            The task.

        Returns
        -------
        Sent
            For `collect`, which is to be called in the order of sending.
        """
        self._deadline.check()
        sent = Sent(task, self._submit(self._shipment, task))
        self._outstanding.append(sent)
        return sent

    def collect(self, sent: Sent[T]) -> Any:
        """Wait for a task's result, or raise its exception.

        Parameters
        ----------
        sent : Sent
            What `send` returned.

        Returns
        -------
        object
            The kernel's result.
        """
        data = self._wait(sent.future)
        if data == LACKING:
            self._send_whole()
            data = self._wait(sent.future)
        self._outstanding.remove(sent)
        try:
            return receive(data)
        except OutOfTime:
            raise self._deadline.error() from None

    def close(self) -> None:
        """Remove the file."""
        self._shipment.close()

    def _submit(self, shipment: Shipment, task: T) -> Future[Any]:
        # The time that is left by now, where the worker has another clock.
        alarm = self._deadline.alarm(self._is_here)
        return self._submit_call(run_shipped, shipment, task, alarm)

    def _send_whole(self) -> None:
        """Send all tasks again that came back for want of the kernel, with the kernel."""
        for sent in self._outstanding:
            done = sent.future.done() and not sent.future.exception()
            if done and sent.future.result() == LACKING:
                sent.future = self._submit(self._whole, sent.task)
