from supportdesk.core import redis


def test_work_is_held_until_it_is_done():
    with redis.alone("counting", 7, seconds=60) as first:
        with redis.alone("counting", 7, seconds=60) as second:
            pass
        with redis.alone("counting", 7, seconds=60) as third:
            pass
        with redis.alone("counting", 8, seconds=60) as other:
            pass
    with redis.alone("counting", 7, seconds=60) as afterwards:
        pass

    assert (first, second, third, other, afterwards) == (True, False, False, True, True)


def test_work_that_took_longer_is_not_taken_from_who_has_it_now():
    with redis.alone("counting", seconds=60):
        redis.client().delete(redis.key("alone", "counting"))
        with redis.alone("counting", seconds=60) as next_one:
            assert next_one


def test_work_is_given_back_after_its_time():
    with redis.alone("counting", seconds=60):
        assert 0 < redis.client().ttl(redis.key("alone", "counting")) <= 60
