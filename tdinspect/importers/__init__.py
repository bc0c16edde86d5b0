"""Text -> Document -> ModelSpec, or the findings that say what is wrong with it. Loads no yaml until a file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tdinspect._startup import no_collection
from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers.document import Document

__all__ = ["Document", "ParsedSpec", "in_order", "is_spec", "read_document", "read_spec"]

_USUAL = Limits()
_NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class ParsedSpec:
    """What a file holds. ``spec`` is None when nothing of it can be used; with findings it must not be run."""

    spec: ModelSpec | None
    findings: tuple[Finding, ...]
    document: Document


def read_spec(
    text: str | bytes, file: str, overrides: Mapping[str, str] = _NO_OVERRIDES, limits: Limits = _USUAL
) -> ParsedSpec:
    """Read one spec; ``file`` gives its default name, ``overrides`` are ``--set NAME=VALUE``.

    Findings carry their positions, in the order of the file; those about ``overrides`` have none and come first.
    """
    with no_collection():
        return _read(text, file, overrides, limits)


def _read(text: str | bytes, file: str, overrides: Mapping[str, str], limits: Limits) -> ParsedSpec:
    from tdinspect.importers.collector import Collector
    from tdinspect.importers.spec_parser import parse_spec

    document, findings = read_document(text, limits)
    if document.root is None or (document.data is None and findings):
        return ParsedSpec(None, tuple(findings), document)
    collector = Collector(limits)
    spec = parse_spec(document.data, file, overrides, collector)
    return ParsedSpec(spec, in_order([*findings, *collector.findings], document), document)


def read_document(text: str | bytes, limits: Limits = _USUAL) -> tuple[Document, list[Finding]]:
    """Read the YAML alone, and what is wrong with it."""
    from tdinspect.importers.yaml_file import read_yaml

    return read_yaml(text, limits)


def is_spec(document: Document) -> bool:
    """True for a mapping with at least one of ``input``, ``inputs``, ``layers``."""
    from tdinspect.importers.spec_parser import looks_like_spec

    return looks_like_spec(document.data)


def in_order(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """With positions, in the order of the file; what an alias repeats stands once.

    Findings about ``--set`` have no position and come first.
    """
    placed = [finding if finding.position else _placed(finding, document) for finding in findings]
    unique = {(f.code, f.message, f.position): f for f in reversed(placed)}  # the first of equal ones stays
    first = reversed(unique.values())
    return tuple(sorted(first, key=lambda finding: finding.place))


def _placed(finding: Finding, document: Document) -> Finding:
    if finding.path[:1] == ("--set",):
        return finding
    uses = tuple(position for use in finding.uses if (position := document.locate(use)))
    return replace(finding, position=document.locate(finding.path, finding.on_key), use_positions=uses)
