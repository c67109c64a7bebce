"""Whether a finding is the right one: its label, and the place it names."""
import re

LAYER = re.compile(r"^model\.\d+(\.[A-Za-z]\w*)?(\.body\.\d+(\.[A-Za-z]\w*)?)*$")


def accepted_labels(facts: dict) -> set[str]:
    return {facts["labels"]["primary"], *facts["labels"]["accepted"]}


def normalized(place: str) -> str:
    """A place in the vocabulary of settings: layer `3.dense` and its variable `3.dense/kernel` are `model.3.dense`."""
    place = re.sub(r"/[A-Za-z]\w*$", "", place.strip()).replace("/", ".")
    return f"model.{place}" if re.match(r"^\d+(\.|$)", place) else place


def is_file(place: str) -> bool:
    """Whether a place of a case.json is a file of data."""
    return re.search(r"\.(csv|tsv|npz|npy|txt)$", place) is not None


def expression(pattern: str) -> str:
    """A pattern of settings: `*` stands for one part of a path or more, and what lies below it belongs to it."""
    return re.escape(pattern).replace(r"\*", r"[^.]+(?:\.[^.]+)*")


def is_same_place(expected: str, found: str) -> bool:
    """Whether a place that was found is the expected one, or lies in it."""
    if is_file(expected):
        return re.search(rf"(^|[/\s]){re.escape(expected)}($|[^\w.])", found) is not None
    return re.match(rf"^{expression(expected)}(\.|$)", normalized(found)) is not None


def is_layer_of(expected: str, found: str) -> bool:
    """Whether a place that was found is the layer in which the expected setting stands."""
    found, last = normalized(found), expected.rpartition(".")[2]
    return "." in expected and LAYER.match(found) is not None and is_same_place(expected, f"{found}.{last}")


def names_setting(expected: list[str], found: list[str]) -> bool:
    """Whether one of the places found is an expected setting, or lies in it."""
    return any(is_same_place(e, f) for e in expected for f in found)


def names_place(expected: list[str], found: list[str]) -> bool:
    """The same, or one of them is the layer of an expected setting."""
    return names_setting(expected, found) or any(is_layer_of(e, f) for e in expected for f in found)
