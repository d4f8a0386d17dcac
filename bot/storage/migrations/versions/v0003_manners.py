"""What a thread is to netspy: whether it began it, who talks there, and whether it is to be quiet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("threads", sa.Column("first_author", sa.Text, nullable=False, server_default=""))
    for name in ("ours", "crowded", "quiet"):
        op.add_column("threads", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
