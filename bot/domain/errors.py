"""The error tree. Its branches say who has to act; each error says what was asked, what came back and what to try.

    NetspyError
    ├── UserError            the person who asked can mend it
    │   ├── InvalidArguments     a tool's or a command's arguments
    │   ├── UnknownTool
    │   ├── UnknownCommand
    │   ├── UnusableMessage      empty, far too long, ...
    │   ├── NotPermitted         the policy is against it, or it comes too often
    │   ├── UnusableFile         FileTooLarge: an attached file that nothing can be made of
    │   └── CannotAnswer         this source lacks what the tool needs
    ├── OperatorError        whoever runs netspy can mend it
    │   ├── InvalidSettings
    │   ├── CannotCollect        no kernel programs can run on this machine
    │   ├── CannotRecord         the file of a recording cannot be written
    │   └── StorageError         StorageCorrupt, StorageLocked, StorageFull
    ├── PeerError            another program failed
    │   ├── SourceError          SourceUnreachable, SourceTimeout, SourceRefused, SourceMalformed
    │   ├── ModelError           ModelUnreachable, ModelSilent, ModelBusy, ModelRefused (ImagesRefused), ModelTruncated
    │   ├── PlatformError        Undeliverable
    │   └── ToolHostError
    └── Bug                  ours

Only the file that owns an SDK translates that SDK's exceptions into these.
"""


class NetspyError(Exception):
    """An error whose text can be shown to people.

    `asked` is what was tried, `got` what came back, `remedy` what to do next; each is a clause without a full stop.
    `finding` is the name of the case, for machines: `model-credits`. A class has one for all that name none.
    """

    finding: str = ""

    def __init__(self, asked: str, got: str, remedy: str = "", *, finding: str = "") -> None:
        self.asked = asked
        self.got = got
        self.remedy = remedy
        self.finding = finding or type(self).finding
        super().__init__(asked, got, remedy)

    def __str__(self) -> str:
        said = f"{self.asked}: {self.got}"
        return f"{said}. {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else said


class UserError(NetspyError):
    """The person who asked can mend it."""


class InvalidArguments(UserError):
    """Arguments that the tool or the command does not take."""


class UnknownTool(UserError):
    """No tool has that name."""


class UnknownCommand(UserError):
    """No command has that name."""


class UnusableMessage(UserError):
    """A message that cannot be a question: empty, or too long."""


class NotPermitted(UserError):
    """The policy does not allow it to this person, or not here, or not so often. Only they need to be told.

    `rule` is the name of the policy's rule that says so; empty where none does.
    """

    def __init__(self, asked: str, got: str, remedy: str = "", *, rule: str = "") -> None:
        super().__init__(asked, got, remedy)
        self.rule = rule


class UnusableFile(UserError):
    """An attached file that nothing can be made of."""


class FileTooLarge(UnusableFile):
    """A file that holds more than may be read."""


class CannotAnswer(UserError):
    """The present source lacks what the tool needs; `remedy` names a source that has it."""


class OperatorError(NetspyError):
    """Whoever runs netspy can mend it."""


class InvalidSettings(OperatorError):
    """A setting with a value that cannot be used."""

    finding = "wrong-setting"


class CannotCollect(OperatorError):
    """netspy's own eBPF programs cannot run on this machine, or not with these rights."""

    finding = "cannot-collect"


class CannotRecord(OperatorError):
    """The file of a recording cannot be written."""


class StorageError(OperatorError):
    """The database cannot be used."""

    finding = "storage-failed"


class StorageCorrupt(StorageError):
    """The database file is not a database (any more)."""

    finding = "database-damaged"


class StorageLocked(StorageError):
    """Another process holds the database."""

    finding = "database-locked"


class StorageFull(StorageError):
    """The disk that holds the database is full or read-only."""

    finding = "disk-full"


class PeerError(NetspyError):
    """Another program failed."""


class SourceError(PeerError):
    """The source of eBPF events failed."""


class SourceUnreachable(SourceError):
    """Nothing answers there."""

    finding = "unreachable"


class SourceTimeout(SourceError):
    """It accepted the request and did not answer in time."""

    finding = "no-answer"


class SourceRefused(SourceError):
    """It answered with an HTTP error status. `said` is what stood in its answer, `status` 0 when that is not known."""

    finding = "source-refused"

    def __init__(
        self, asked: str, got: str, remedy: str = "", *, status: int = 0, said: str = "", finding: str = ""
    ) -> None:
        super().__init__(asked, got, remedy, finding=finding)
        self.status = status
        self.said = said


class SourceMalformed(SourceError):
    """It answered with something that is not what its API promises."""

    finding = "not-an-ebpf-server"


class ModelError(PeerError):
    """The language model failed."""

    finding = "model-failed"


class ModelUnreachable(ModelError):
    """No connection, or a server error."""

    finding = "model-unreachable"


class ModelSilent(ModelUnreachable):
    """It kept us waiting until our patience ended: for a connection, an answer or its next piece."""

    finding = "model-silent"


class ModelBusy(ModelError):
    """A rate limit is reached. `retry_after_s` is the wait that the provider asks for, None when it names none."""

    finding = "model-rate-limit"

    def __init__(self, asked: str, got: str, remedy: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(asked, got, remedy)
        self.retry_after_s = retry_after_s


class ModelRefused(ModelError):
    """The provider refused: key, credits, unknown model, content."""

    finding = "model-refused"


class ImagesRefused(ModelRefused):
    """It takes no images, or not these; the same question without them may be answered."""


class ModelTruncated(ModelError):
    """The answer ended before it was complete."""


class PlatformError(PeerError):
    """A chat platform failed; the same may go through later."""


class Undeliverable(PlatformError):
    """A chat platform will never take this: the channel is gone, or the bot may not write there any more."""


class ToolHostError(PeerError):
    """The MCP connection failed."""


class Bug(NetspyError):
    """netspy is wrong."""
