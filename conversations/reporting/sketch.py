"""Durations in buckets that grow by a tenth each: sums of them give any quantile.

What comes out is off by less than 5 % of the true value: between the borders of a
bucket, `GROWTH` apart, stands the one value that is equally far off from both,
(GROWTH - 1) / (GROWTH + 1) = 4.8 %. Below a second it is off by less than a second.
"""

GROWTH = 1.1
# More than a year; whatever takes longer falls into the last one.
LAST = 190

# What the bucket of a duration is, for statements that name it `wait`.
BUCKET = (
    f"LEAST({LAST}, FLOOR(LN(GREATEST(EXTRACT(EPOCH FROM wait)::float8, 1)) "
    f"/ LN({GROWTH}::float8)))::int"
)

# For a statement that has `rows (key, what, bucket, count)`: by key and what, and by
# bucket where `is_time` is false, how many there are, and the buckets that half of them
# and nine of ten did not exceed, by nearest rank.
TOTALS = """
SELECT
    key, what, spot, SUM(total)::bigint,
    MIN(bucket) FILTER (WHERE upto * 2 >= whole),
    MIN(bucket) FILTER (WHERE upto * 10 >= whole * 9)
FROM (
    SELECT
        key, what, bucket, total,
        CASE WHEN {is_time} THEN 0 ELSE bucket END AS spot,
        SUM(total) OVER (one ORDER BY bucket) AS upto,
        SUM(total) OVER one AS whole
    FROM (
        SELECT key, what, bucket, SUM(count) AS total
        FROM ({rows}) AS counted
        GROUP BY key, what, bucket
    ) AS summed
    WINDOW one AS (PARTITION BY key, what)
) AS ranked
GROUP BY key, what, spot
"""


def seconds_of(bucket: int) -> float:
    """The duration that stands for all of a bucket."""
    return 2 * GROWTH ** (bucket + 1) / (1 + GROWTH)
