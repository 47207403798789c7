"""What was counted for each channel and group is added up for all of them."""

from django.db import migrations

# Who counts at this moment is waited for, and waits; reports are read all the while.
LOCK = "LOCK TABLE conversations_figure IN SHARE ROW EXCLUSIVE MODE"
ADD_UP = """
INSERT INTO conversations_figure (
    account_id, grain, agent_key, tag_key, what, day, channel_kind, group_key, bucket,
    count
)
SELECT
    account_id, grain, agent_key, tag_key, what, day,
    COALESCE(channel_kind, ''), COALESCE(group_key, -1), bucket, SUM(count)
FROM conversations_figure
GROUP BY
    account_id, grain, agent_key, tag_key, what, day, bucket,
    GROUPING SETS ((channel_kind), (group_key), ())
"""
FORGET = "DELETE FROM conversations_figure WHERE channel_kind = '' OR group_key = -1"


class Migration(migrations.Migration):
    # By itself: no index can be made where rows were just written.
    dependencies = [("conversations", "0019_figure_slices")]

    operations = [
        migrations.RunSQL([LOCK, ADD_UP], [LOCK, FORGET]),
    ]
