"""Staging: where the parts of a plan are, and how relations, files and folders get there, whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import Connection, quoted


def plan_folder(home: Home, plan_id: str) -> Path:
    """Where all is staged that belongs to a plan."""
    return home.staging / "plans" / plan_id


def content_path(home: Home, plan_id: str, part: str) -> Path:
    """Where a part of a plan (portfolios, statements, grants) is staged."""
    return plan_folder(home, plan_id) / f"{part}.parquet"


def write_parquet(connection: Connection, relation: str, path: Path, told: Mapping[str, str] | None = None) -> None:
    """Write a relation as Parquet, whole or not at all; ``told`` goes with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    words = ", ".join(f"{name}: {quoted(value)}" for name, value in (told or {}).items())
    about = f", KV_METADATA {{{words}}}" if words else ""
    connection.execute(f"COPY (FROM {relation}) TO {quoted(unfinished)} (FORMAT parquet, COMPRESSION lz4_raw{about})")
    unfinished.replace(path)


def told_with(path: Path) -> dict[str, str]:
    """What was told with a Parquet file. Raises ``pyarrow.ArrowInvalid`` for one that is damaged."""
    return {name.decode(): value.decode() for name, value in (pq.read_metadata(path).metadata or {}).items()}


def link(path: Path, name: Path) -> None:
    """One file under another name, or a copy where the disk knows no links."""
    try:
        os.link(path, name)
    except OSError:
        if name.exists():  # it may be another folder's file too
            raise
        shutil.copyfile(path, name)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to, which then takes the place of one that may be there; if the block fails, nothing does."""
    unfinished = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.unfinished")
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    if folder.exists():
        replaced = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.unfinished")  # removed as such if this dies
        folder.rename(replaced)
        unfinished.rename(folder)
        shutil.rmtree(replaced)
    else:
        unfinished.rename(folder)
