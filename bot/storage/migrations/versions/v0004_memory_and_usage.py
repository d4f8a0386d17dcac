"""What a thread remembers of its older turns, which model answered, and what that cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("threads", sa.Column("summary", sa.Text, nullable=False, server_default=""))
    op.add_column("threads", sa.Column("summarised", sa.Integer, nullable=False, server_default="0"))
    op.add_column("threads", sa.Column("summary_since", sa.DateTime(timezone=True)))
    op.add_column("threads", sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("turns", sa.Column("model", sa.Text, nullable=False, server_default=""))
    for name in ("input_tokens", "output_tokens"):
        op.add_column("turns", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "spending",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "author", name="pk_spending"),
    )
    op.create_index("ix_turns_started", "turns", ["started_at"])
