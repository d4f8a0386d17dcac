"""Which language models there are, and where: what NETSPY_MODELS and NETSPY_MODEL_KEYS mean. Pure.

It never puts a key into a sentence, nor what may be one in the wrong place. `settings.py` calls it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.domain.errors import InvalidSettings

MODELS, KEYS = "NETSPY_MODELS", "NETSPY_MODEL_KEYS"
OPENAI_URL = "https://api.openai.com/v1"
PLANNER = "planner"
"""What the planner is called in notices: no model has that name alone."""
Api: TypeAlias = Literal["responses", "chat"]

_ENTRY = re.compile(r"(?P<name>@?[^@]+(?:@[0-9]+)?)(?:@(?P<url>.*))?")
"""Some providers' names begin with an @ or have a version behind one."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]{0,23}(?:_[A-Z0-9]{1,24})*")
"""Narrower than what a shell allows: a key that was written instead of a name must not be taken for one and shown."""
_OPENAI_HOSTS = (".openai.com", ".openai.azure.com", ".services.ai.azure.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedModel:
    """A language model at its server. `model` is the server's name for it, `name` one that no other model here has.

    `key_setting` and `url_setting` say what the key and the URL are set by.
    """

    model: str
    name: str
    base_url: str
    key: SecretStr
    api: Api
    key_setting: str
    url_setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The texts of all settings about models. `variables` is where the keys of other servers are looked up."""

    models: str
    keys: str
    openai_key: SecretStr | None
    openai_url: str | None
    variables: Mapping[str, str]


def has_place_of_its_own(models: str) -> bool:
    """Whether some entry names its server."""
    return any("://" in entry for entry in models.split(","))


def placed_models(written: Written, *, api: Literal["auto", "responses", "chat"]) -> tuple[PlacedModel, ...]:
    """Preferred first, each once. Raises: InvalidSettings."""
    keys, entries = _keys(written), dict.fromkeys(_entries(written.models))
    default = base_url(written.openai_url or OPENAI_URL, "OPENAI_BASE_URL")
    if unused := [place for place in keys if place not in {url or default for _, url in entries}]:
        raise InvalidSettings(KEYS, f"it has a key for {unused[0]}, but no model is there", f"name one in {MODELS}")
    found = [_placed(name, url or default, written, keys) for name, url in entries]
    return tuple(_named(found if api == "auto" else [replace(each, api=api) for each in found]))


def _entries(models: str) -> Iterator[tuple[str, str | None]]:
    """Names, with the URLs that stand behind them."""
    entries = [entry.strip() for entry in models.split(",") if entry.strip()]
    if not entries:
        raise InvalidSettings(MODELS, "it names no model", "unset it, or write NAME or NAME@BASE_URL")
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise InvalidSettings(MODELS, f"{entry[:60]!a} is no model", "write NAME, or NAME@BASE_URL")
        yield match["name"].strip(), None if match["url"] is None else base_url(match["url"], MODELS)


def base_url(text: str, setting: str) -> str:
    """A URL that paths can be put behind, written in one way. Raises: InvalidSettings, which does not tell it."""
    try:
        parts = urlsplit(text.strip())
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment or "@" in parts.netloc:
        remedy = "write it like http://127.0.0.1:11434/v1, without user, query or fragment"
        raise InvalidSettings(setting, "it holds an address that is no base URL of an HTTP server", remedy)
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path.rstrip("/")).geturl()


def _keys(written: Written) -> dict[str, str]:
    """Names of variables by base URL."""
    if not written.keys.strip():
        return {}
    try:
        given = json.loads(written.keys)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        remedy = 'write {"https://NAME.openai.azure.com/openai/v1": "AZURE_KEY"}'
        raise InvalidSettings(KEYS, "it is no JSON object of base URLs and names of variables", remedy)
    return {base_url(url, KEYS): _variable(name, written.variables) for url, name in given.items()}


def _variable(name: object, variables: Mapping[str, str]) -> str:
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise InvalidSettings(
            KEYS, "it holds something that is no name of a variable (capital letters, digits and _)",
            "put the key into a variable of its own, and write that one's name here",
        )  # fmt: skip
    if not variables.get(name, "").strip():
        raise InvalidSettings(KEYS, f"it names the variable {name}, which is not set", "set it, or take it out")
    return name


def _placed(name: str, place: str, written: Written, keys: Mapping[str, str]) -> PlacedModel:
    """OpenAI's own key goes to OpenAI, or to the server that OPENAI_BASE_URL names, and to no other."""
    is_default = place == base_url(written.openai_url or OPENAI_URL, "OPENAI_BASE_URL")
    key, key_setting = SecretStr(""), f"the variable that {KEYS} names for it"
    if variable := keys.get(place):
        key, key_setting = SecretStr(written.variables[variable]), variable
    elif is_default:
        key, key_setting = written.openai_key or key, "OPENAI_API_KEY"
    if place == OPENAI_URL and not key.get_secret_value():
        remedy = "set OPENAI_API_KEY" if is_default else f"name the variable of its key in {KEYS}"
        raise InvalidSettings(MODELS, f"{name[:60]!a} is at OpenAI, and has no key for it", remedy)
    return PlacedModel(
        model=name,
        name=name,
        base_url=place,
        key=key,
        api=_api(place),
        key_setting=key_setting,
        url_setting="OPENAI_BASE_URL" if is_default else f"its address in {MODELS}",
    )


def _api(url: str) -> Api:
    """What the server speaks best."""
    return "responses" if f".{urlsplit(url).hostname}".endswith(_OPENAI_HOSTS) else "chat"


def _named(models: Sequence[PlacedModel]) -> Iterator[PlacedModel]:
    """Each by its own name where that is one model's only, else with its host, else with its whole URL."""
    names = Counter([PLANNER, *(each.model for each in models)])
    with_host = Counter(map(_at_host, models))
    for each in models:
        if names[each.model] == 1:
            yield each
        elif with_host[_at_host(each)] == 1:
            yield replace(each, name=_at_host(each))
        else:
            yield replace(each, name=f"{each.model}@{each.base_url}")


def _at_host(model: PlacedModel) -> str:
    return f"{model.model}@{urlsplit(model.base_url).netloc}"
