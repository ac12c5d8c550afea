"""Who reads a chapter, what was predicted, and where it is kept: beside a working copy, or nowhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fiberlab.kafka import environment as settings
from fiberlab.lab import progress_file
from fiberlab.lab.predictions import Comparison, Prediction, compared
from fiberlab.lab.workbook_map import WorkbookMap, stops


class Reader:
    """The reader of a chapter: a guess is kept until its outcome is there."""

    def __init__(self, number: str, environment: Mapping[str, str]) -> None:
        self.number = number
        self._environment = environment
        self._predictions: dict[str, Prediction] = {}

    @property
    def working_copy(self) -> Path | None:
        """The folder of the reader's own notebooks, in which things are kept; None elsewhere."""
        return progress_file.folder()

    @property
    def learner(self) -> str:
        """Who reads this, as the names on a shared Kafka begin; "learner" if nobody knows."""
        try:
            return settings.read(self._environment).learner
        except settings.SettingsError:  # about Kafka, and told where Kafka is used
            return "learner"

    def predict(self, name: str, guess: object = None, choices: Sequence[str] = ()) -> Prediction:
        """The guess, committed: a number, one of the choices or a set of them. None: no prediction.

        Raises PredictionError if the guess is not among the choices or, without choices, no number.
        """
        self._predictions[name] = Prediction(name, guess, tuple(choices))
        return self._predictions[name]

    def compare(self, name: str, outcome: object) -> Comparison:
        """The prediction of this name beside its outcome, and how many came true so far."""
        made = self._predictions.get(name, Prediction(name, None))
        return compared(self.working_copy, self.learner, f"{self.number}/{name}", made, outcome)

    def progress(self) -> WorkbookMap:
        """The workbook's chapters, and what this reader has done in each."""
        return WorkbookMap(stops(), progress_file.known(self.working_copy))
