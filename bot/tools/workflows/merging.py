"""The workflows of several files as one value: those that come with netspy, and those that its operator wrote. Pure."""

from collections.abc import Mapping

from bot.domain.errors import InvalidSettings
from bot.tools.workflows.reading import read_workflows
from bot.tools.workflows.shipped import FILE
from bot.tools.workflows.workflow import Workflow, Workflows

MAX_OWN = 50
"""Each is told to every language model with every question."""


def with_shipped(files: Mapping[str, Workflows]) -> Workflows:
    """An operator's workflow takes the place of one that came with netspy; of two of one name the first stands."""
    own: dict[str, Workflow] = {}
    where: dict[str, str] = {}
    shipped = read_workflows(FILE.read_bytes(), file=str(FILE))
    problems = [*shipped.problems]
    for file, read in files.items():
        problems += read.problems
        for workflow in read.usable:
            name = workflow.tool.name
            if name in own:
                problems.append(InvalidSettings(_asked(file, name), f"{where[name]} has it too", "rename one of them"))
            elif len(own) == MAX_OWN:
                problems.append(InvalidSettings(_asked(file, name), f"there are {MAX_OWN} before it", "have fewer"))
            else:
                own[name], where[name] = workflow, file
    usable = {workflow.tool.name: workflow for workflow in shipped.usable} | own
    return Workflows(tuple(usable.values()), tuple(problems), own=tuple(own))


def _asked(file: str, name: str) -> str:
    return f"{file}, workflow {name!a}"
