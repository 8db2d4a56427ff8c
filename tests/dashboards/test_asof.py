"""What was known earlier, asked over the API."""

from tests.dashboards.heard import PLANT

LINE = PLANT.lines[0].node.path
MACHINE = PLANT.lines[0].machines(PLANT.lines[0].stations[0])[0].path


async def test_asof_goes_with_every_question_about_what_was(client, twin) -> None:
    position = twin.position() // 2
    window = f"from={twin.extent()[0]}&to={twin.extent()[0] + 600_000_000}"
    questions = [
        f"/api/v1/state/{LINE}?at={twin.extent()[0] + 60_000_000}",
        f"/api/v1/kpis?path={LINE}&{window}",
        f"/api/v1/kpis/explain?path={MACHINE}&{window}",
        f"/api/v1/kpis/explain?path={MACHINE}&{window}&kpi=availability",
        f"/api/v1/intervals?path={LINE}&{window}",
        f"/api/v1/kpis?path={LINE}",
    ]
    for question in questions:
        now = await client.get(question)
        then = await client.get(f"{question}&asof={position}")
        last = await client.get(f"{question}&asof={twin.position()}")
        assert now.status_code == then.status_code == last.status_code == 200, then.text
        if "state" not in question:
            assert last.json() == now.json()
    assert (await client.get(f"{questions[-1]}&asof={position}")).json()["to"] < now.json()["to"]


async def test_asof_that_nobody_can_answer_is_refused(client, twin) -> None:
    for asof, told in (
        (str(twin.position() + 1), "is beyond the journal"),
        ("0", "nothing was known of run"),
        ("2001-01-01", "nothing was known of run"),
        ("2199-01-01", "in the future"),
        ("soon", "soon"),
        ("-1", "out of range"),
    ):
        answer = await client.get(f"/api/v1/state/{LINE}", params={"asof": asof})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == "asof"
        assert told in error["message"]
