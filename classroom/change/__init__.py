"""What a change costs, measured on copies of the source: whose bills move, which tests run again."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "edits": "change_rule",
        "blast": "blast_radius",
        "retest": "what_to_test_again",
        "files": "NEW_ACTOR files_to_change",
        "marketing": "marketing_diff what_marketing_touched",
        "team": "team_is_content team_tests",
    },
)
