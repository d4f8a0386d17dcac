"""Under which limits answers and summaries were made, who asked where how often, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXTS = ("turn", "platform", "workspace", "channel", "thread", "author", "author_name", "kind", "act", "arguments")
_MORE_TEXTS = ("decision", "rule", "reason")


def upgrade() -> None:
    op.add_column("threads", sa.Column("summary_made", sa.Text))
    op.add_column("turns", sa.Column("made", sa.Text))
    for name in ("asked_by", "asked_in"):
        op.add_column("turns", sa.Column(name, sa.Text, nullable=False, server_default=""))
        op.create_index(f"ix_turns_{name}", "turns", [name, "started_at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in (*_TEXTS, *_MORE_TEXTS)),
        sa.Column("rows", sa.Integer),
        sa.Column("tokens", sa.Integer),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("took_s", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_time", "audit", ["time"])
