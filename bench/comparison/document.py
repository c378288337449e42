"""The measured sections of docs/performance.md; all around them is written by hand and stays."""

from pathlib import Path

from .errors import UserError


def replace_section(file: Path, name: str, text: str) -> None:
    """Puts `text` between the two marks of section `name`. @throws UserError where the marks are not there"""
    begin, end = f"<!-- measured: {name} (bench/compare.py writes this section) -->", f"<!-- end: {name} -->"
    before = file.read_text()
    head, found_begin, rest = before.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not (found_begin and found_end):
        raise UserError(f"{file}: expected the lines\n{begin}\n{end}\nwith the section between. Put them back.")
    file.write_text(f"{head}{begin}\n\n{text}\n\n{end}{tail}")
