from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from adapters.terminal.completion import CommandCompleter
from bot.domain.message import Author, Channel
from tests.wire.terminal_session import open_desk


async def completions(line: str) -> list[str]:
    async with open_desk() as desk:
        completer = CommandCompleter(desk, by=Author("dana", "dana"), channel=Channel("terminal", "host", "dana"))
        found = completer.get_completions_async(Document(line), CompleteEvent(completion_requested=True))
        return [completion.text.rstrip() async for completion in found]


async def test_first_word_is_a_command_or_a_way_out() -> None:
    assert await completions("") == ["summary", "list", "slow", "help", "quit", "exit"]
    assert await completions("LI") == ["list"]


async def test_help_is_followed_by_a_command() -> None:
    assert await completions("help s") == ["summary", "slow"]


async def test_flags_of_the_command_are_offered_once_each() -> None:
    assert await completions("list --pid 12 --") == ["--process", "--max-events"]
    assert await completions("summary --max") == []


async def test_process_names_come_from_the_desk_quoted_where_needed() -> None:
    assert await completions("list --process n") == ["nginx"]
    assert await completions("list --process So") == ["'Socket Thread'"]


async def test_names_with_control_characters_are_never_put_on_the_line() -> None:
    assert await completions("list --process ev") == []


async def test_words_of_a_question_are_completed_as_process_names() -> None:
    assert await completions("why is c") == ["curl"]
    assert await completions("what does So") == ["Socket Thread"]
    assert await completions("why is ev") == []


async def test_nothing_is_offered_where_a_question_could_go_anywhere() -> None:
    assert await completions("why is ") == []
    assert await completions("why is --") == []
    assert await completions("wh") == []
    assert await completions("list cu") == []
