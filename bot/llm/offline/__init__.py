"""The offline planner."""

from bot.llm.offline.planner import Planner

__all__ = ["Planner"]
