"""What is on the way is in order and whole; beyond the bound telemetry goes before points, oldest first."""

from twin.influx_spool import ROWS, InfluxSpool


def lines(begin: int, count: int = 1) -> list[bytes]:
    return [b"t v=%di %d" % (n, n) for n in range(begin, begin + count)]


def emptied(spool: InfluxSpool) -> list[bytes]:
    """All that waits, as it would be sent."""
    found = []
    while batches := spool.next():
        found += spool.body(batches).split(b"\n")
        spool.done(batches)
    return found


def test_it_gives_back_what_it_took_after_a_restart_too(tmp_path) -> None:
    spool = InfluxSpool(tmp_path)
    spool.open()
    assert not spool
    for n in range(10):
        spool.append("raw", lines(n))
    spool.append("raw", [])
    (tmp_path / "000000000099-raw-7.new").write_bytes(b"half of a ba")
    again = InfluxSpool(tmp_path)
    again.open()
    assert (again.rows, again.number) == (10, 10)
    again.append("raw", lines(10))
    assert emptied(again) == lines(0, 11)
    assert not again
    assert again.oldest > again.number
    assert not list(tmp_path.iterdir())


def test_the_lane_that_has_waited_longest_comes_next_and_no_request_gets_too_big(tmp_path) -> None:
    spool = InfluxSpool(tmp_path)
    spool.open()
    spool.append("raw", lines(0, ROWS - 1))
    spool.append("points", lines(100))
    spool.append("raw", lines(200, 1))
    spool.append("raw", lines(300, 1))
    spool.append("points", lines(400))
    order = []
    while batches := spool.next():
        order.append((batches[0].lane, sum(batch.rows for batch in batches)))
        spool.done(batches)
    assert order == [("raw", ROWS), ("points", 2), ("raw", 1)]


def test_beyond_its_bound_telemetry_goes_first_and_is_counted(tmp_path) -> None:
    spool = InfluxSpool(tmp_path, bound=1000)
    spool.open()
    size = len(lines(10)[0])
    for n in range(10, 60):
        spool.append("points", lines(n))
    assert spool.dropped == 0
    for n in range(100, 200):
        spool.append("raw", lines(n))
    room = (1000 - 50 * size) // (size + 2)
    assert spool.dropped == 100 - room
    assert emptied(spool) == lines(10, 50) + lines(200 - room, room)
    for n in range(1000, 2000):
        spool.append("points", lines(n))
    assert emptied(spool) == lines(2000 - 1000 // len(lines(1000)[0]), 1000 // len(lines(1000)[0]))




def test_what_is_being_sent_is_not_dropped(tmp_path) -> None:
    spool = InfluxSpool(tmp_path, bound=100)
    spool.open()
    spool.append("raw", lines(10, 5))
    sending = spool.next()
    for n in range(100, 150):
        spool.append("raw", lines(n))
    assert spool.body(sending).split(b"\n") == lines(10, 5)
    spool.done(sending)
    assert spool.rows == len(emptied(spool))
