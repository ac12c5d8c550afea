"""A company's own files: what is wrong in them is said with file, line, column and what was expected."""

from pathlib import Path

import pytest

from classroom.world import company
from classroom.world.company import DataFileError

pytestmark = pytest.mark.embedded

PLANS = "name,list_price_cents\nFiber 300,3999\nFiber für alle,5499\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in company.DATA.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_price_list_as_a_spreadsheet_saves_it_is_read(encoding, end, folder):
    (folder / "plans.csv").write_bytes(PLANS.replace("\n", end).encode(encoding))
    plans = company.company(folder).plans
    assert {name: plan.list_price_cents for name, plan in plans.items()} == {
        "Fiber 300": 3999,
        "Fiber für alle": 5499,
    }


def plans(text: str, encoding: str = "utf-8") -> tuple[str, bytes]:
    return "plans.csv", text.encode(encoding)


HEAD = "name,list_price_cents\n"
BAD = {
    "semicolons": (
        plans(PLANS.replace(",", ";")),
        "line 1: the columns name, list_price_cents are missing; expected name,list_price_cents, separated "
        "by commas, found 'name;list_price_cents'",
    ),
    "a missing column": (plans("name\nFiber 300\n"), "line 1: the columns list_price_cents are missing"),
    "another head": (plans("Name,Price\nx,1\n"), "found 'Name,Price'"),
    "dollars": (
        plans(HEAD + "Fiber,39.99\n"),
        "line 2, column 'list_price_cents': '39.99' must be whole cents",
    ),
    "negative": (plans(HEAD + "Fiber,-1\n"), "'-1' must be whole cents from 0"),
    "too much": (plans(HEAD + f"Fiber,{10**13}\n"), "must be whole cents from 0 to 1000000000000"),
    "other digits": (plans(HEAD + "Fiber,٣٩٩٩\n"), "must be whole cents"),
    "no price": (plans(HEAD + "Fiber,\n"), "'' must be whole cents"),
    "a name twice": (
        plans(HEAD + "Für,1\nB,2\nFu\u0308r,3\n"),
        "line 4, column 'name': 'Für' is there a second time, as in line 2",
    ),
    "no name": (plans(HEAD + ",1\n"), "line 2, column 'name': '' must not be empty"),
    "hidden": (plans(HEAD + "A\u202eB,1\n"), "line 2, column 'name': 'A\\u202eB' must be a text that people"),
    "a comma too much": (plans(HEAD + "Fiber, fast,1\n"), "line 2: 3 values in 2 columns"),
    "empty": (plans(""), "line 1: the columns name, list_price_cents are missing"),
    "no line": (plans(HEAD), "holds no line below its head"),
    "UTF-16": (plans(PLANS, "utf-16"), "line 1: not UTF-8; in a spreadsheet, save it as 'CSV UTF-8"),
    "Latin-1": (plans(PLANS, "latin-1"), "line 3: not UTF-8"),
    "accounts": (("accounts.csv", b"account_id,name\nA-1,Ada\n"), "the columns customer_id are missing"),
    "an id": (("installers.csv", "installer_id\nÄ-1\n".encode()), "line 2, column 'installer_id': 'Ä-1' may"),
    "consent": (
        ("consents.csv", b"account_id,email,consent\nA-1,a@b.example,maybe\n"),
        "column 'consent': 'maybe' must be one of yes, no",
    ),
    "an address": (
        ("consents.csv", b'account_id,email,consent\nA-1,"a@b.example\nBcc: c@d.example",yes\n'),
        "column 'email': 'a@b.example\\nBcc: c@d.example' must be a mail address",
    ),
    "a time": (
        (
            "day.csv",
            b",".join(c.encode() for c in company.ACTION_COLUMNS) + b"\nd-1,noon,A-1,customer,C-1,x,y\n",
        ),
        "line 2, column 'at': 'noon' must be a time with its zone",
    ),
}


@pytest.mark.parametrize(("file", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_with_its_place(file, words, folder):
    name, held = file
    (folder / name).write_bytes(held)
    with pytest.raises(DataFileError) as raised:
        (company.company(folder), company.contacts(folder), company.shipped_day(folder))
    assert str(folder / name) in str(raised.value)
    assert words in str(raised.value)


def test_a_file_that_is_not_there_is_named(folder):
    (folder / "plans.csv").unlink()
    with pytest.raises(DataFileError, match=r"plans\.csv cannot be read \(No such file"):
        company.company(folder)
