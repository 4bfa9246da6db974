"""Work in processes of their own, quickly: they are forked from one that has imported everything.

What belongs here: starting such a process, and commands in it. What does not: what becomes of it.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(
    # the last is what pandera imports with the first file that it checks, Hypothesis with it where that is installed
    ["autoholdings_tests.library", "autoholdings_assets.pipeline.launch", "pandera.strategies.pandas_strategies"]
)


def start(function: Callable[..., object], *arguments: object) -> BaseProcess:
    """Call a function of a module in a process of its own, with this process's environment variables."""
    process: BaseProcess = FORKING.Process(target=_call, args=(dict(os.environ), function, arguments))
    process.start()
    return process


def command(home: Path, *words: str, output: Path | None = None) -> BaseProcess:
    """Start `autoholdings WORDS` for a home; its exit status is the process's, and what it prints goes to the file."""
    return start(_execute, home, output, *words)


def die(*_: Any, **__: Any) -> None:
    """End this process as the operating system would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _call(environment: Mapping[str, str], function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    function(*arguments)


def _execute(home: Path, output: Path | None, *words: str) -> None:
    if output is not None:  # else it is printed where the first of these processes printed
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(file, stream)
    from autoholdings_assets.cli import execute  # in the process that was forked

    sys.exit(execute([*words, "--home", str(home)]))
