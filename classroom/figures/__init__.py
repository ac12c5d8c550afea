"""Pictures: tables in, a card with its sentence out. A notebook says `figures.house(...)`."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "bills": "bills_against_oracle bills_by_design money_lost right_or_wrong wrong_by_share",
        "changes": "night_lag readers_and_writers what_stands_still who_reads",
        "costs": "blast_radius_matrix files_changed price_list tests_against_actors",
        "crashes": "crash_points exactly_once ghosts_and_orphans nobody_dies two_deaths",
        "houses": "house",
        "scale": "busiest_member deployment friday key_loads outage seam",
        "times": "answer_and_bill answer_times who_waited",
        "topics": "lag_by_moment listener_graph topic_lanes",
    },
)
