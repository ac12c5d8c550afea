"""Are you ready? An organization's numbers and what was measured, turned into cents and a verdict."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "measurements": "files_for_a_new_actor keep_all known others_bills_moved parts sources "
        "tests_to_run_again waiting",
        "model": "HARBOR_PARCELS HERD_FIBER INPUTS WILLOW_DENTAL Organization break_even cost_table "
        "curves is_straight monthly_costs what_moves_it",
        "decision": "answer verdict",
        "figures": "cost_curves tornado",
        "form": "Sliders",
        "record": "decision_record",
    },
)
