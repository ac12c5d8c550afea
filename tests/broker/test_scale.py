"""Chapter 09's experiments, on both brokers: what they count is exact, and the same each time."""

from classroom.chapter import Chapter
from classroom.experiments import deployment, scale


def test_members_share_partitions_and_the_busiest_has_what_its_partitions_hold(chapter: Chapter):
    shares = scale.crews(chapter, (1, 5, 7), chapter.day[:600])
    by_crew = shares.groupby("crew")
    assert by_crew.partitions.apply(list).to_dict() == {
        1: [6],
        5: [2, 1, 1, 1, 1],
        7: [1, 1, 1, 1, 1, 1, 0],
    }
    assert by_crew.events.max().to_dict() == {1: 600, 5: 172, 7: 150}
    assert by_crew.events.sum().eq(600).all()


def test_a_key_with_two_values_fills_two_partitions(chapter: Chapter):
    loads = scale.loads(chapter, chapter.day, {"kind of actor": lambda action: action.actor.kind})
    assert sorted(loads["kind of actor"]) == [0, 0, 0, 0, 228, 972]


def test_two_thirds_of_the_households_move_from_four_partitions_to_six(chapter: Chapter):
    moves = scale.moves(chapter, [(4, 6), (4, 8), (4, 4)])
    assert moves.moved.tolist() == [68, 57, 0]


def test_lines_run_at_the_wrong_plan_across_the_seam_and_never_after_a_cut_over(chapter: Chapter):
    wrong = scale.seam(chapter).set_index(["remedy", "order"])
    assert wrong.loc[scale.MORE].off_cents.tolist() == [19000, 77009, 109508]
    assert wrong.loc[scale.NEW].wrong.eq(0).all()


def test_the_last_event_of_each_household_tells_as_much_as_the_log_and_half_the_log_does_not(
    chapter: Chapter,
):
    table = scale.table_of_the_log(chapter)
    assert table.records.tolist() == [167, 76, 84]
    assert table.lines.tolist() == [68, 68, 48]
    assert table.wrong.tolist() == [0, 0, 20]


def test_an_eager_restart_stops_others_and_a_cooperative_one_nobody(chapter: Chapter):
    seen = deployment.rolling_restarts(chapter, deployment.EAGER, deployment.COOPERATIVE)
    disturbed = {way: deployment.restarts_that_disturb(looks) for way, looks in seen.items()}
    assert disturbed == {deployment.EAGER: 3, deployment.COOPERATIVE: 0}
