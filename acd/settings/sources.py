"""Finds and reads the files of a configuration and keeps each with its document.

Decides which files there are, what is right of each, and the order their mistakes are shown in. Must not know what
files say about each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from acd.domain.errors import Mistake
from acd.settings import files, prompt_files, queue_file
from acd.settings.calendar_file import CalendarsFile
from acd.settings.flow_file import FlowFile
from acd.settings.structure import did_you_mean, validate
from acd.settings.table_file import Table, read_table
from acd.settings.yaml_marks import Document, printable, read

M = TypeVar("M", bound=BaseModel)

CONFIG_FILES: dict[str, type[BaseModel]] = {
    "acd.yaml": files.AcdFile,
    "skills.yaml": files.SkillsFile,
    "queues.yaml": queue_file.QueuesFile,
    "agents.yaml": files.AgentsFile,
    "trunks.yaml": files.TrunksFile,
    "calendars.yaml": CalendarsFile,
    "access_codes.yaml": files.AccessCodesFile,
}
"""Every file of the configuration folder, in the order mistakes are shown."""
PROMPTS_FILE = "prompts.yaml"
FLOW_TEST_SUFFIX = ".test.yaml"


@dataclass(slots=True)
class Source(Generic[M]):
    """One file: its document, what is right of it, and whether that is all of it."""

    document: Document
    model: M | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Files:
    """All files, each without a mistake."""

    acd: files.AcdFile
    skills: files.SkillsFile
    queues: queue_file.QueuesFile
    agents: files.AgentsFile
    trunks: files.TrunksFile
    calendars: CalendarsFile
    access_codes: files.AccessCodesFile
    prompts: prompt_files.PromptsFile
    flows: dict[str, FlowFile]
    flow_versions: dict[str, str]
    tables: dict[str, Table]


@dataclass(slots=True)
class Sources:
    """All files as read."""

    acd: Source[files.AcdFile]
    skills: Source[files.SkillsFile]
    queues: Source[queue_file.QueuesFile]
    agents: Source[files.AgentsFile]
    trunks: Source[files.TrunksFile]
    calendars: Source[CalendarsFile]
    access_codes: Source[files.AccessCodesFile]
    prompts: Source[prompt_files.PromptsFile]
    flows: dict[str, Source[FlowFile]]
    tables: dict[str, Table]
    tested: frozenset[str] = frozenset()
    """Flows that have a file of test cases; ``acd.flows`` reads it."""
    strays: list[Document] = field(default_factory=list)
    """Files and folders that are not what they should be; only their mistakes count."""

    def __iter__(self) -> Iterator[Document]:
        """Every document, in the order mistakes are shown."""
        for source in (self.acd, self.skills, self.queues, self.agents, self.trunks, self.calendars):
            yield source.document
        yield from (self.access_codes.document, self.prompts.document)
        yield from (source.document for source in self.flows.values())
        yield from (table.document for table in self.tables.values())
        yield from self.strays

    def mistakes(self) -> tuple[Mistake, ...]:
        """Every mistake found so far, by file, line and column."""
        return tuple(m for document in self for m in sorted(set(document.mistakes)))

    def warnings(self) -> tuple[Mistake, ...]:
        """What can be used as it is, and should be looked at, by file, line and column."""
        return tuple(m for document in self for m in sorted(set(document.warnings)))

    def version(self, besides: bytes = b"") -> str:
        """Short hash of all files' names and contents, and of what else the plan is made from."""
        digest = hashlib.sha256(besides)
        for document in self:
            name = Path(document.file).name.encode("utf-8", "surrogateescape")
            digest.update(b"%d %s %d\n" % (len(name), name, len(document.raw)) + document.raw)
        return digest.hexdigest()[:12]

    def files(self) -> Files | None:
        """The files' contents; None while any of them could not be read."""
        models = (self.acd.model, self.skills.model, self.queues.model, self.agents.model, self.trunks.model)
        acd, skills, queues, agents, trunks = models
        calendars, access_codes, prompts = self.calendars.model, self.access_codes.model, self.prompts.model
        flows = {name: source.model for name, source in self.flows.items() if source.model}
        if not (acd and skills and queues and agents and trunks and calendars and access_codes and prompts):
            return None
        versions = {name: hashlib.sha256(source.document.raw).hexdigest()[:12] for name, source in self.flows.items()}
        return Files(
            acd, skills, queues, agents, trunks, calendars, access_codes, prompts, flows, versions, self.tables
        )


def read_all(config_dir: Path, flows_dir: Path) -> Sources:
    """Read the files of both folders; what is wrong stands in their documents."""
    return Sources(
        acd=_source(config_dir / "acd.yaml", files.AcdFile),
        skills=_source(config_dir / "skills.yaml", files.SkillsFile),
        queues=_source(config_dir / "queues.yaml", queue_file.QueuesFile),
        agents=_source(config_dir / "agents.yaml", files.AgentsFile),
        trunks=_source(config_dir / "trunks.yaml", files.TrunksFile),
        calendars=_source(config_dir / "calendars.yaml", CalendarsFile),
        access_codes=_source(config_dir / "access_codes.yaml", files.AccessCodesFile),
        prompts=_source(flows_dir / PROMPTS_FILE, prompt_files.PromptsFile),
        flows={path.stem: _source(path, FlowFile) for path in _flow_files(flows_dir)},
        tables={path.stem: read_table(path) for path in _files(flows_dir, {".csv"})},
        tested=frozenset(
            path.name.removesuffix(FLOW_TEST_SUFFIX)
            for path in _yaml_files(flows_dir)
            if path.name.endswith(FLOW_TEST_SUFFIX)
        ),
        strays=[*_strays(config_dir, list(CONFIG_FILES)), *_strays(flows_dir, None)],
    )


def _source(path: Path, model: type[M]) -> Source[M]:
    document = read(path)
    return Source(document, *validate(document, model))


def _files(folder: Path, suffixes: set[str]) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in suffixes)
    except OSError:
        return []


def _yaml_files(folder: Path) -> list[Path]:
    return _files(folder, {".yaml", ".yml"})


def _flow_files(folder: Path) -> list[Path]:
    return [
        path
        for path in _yaml_files(folder)
        if path.suffix == ".yaml" and path.name != PROMPTS_FILE and not path.name.endswith(FLOW_TEST_SUFFIX)
    ]


def _strays(folder: Path, known: list[str] | None) -> list[Document]:
    """Files nobody would read: a misspelt name or ending must not silently do nothing."""
    documents = []
    for path in _yaml_files(folder):
        stray = Document(printable(str(path), 4096))
        if known is not None and path.name not in known:
            stray.add((), f"nothing reads a file of this name{did_you_mean(path.name, known)}")
        elif known is None and path.suffix == ".yml":
            stray.add((), "nothing reads this file; flows end in .yaml")
        documents.append(stray)
    return [stray for stray in documents if stray.mistakes]
