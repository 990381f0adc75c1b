"""Stop signals: recorded when they arrive, obeyed where it is safe.

An exception that a signal handler raises can interrupt any instruction and leave its work half
done; in a callback of the interpreter it is lost. So the handlers only record the signal. A long
operation asks for it with `exit_if_stopped`, and a coroutine is cancelled by `run`.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Result = TypeVar("Result")


class Stopped(SystemExit):
    """A stop signal arrived. The exit status is the one that shells use: 128 + the signal."""


@dataclass
class _Record:
    signal: int | None = None
    cancel: Callable[[], object] | None = None


_record = _Record()  # one for the process, as its signals are


@contextmanager
def recorded_signals() -> Iterator[None]:
    """Record stop signals inside the block, instead of ending at once."""

    def stop(number: int, _: FrameType | None) -> None:
        if _record.signal is None:  # a further signal must not interrupt the clean-up
            _record.signal = number
            if _record.cancel is not None:
                _record.cancel()

    def stop_by_hangup(_: int, __: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)  # uvicorn handles SIGTERM but not SIGHUP

    previous = {each: signal.getsignal(each) for each in STOP_SIGNALS}
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if previous[signal.SIGHUP] is not signal.SIG_IGN:  # `nohup` ignores it
        signal.signal(signal.SIGHUP, stop_by_hangup)
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
        _record.signal = None


def is_stopped() -> bool:
    """Whether a stop signal has arrived."""
    return _record.signal is not None


def exit_if_stopped() -> None:
    """End if a stop signal has arrived.

    Raises:
        Stopped: it has.
    """
    if _record.signal is not None:
        raise Stopped(128 + _record.signal)


def run(operation: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine as `asyncio.run` does, and cancel it when a stop signal arrives.

    Raises:
        Stopped: a signal arrived before the operation was complete.
    """

    async def run_cancellable() -> Result:
        task = asyncio.ensure_future(operation)
        loop = asyncio.get_running_loop()
        _record.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if is_stopped():
            task.cancel()
        try:
            return await task
        finally:
            _record.cancel = None

    try:
        return asyncio.run(run_cancellable())
    except asyncio.CancelledError:
        exit_if_stopped()
        raise
