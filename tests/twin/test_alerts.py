"""Alerts of other programs: an episode from its first word to its end, and nothing is told twice."""

from hypothesis import given
from hypothesis import strategies as st

from plant.messages import Remark
from plant.remarks import Alerted
from twin.alerts import alerts, known_already


def said(ts: int, status: str, fingerprint: str = "a", starts: int | None = None) -> Remark:
    return Remark(ts=ts, by="g", about=Alerted(name="n", status=status, fingerprint=fingerprint, starts=starts))


WORDS = st.lists(
    st.tuples(st.sampled_from(["firing", "resolved"]), st.sampled_from("abc"), st.none() | st.integers(0, 2)),
    max_size=20,
)


@given(WORDS)
def test_every_word_is_in_one_episode_and_what_fired_last_stands(words) -> None:
    told = [said(ts, *word) for ts, word in enumerate(words)]
    standing, past = alerts(told)
    last = {fingerprint: status for status, fingerprint, _ in words}
    assert {a.fingerprint for a in standing} == {f for f, status in last.items() if status == "firing"}
    assert len({a.fingerprint for a in standing}) == len(standing)
    assert sum(a.status == "resolved" for a in past) == sum(status == "resolved" for status, _, _ in words)
    assert all((a.resolved is None) == (a.status == "firing") for a in (*standing, *past))
    for listed in (standing, past):
        assert all(a.resolved is None or a.told <= a.resolved for a in listed)
    for fingerprint in "abc":
        own = [m for m in told if m.about.fingerprint == fingerprint]
        begins = sorted(a.told for a in (*standing, *past) if a.fingerprint == fingerprint)
        assert begins[:1] == [m.ts for m in own][:1]
        assert len(set(begins)) == len(begins)


def test_an_alert_that_fires_anew_is_another_one() -> None:
    standing, past = alerts([said(1, "firing", starts=1), said(2, "firing", starts=1), said(3, "firing", starts=3)])
    assert [(a.told, a.starts) for a in standing] == [(3, 3)]
    assert [(a.told, a.status, a.resolved) for a in past] == [(1, "firing", None)]


def test_what_a_program_repeats_is_known() -> None:
    told = [said(1, "firing", "a"), said(2, "firing", "b")]
    assert known_already(told, told[0].about)
    assert not known_already(told, said(3, "resolved", "a").about)
    assert not known_already(told, said(3, "firing", "a", starts=5).about)
    assert not known_already([*told, said(3, "resolved", "a")], told[0].about)
