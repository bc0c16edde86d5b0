"""Whether a file is a spec: from its text where that is sure, else from the YAML in it."""

from __future__ import annotations

import re

from tdinspect.importers import is_spec, read_document

# A file that begins, behind comments and plain `key: word` lines, with a key that only a spec has. Nothing before the
# key opens a quote, a bracket or a block of text that the key could lie in, so either YAML reads it as this key of the
# mapping at the top, or the file is no YAML at all: kept in both cases.
_SURELY_SPEC = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:[ \t]*(?:#[^\r\n]*)?\r?\n"
    rb"|---[ \t]*\r?\n"
    rb"|[A-Za-z_]\w*:[ \t]+[A-Za-z0-9_][A-Za-z0-9_ ,./()+=-]*(?:[ \t]#[^\r\n]*)?\r?\n)*+"
    rb"(?:inputs?|layers):(?=[\s]|\Z)"
)


def surely_spec(data: bytes) -> bool:
    """True where the first lines show that the file is kept as a spec; False says nothing."""
    return _SURELY_SPEC.match(data) is not None


def kept(data: str | bytes) -> bool:
    """Whether the file is a spec. YAML that cannot be read is kept, too: it is a finding."""
    if isinstance(data, bytes) and surely_spec(data):
        return True
    document, findings = read_document(data)
    unreadable = document.data is None and any(finding.code != "TD003" for finding in findings)
    return unreadable or is_spec(document)
