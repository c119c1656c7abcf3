"""Files that others watch: written beside their place, and moved there in one step."""

import json
import pathlib


def write(path: pathlib.Path, text: str):
    """Only when it changes; nobody is woken for nothing."""
    if path.exists() and path.read_text() == text:
        return
    # A hidden name: who watches the folder does not look at those.
    new = path.with_name("." + path.name)
    new.write_text(text)
    new.rename(path)


def write_json(path: pathlib.Path, value):
    write(path, json.dumps(value, indent=1) + "\n")
