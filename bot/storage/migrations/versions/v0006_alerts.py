"""Which thread is about which group of alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    names = ("platform", "workspace", "channel", "thread")
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in names),
        sa.Column("address", sa.Text),
        sa.Column("firing", sa.Text, nullable=False, server_default=""),
        sa.Column("asked", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
