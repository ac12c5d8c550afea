"""The contracts of data/contracts/ are what the models say now, and every record is told by one message."""

import json
import runpy
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from classroom.experiments.versions import CHANGES, READERS, accepts, readers_and_writers, schema_check
from classroom.world.company import generated_day
from fiberlab.eventdriven import contract
from fiberlab.eventdriven.contract import Json, dangling, data_schema
from fiberlab.eventdriven.events import EVENT_TYPES, PlanPurchased, encode, happened

pytestmark = pytest.mark.embedded

DESCRIBE = runpy.run_path(str(Path(__file__).parents[2] / "data" / "describe.py"))
FOLDER, documents, text = DESCRIBE["FOLDER"], DESCRIBE["documents"], DESCRIBE["text"]

PARSE = """
const {Parser} = require('@asyncapi/parser');
const fs = require('fs');
new Parser().parse(fs.readFileSync(0, 'utf8')).then(({diagnostics}) => {
  const errors = diagnostics.filter(({severity}) => severity === 0);
  errors.forEach(({message, path}) => console.log(path.join('.') + ': ' + message));
  process.exit(errors.length ? 1 : 0);
});
"""


def matching(headers: dict[str, str], payload: object, document: Json) -> list[str]:
    """The messages of the document whose headers and payload fit."""
    messages = document["components"]["messages"].items()
    return [name for name, m in messages if fits(m["headers"], headers) and fits(m["payload"], payload)]


def fits(schema: Json, value: object) -> bool:
    """Whether it fits; a `$ref` is resolved from the document's root, as AsyncAPI does it."""
    whole = {**schema, "components": contract.asyncapi()["components"]}
    return Draft202012Validator(whole).is_valid(value)


def said(event) -> tuple[dict[str, str], object]:
    message = encode(event)
    return {name: value.decode() for name, value in message.headers.items()}, json.loads(message.value)


@pytest.mark.parametrize("name", documents())
def test_the_committed_contract_is_what_the_models_say(name):
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == text(documents()[name]), "run .venv/bin/python data/describe.py"


def test_no_other_contract_is_committed():
    assert {file.name for file in FOLDER.iterdir()} == set(documents())


@pytest.mark.parametrize("name", documents())
def test_no_reference_dangles(name):
    assert dangling(documents()[name]) == []


def test_a_reference_into_the_payload_itself_is_found_to_dangle():
    """What pydantic writes by default; every validator for Python lets it pass."""
    document = contract.asyncapi()
    document["components"]["messages"]["PlanPurchased"]["payload"] = PlanPurchased.model_json_schema()
    assert dangling(document) == ["#/$defs/Actor", "#/$defs/PricedPlan"]


def test_every_record_of_a_day_is_told_by_exactly_one_message(company):
    document = contract.asyncapi()
    validate = partial(matching, document=document)
    for action in generated_day(company, 3, 60):
        event = happened(action, company.plans)
        assert validate(*said(event)) == [type(event).__name__]


@pytest.mark.parametrize("change", [c for c in CHANGES if not schema_check()[c.name]], ids=lambda c: c.name)
def test_what_the_schema_check_refuses_no_message_tells(company, change):
    event = next(
        event
        for action in generated_day(company, 3, 60)
        if isinstance(event := happened(action, company.plans), PlanPurchased)
    )
    headers, payload = said(event)
    record = {"type": headers["ce_type"], "data": payload}
    change.record(record)
    assert matching(headers | {"ce_type": record["type"]}, record["data"], contract.asyncapi()) == []


def test_the_data_of_every_event_type_is_described_without_what_travels_in_headers():
    for event_type in EVENT_TYPES:
        schema = data_schema(event_type)
        assert set(schema["properties"]) == {"account_id", "actor", "plan"}
        assert "$ref" not in json.dumps(schema)


@pytest.fixture(scope="module")
def node() -> Callable[[str, str], subprocess.CompletedProcess]:
    """Runs JavaScript, where Node and the official parser are: `.ci/run` gets them."""

    def run(script: str, given: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(["node", "-e", script], input=given, text=True, capture_output=True)

    if not shutil.which("node") or run("require('@asyncapi/parser')").returncode:
        pytest.skip("Node has no @asyncapi/parser (npm install it, and set NODE_PATH)")
    return run


def test_the_official_parser_accepts_the_document(node):
    parsed = node(PARSE, json.dumps(contract.asyncapi()))
    assert parsed.returncode == 0, parsed.stdout + parsed.stderr


def test_the_official_parser_refuses_a_reference_that_dangles(node):
    document = contract.asyncapi()
    document["components"]["messages"]["PlanPurchased"]["payload"] = PlanPurchased.model_json_schema()
    parsed = node(PARSE, json.dumps(document))
    assert parsed.returncode == 1
    assert "#/$defs/Actor" in parsed.stdout


# Reader by writer


@pytest.fixture(scope="module")
def table(company) -> pd.DataFrame:
    return readers_and_writers(company)


def outcome(table: pd.DataFrame, change: str, reader: str, actor: str) -> tuple[str, int]:
    row = table.set_index(["change", "reader", "actor"]).loc[change, reader, actor]
    return row.outcome, int(row.wrong_cents)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_reads_what_is_written_today(table, reader):
    for actor in ("customer", "installer"):
        assert outcome(table, "as today", reader, actor) == ("right", 0)


@pytest.mark.parametrize(
    ("change", "reader", "actor", "ends"),
    [
        ("one optional field more", "refuses unknown", "customer", ("set aside", -5499)),
        ("no price", "missing is 0", "customer", ("wrong", -5499)),
        ("the price renamed", "converts", "customer", ("stopped", -5499)),
        ("the price renamed", "upcaster", "customer", ("right", 0)),
        ("dollars as text", "converts", "customer", ("wrong", -5445)),
        ("dollars as text", "upcaster", "installer", ("right", 0)),
        ("whole dollars", "strict (ours)", "customer", ("wrong", -5444)),
        ("same name, new meaning", "strict (ours)", "customer", ("right", 0)),
        ("same name, new meaning", "strict (ours)", "installer", ("wrong", -880)),
        ("a new kind of actor", "strict (ours)", "customer", ("not billed", -5499)),
        ("the kind in capitals", "upcaster", "installer", ("not billed", -4399)),
    ],
)
def test_what_becomes_of_a_bill_when_the_writer_changes(table, change, reader, actor, ends):
    assert outcome(table, change, reader, actor) == ends


def test_four_changes_pass_the_schema_check_and_cost_money(table):
    harmed = set(
        table[table.outcome.isin(["wrong", "not billed"]) & (table.reader == "strict (ours)")].change
    )
    assert {change for change, passes in schema_check().items() if passes} & harmed == {
        "whole dollars",
        "same name, new meaning",
        "a new kind of actor",
        "the kind in capitals",
    }


def test_a_check_of_schemas_sees_types_names_choices_and_bounds():
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    assert accepts(text, {"type": "string", "enum": ["a"]})
    assert not accepts({"type": "string", "enum": ["a"]}, text)
    assert not accepts({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]})
    assert accepts({"type": "integer"}, number)
    assert not accepts(number, {"type": "integer"})
    assert not accepts(number, {"type": ["integer", "null"]})
    assert not accepts({"type": "object", "required": ["a"]}, {"type": "object"})
    assert accepts({"type": "object"}, {"type": "object", "required": ["a"], "properties": {"a": text}})
