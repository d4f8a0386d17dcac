"""Settings from the environment and from `.env`: the only reader of the environment. The README lists every one."""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.errors import InvalidSettings
from bot.model_settings import PlacedModel, Written, has_place_of_its_own, placed_models
from bot.setting_values import (
    alert_channels,
    channel_nodes,
    finding_of,
    listen_address,
    model_prices,
    slack_url,
    traces_url,
)

DEFAULT_MODEL = "gpt-6-luna"
ENV_FILE = ".env"
_PREFIX = "NETSPY_"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Settings(BaseSettings):
    """What can be set. An empty variable counts as unset. Use `load`."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True)

    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias="OPENAI_API_KEY",
        description="key of the language model; without one the planner answers",
    )
    openai_base_url: Text | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="another OpenAI-compatible server, such as a local one"
    )
    ebpf_url: Text | None = Field(
        None,
        validation_alias="NETSPY_EBPF_URL",
        description="ebpf-server, its aggregator, a netspy collector or a recording; unset: http://localhost:8080 if "
        "it answers, else this machine's kernel (a chat as root), else the recording",
    )
    ebpf_token: SecretStr | None = Field(
        None,
        validation_alias="NETSPY_EBPF_TOKEN",
        description="the token that a netspy collector wants, the same on both sides; without one it serves its own "
        "machine only",
    )
    mcp_token: SecretStr | None = Field(
        None,
        validation_alias="NETSPY_MCP_TOKEN",
        description="the token that clients of `netspy mcp --http` send; without one it listens on this machine only",
    )
    node: Text | None = Field(
        None,
        validation_alias="NETSPY_NODE",
        description="what `netspy collect` calls its machine; unset: its host name",
    )
    channel_nodes: Text | None = Field(
        None,
        validation_alias="NETSPY_CHANNEL_NODES",
        description="CHANNEL=NODE, comma-separated: in these channels that node is asked where a question names none",
    )
    host_root: Path = Field(
        Path("/"),
        validation_alias="NETSPY_HOST_ROOT",
        description="where `netspy collect` in a container finds its machine's root, for names of containers and pods",
    )
    database_url: Text | None = Field(
        None,
        validation_alias="NETSPY_DATABASE_URL",
        description="where threads are kept; unset: netspy.db in the user's data directory",
    )
    models: Text = Field(
        DEFAULT_MODEL,
        validation_alias="NETSPY_MODELS",
        description="language models, comma-separated, preferred first; the next one answers when one fails; one at "
        "another server is NAME@BASE_URL",
    )
    model_keys: SecretStr | None = Field(
        None,
        validation_alias="NETSPY_MODEL_KEYS",
        description="keys of those servers: a JSON object of base URLs and the names of the variables that hold them",
    )
    llm_api: Literal["auto", "responses", "chat"] = Field(
        "auto",
        validation_alias="NETSPY_LLM_API",
        description="responses or chat; auto: responses for OpenAI and Azure, chat for any other server",
    )
    model_patience_s: float = Field(
        15.0,
        gt=0,
        allow_inf_nan=False,
        validation_alias="NETSPY_MODEL_PATIENCE_S",
        description="seconds until a language model must have begun its answer; raise it for a slow local one",
    )
    context_tokens: int = Field(
        40_000,
        ge=8_000,
        validation_alias="NETSPY_CONTEXT_TOKENS",
        description="tokens of one request to a language model: tools, thread, question and results; older parts of a "
        "thread are summarised to fit",
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        validation_alias="NETSPY_RETENTION_DAYS",
        description="days after which questions, answers and tables are deleted; unset: kept until `forget`",
    )
    tokens_per_day: int | None = Field(
        None,
        gt=0,
        validation_alias="NETSPY_TOKENS_PER_DAY",
        description="tokens of language models a day (in UTC) of all people together; when they are spent, the planner "
        "answers; unset: no limit",
    )
    tokens_per_day_and_user: int | None = Field(
        None,
        gt=0,
        validation_alias="NETSPY_TOKENS_PER_DAY_AND_USER",
        description="the same for each person in a workspace",
    )
    slack_bot_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_BOT_TOKEN",
        description="the app's bot token (xoxb-...); with it `serve` joins Slack",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="an app-level token (xapp-...) with connections:write: events come over Socket Mode",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="without an app token: events come to /slack/events by HTTP, signed with this",
    )
    slack_api_url: Text = Field(
        "https://slack.com/api/", validation_alias="SLACK_API_URL", description="Slack's Web API, or a proxy of it"
    )
    discord_token: SecretStr | None = Field(
        None, validation_alias="DISCORD_TOKEN", description="the bot's token; with it `serve` joins Discord"
    )
    discord_api_url: Text | None = Field(
        None, validation_alias="DISCORD_API_URL", description="a proxy of Discord's API, with its version: .../api/v10"
    )
    discord_gateway_url: Text | None = Field(
        None, validation_alias="DISCORD_GATEWAY_URL", description="a proxy of Discord's gateway: wss://..."
    )
    listen: Text = Field(
        "127.0.0.1:8787",
        validation_alias="NETSPY_LISTEN",
        description="HOST:PORT of serve's HTTP; port 0 picks a free one and logs it",
    )
    mcp_config: Text | None = Field(
        None,
        validation_alias="NETSPY_MCP_CONFIG",
        description="path of an mcp.json: other MCP servers whose tools a language model may call as well",
    )
    workflows: Text | None = Field(
        None,
        validation_alias="NETSPY_WORKFLOWS",
        description="path of a TOML file of workflows, or of a folder of such files: commands of your own",
    )
    policy: Text | None = Field(
        None,
        validation_alias="NETSPY_POLICY",
        description="path of a policy.toml: who may ask what where, and what each channel may see; unset: members, in "
        "the channels that netspy was invited to, everything, read-only",
    )
    audit_file: Text | None = Field(
        None,
        validation_alias="NETSPY_AUDIT_FILE",
        description="path of a file of JSON lines: who asked what where, and what was decided; it stands in the "
        "database in any case",
    )
    model_data: Literal["full", "masked", "none"] = Field(
        "full",
        validation_alias="NETSPY_MODEL_DATA",
        description="what language models are told: full; masked: placeholders instead of addresses and names; none: "
        "nothing at all, the planner answers",
    )
    model_prices: Text | None = Field(
        None,
        validation_alias="NETSPY_MODEL_PRICES",
        description="what a million tokens cost, for the metric of costs: a JSON object of models and [input, output]",
    )
    alerts_token: SecretStr | None = Field(
        None,
        validation_alias="NETSPY_ALERTS_TOKEN",
        description="the token with which Alertmanager posts to /alerts; with it and the next one `serve` takes alerts",
    )
    alert_channels: Text | None = Field(
        None,
        validation_alias="NETSPY_ALERT_CHANNELS",
        description="RECEIVER=PLATFORM/CHANNEL, comma-separated: where the alerts of Alertmanager's receivers are "
        "investigated; `*` for all others",
    )
    grace_s: float = Field(
        25.0,
        ge=0,
        allow_inf_nan=False,
        validation_alias="NETSPY_GRACE_S",
        description="seconds that answers under way have when `serve` ends; what is not done by then is taken up by "
        "another replica, or at the next start",
    )
    otlp_endpoint: Text | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="where OpenTelemetry traces are sent by OTLP over HTTP; unset: none are made",
    )
    thread_replies: Literal["auto", "mention", "all"] = Field(
        "auto",
        validation_alias="NETSPY_THREAD_REPLIES",
        description="auto: in a thread, follow-ups of the one who asked need no mention; mention: all do; all: none do",
    )
    log_level: Literal["debug", "info", "warning", "error"] | None = Field(
        None,
        validation_alias="NETSPY_LOG_LEVEL",
        description="debug, info, warning or error; logs go to stderr; unset: warning, and info for serve",
    )

    log_format: Literal["console", "json"] = Field(
        "console",
        validation_alias="NETSPY_LOG_FORMAT",
        description="console, or json: one object a line",
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """Without addresses: they may hold a password."""
        return ((name, value) for name, value in super().__repr_args__() if "://" not in str(value))

    @property
    def nodes_of_channels(self) -> dict[str, str]:
        """By the platform's own id of the channel. Raises: InvalidSettings."""
        return channel_nodes(self.channel_nodes or "")

    @property
    def channels_of_receivers(self) -> dict[str, tuple[str, str]]:
        """Platform and channel's id by Alertmanager's receiver. Raises: InvalidSettings."""
        return alert_channels(self.alert_channels or "")

    @property
    def language_models(self) -> tuple[PlacedModel, ...]:
        """Preferred first, each once. Raises: InvalidSettings."""
        written = Written(
            models=self.models,
            keys=self.model_keys.get_secret_value() if self.model_keys else "",
            openai_key=self.openai_api_key,
            openai_url=self.openai_base_url,
            variables=environment(),
        )
        return placed_models(written, api=self.llm_api)

    @property
    def prices_of_models(self) -> dict[str, tuple[float, float]]:
        """Dollars for a million tokens of input and of output, by model. Raises: InvalidSettings."""
        given = model_prices(self.model_prices or "")
        models = self.language_models if given and self.wants_model else ()
        known = {name for model in models for name in (model.name, model.model)}
        if models and (strangers := [name for name in given if name not in known]):
            got = (
                f"it has a price for {strangers[0][:60]!a}, which is none of the models{_nearest(strangers[0], known)}"
            )
            raise InvalidSettings("NETSPY_MODEL_PRICES", got, "name one of NETSPY_MODELS")
        found = {model.name: given.get(model.name, given.get(model.model)) for model in models}
        return {name: prices for name, prices in found.items() if prices}

    @property
    def traces_url(self) -> str | None:
        """Where spans are posted to; None where no traces are made. Raises: InvalidSettings."""
        own = environment().get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
        return traces_url(self.otlp_endpoint, own) if self.otlp_endpoint else None

    @property
    def wants_model(self) -> bool:
        is_openai = self.openai_api_key is not None or self.openai_base_url is not None
        return is_openai or self.model_keys is not None or has_place_of_its_own(self.models)

    @property
    def asks_model(self) -> bool:
        """Whether a language model is there, and may be told anything."""
        return self.wants_model and self.model_data != "none"

    def log_level_of(self, mode: str) -> str:
        return self.log_level or ("info" if mode == "serve" else "warning")

    @property
    def slack_url(self) -> str:
        """Ends in a slash. Raises: InvalidSettings."""
        return slack_url(self.slack_api_url)

    @property
    def listen_address(self) -> tuple[str, int]:
        """Host and port of `listen`. Raises: InvalidSettings."""
        return listen_address(self.listen)


def load(env_file: Path | None = None) -> Settings:
    """Read all settings. Raises: InvalidSettings, which names variables but never their values."""
    settings, wrong = load_usable(env_file)
    if wrong:
        first, more = wrong[0], len(wrong) - 1
        hint = f"; netspy doctor names {more} more" if more else ""
        raise InvalidSettings(first.asked, first.got, f"{first.remedy}{hint}", finding=first.finding)
    return settings


def load_usable(env_file: Path | None = None) -> tuple[Settings, tuple[InvalidSettings, ...]]:
    """All settings, those that cannot be used as if they were unset, and what is wrong with each of these."""
    file: Path | str | None = env_file or ENV_FILE
    wrong: list[InvalidSettings] = []
    try:
        _in_file(env_file or ENV_FILE)
    except InvalidSettings as error:
        wrong, file = [error], None
    try:
        return Settings(_env_file=file), tuple(wrong)  # type: ignore[call-arg]  # pydantic-settings' own argument
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
    wrong += [InvalidSettings(str(each["loc"][0]), each["msg"].lower(), "correct it, or unset it") for each in found]
    names = {str(each["loc"][0]) for each in found}
    unset = {name: field.default for name, field in _by_variable().items() if name in names}
    return Settings(_env_file=file, **unset), tuple(wrong)  # type: ignore[call-arg]  # the same


def _in_file(path: Path | str) -> dict[str, str]:
    """Variables that a file sets. Raises: InvalidSettings for one that is there and cannot be read."""
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except OSError as error:
        got, finding = (error.strerror or "it cannot be read").lower(), finding_of(error)
        raise InvalidSettings(
            str(path), got, "let netspy's user read it, or start elsewhere", finding=finding
        ) from None
    except UnicodeDecodeError:
        raise InvalidSettings(str(path), "it is not written in UTF-8", "save it in UTF-8") from None


def _by_variable() -> dict[str, FieldInfo]:
    return {str(field.validation_alias): field for field in Settings.model_fields.values()}


def data_dir() -> Path:
    """Where this user's netspy keeps its files: `$XDG_DATA_HOME/netspy`, by default `~/.local/share/netspy`."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "netspy"


def environment() -> Mapping[str, str]:
    """Every variable that is set, also in `.env`: for what names variables of its own choice, such as mcp.json.

    Raises: InvalidSettings.
    """
    return {**_in_file(ENV_FILE), **os.environ}


def wants_colour() -> bool:
    """False under NO_COLOR (https://no-color.org) and on a terminal that calls itself dumb."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def variables() -> dict[str, str]:
    """Every variable that is read, with its meaning."""
    return {name: field.description or "" for name, field in _by_variable().items()}


def unknown_variables(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A sentence for each `NETSPY_*` variable that nobody reads, naming the nearest one that exists."""
    known = variables()
    given = _readable_environment() if environment is None else environment
    strangers = sorted(name for name in given if name.startswith(_PREFIX) and name not in known)
    return tuple(f"{name} is not a setting{_nearest_setting(name, known)}" for name in strangers)


def _readable_environment() -> Mapping[str, str]:
    try:
        return environment()
    except InvalidSettings:
        return os.environ


def _nearest_setting(name: str, known: Iterable[str]) -> str:
    """Only what is behind the prefix is compared: with it, every short name is near another one."""
    own = {each.removeprefix(_PREFIX): each for each in known if each.startswith(_PREFIX)}
    near = get_close_matches(name.removeprefix(_PREFIX), own, n=1)
    return f"; did you mean {own[near[0]]}?" if near else ""


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
