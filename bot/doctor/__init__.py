"""`netspy doctor`: asks every configured part how it is, and says how to mend what is wrong."""

from bot.doctor.examining import DEADLINE_S, Diagnosis, examine
from bot.doctor.telling import as_json, report

__all__ = ["DEADLINE_S", "Diagnosis", "as_json", "examine", "report"]
