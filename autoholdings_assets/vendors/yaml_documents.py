"""YAML files that people write, read into models, with every problem said as a sentence.

What belongs here: reading YAML, and turning what is wrong with it into "file, line, key: what is wrong, what
to write instead". What does not: the meaning of any key (``model.py`` and ``config_model.py`` have that).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

Loc = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, where PyYAML was built with it


class ConfigurationError(Exception):
    """Something in a configuration file must be changed by a person; ``str()`` lists every problem found."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StrictModel(BaseModel):
    """A part of a YAML file: unchangeable once read, without unknown keys; a key without a value is as good as none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, keys: Any) -> Any:
        return {key: value for key, value in keys.items() if value is not None} if isinstance(keys, dict) else keys


@dataclass(frozen=True)
class YamlDocument:
    """A YAML file's content as dicts, lists, text and None, with the line on which each key stands.

    Scalars stay text: what a value is, its model decides, so that a group called NO is no "false" and a code 0123 is no
    number.
    """

    path: Path
    content: dict[str, Any]
    lines: dict[Loc, int] = field(default_factory=dict)

    def problem(self, loc: Loc, sentence: str) -> str:
        """One problem with the file, line and key path that it is about."""
        line = next((self.lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in self.lines), None)
        where = f"{self.path.name}, line {line}" if line else self.path.name
        return f"{where}, {key_path(loc)}: {sentence}" if loc else f"{where}: {sentence}"


def read_yaml(path: Path) -> YamlDocument:
    """Read a YAML file whose top level is a list of keys.

    Raises ``ConfigurationError`` when there is no such file, when it is no YAML (naming the line), or when a key stands
    in it twice.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=LOADER)
    except (FileNotFoundError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError([_unreadable(path, error)]) from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError([f"{path.name} has no keys: it must start with lines such as `name: value`."])
    document = YamlDocument(path, {}, {})
    problems: list[str] = []
    document.content.update(_value(root, (), document, problems))
    if problems:
        raise ConfigurationError(problems)
    return document


def _unreadable(path: Path, error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return f"{path.name} does not exist (looked in {path.parent}): create it, or run `autoholdings init`."
        case UnicodeDecodeError():
            return f"{path.name} is not saved as UTF-8: save it again with the encoding UTF-8."
        case yaml.MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            what = re.sub(r"'[^']{2,}'", "...", str(error.problem))  # a secret with an unlucky first character
            return (
                f"{path.name}{where}: this is not valid YAML ({what}). Check the indentation, the colons and the "
                "quotes there and on the line before."
            )
    return f"{path.name}: this is not valid YAML."


def _value(node: yaml.Node, loc: Loc, document: YamlDocument, problems: list[str]) -> Any:
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*loc, key)
            document.lines[here] = key_node.start_mark.line + 1
            if key in values:
                problems.append(document.problem(here, "this key stands here twice; keep one of the two."))
            values[key] = _value(value_node, here, document, problems)
        return values
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            document.lines[(*loc, position)] = item.start_mark.line + 1
        return [_value(item, (*loc, position), document, problems) for position, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    plain = not node.style  # None, or empty with the loader in C
    return None if plain and node.value in ("", "~", "null", "Null", "NULL") else node.value


def build(model: type[Model], document: YamlDocument) -> tuple[Model | None, list[str]]:
    """The model that a document describes, or None and every problem found."""
    try:
        return model.model_validate(document.content), []
    except ValidationError as error:
        return None, [
            document.problem(
                tuple(e["loc"]), _sentence(model, tuple(e["loc"]), e["type"], e["msg"], e.get("ctx") or {})
            )
            for e in error.errors(include_input=False, include_url=False)
        ]


def _sentence(model: type[BaseModel], loc: Loc, kind: str, message: str, context: Mapping[str, Any]) -> str:
    """What is wrong at ``loc``, without what was written there: it may be a secret in the wrong place."""
    key = str(loc[-1]) if loc else ""
    match kind:
        case "extra_forbidden":
            return unknown_key(key, _known_keys(model, loc[:-1]))
        case "missing":
            return f"this key is missing; add `{key}: ...`."
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"write one of: {context['expected']}."
        case "string_type":
            return "write one text here (in quotes if it holds a colon or a #)."
        case "list_type" | "tuple_type":
            return "write a list here, for example [A, B]."
        case "model_type" | "dict_type" | "model_attributes_type":
            return "write keys with values here, indented below this line."
        case "bool_parsing" | "bool_type":
            return "write true or false."
        case _:
            return f"{message[:1].lower()}{message[1:]}."


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that nothing reads, with the nearest known one."""
    known = sorted(known)
    return f"there is no such key{nearest(key, known)}. The keys here are: {', '.join(known)}."


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean "x"?)`` or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""


def key_path(loc: Loc) -> str:
    """``integration_profiles[1].groups`` for ("integration_profiles", 1, "groups")."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _known_keys(model: type[BaseModel], loc: Loc) -> list[str]:
    for step in loc:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
