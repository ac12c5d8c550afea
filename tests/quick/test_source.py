"""What a learner is shown of the package's source, and who imports whom."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from classroom import source

pytestmark = pytest.mark.embedded

Tree = Callable[[dict[str, str]], Path]


def list_price(cents: int) -> int:
    """What a customer pays."""
    return cents


def installer_price(cents: int) -> int:
    """What a customer pays."""
    return cents * 80 // 100


class Tablet:
    def price(self, cents: int) -> int:
        return cents


def in_jupyter(thing: object) -> dict[str, str]:
    data, _ = DisplayFormatter().format(thing)
    return data


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def build(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path / "shop"

    return build


def test_a_function_is_shown_as_its_source():
    shown = in_jupyter(source.show(list_price))
    code = 'def list_price(cents: int) -> int:\n    """What a customer pays."""\n    return cents'
    assert shown == {"text/plain": code, "text/markdown": f"````python\n{code}\n````"}


def test_a_module_is_shown_whole():
    assert repr(source.show(source)) == Path(source.__file__).read_text(encoding="utf-8").strip()


def test_a_method_is_shown_without_its_indentation():
    assert repr(source.show(Tablet.price)).startswith("def price")


def test_several_things_are_shown_one_below_the_other():
    both = repr(source.show(list_price, Tablet))
    assert both == f"{source.show(list_price)!r}\n\n\n{source.show(Tablet)!r}"


@pytest.mark.parametrize("thing", [len, 42, "fiberlab.domain"], ids=["built-in", "number", "text"])
def test_what_has_no_source_is_refused_with_what_to_give_instead(thing: object):
    with pytest.raises(source.NoSourceError, match="has no Python source; give a module"):
        source.show(thing)


def test_a_comparison_is_a_diff_under_a_sentence_that_counts_lines():
    shown = in_jupyter(source.compare(list_price, installer_price))
    here = __name__
    sentence = f"From {here}.list_price to {here}.installer_price: 2 lines added, 2 lines removed."
    assert shown["text/plain"].startswith(sentence)
    assert shown["text/markdown"].startswith(f"{sentence}\n\n````diff\n--- {here}.list_price\n")
    assert "-    return cents\n+    return cents * 80 // 100" in shown["text/plain"]


def test_a_comparison_names_no_file_and_no_line_number():
    text = repr(source.compare(list_price, installer_price))
    assert ".py" not in text
    assert "/" not in text.replace("cents * 80 // 100", "")
    assert "\n@@\n" in text


def test_equal_sources_have_no_diff():
    shown = in_jupyter(source.compare(list_price, list_price))
    assert shown["text/plain"].endswith("0 lines added, 0 lines removed.")
    assert "diff" not in shown["text/markdown"]


def test_one_line_is_not_one_lines():
    def before():
        return 1

    def after():
        return 1

    assert "1 line added, 1 line removed" in repr(source.compare(before, after))


IMPORTS = {
    "plain": ("import shop.kitchen.oven", {"shop.kitchen.oven"}),
    "renamed": ("import shop.kitchen.oven as o", {"shop.kitchen.oven"}),
    "module from package": ("from shop.kitchen import oven", {"shop.kitchen.oven"}),
    "module and name": ("from shop.kitchen import oven, HOT", {"shop.kitchen.oven", "shop.kitchen"}),
    "name from module": ("from shop.kitchen.oven import bake", {"shop.kitchen.oven"}),
    "star": ("from shop.kitchen.oven import *", {"shop.kitchen.oven"}),
    "relative": ("from . import till", {"shop.counter.till"}),
    "relative name": ("from .till import ring", {"shop.counter.till"}),
    "relative above": ("from ..kitchen import oven", {"shop.kitchen.oven"}),
    "inside a function": ("def late():\n    import shop.kitchen.oven", {"shop.kitchen.oven"}),
    "for types only": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.kitchen import oven",
        {"typing", "shop.kitchen.oven"},
    ),
    "inside try": ("try:\n    import fastapi\nexcept ImportError:\n    pass", {"fastapi"}),
    "foreign": ("from kafka.errors import KafkaError", {"kafka"}),
    "standard library": ("import os.path", {"os"}),
    "a name that begins like ours": ("import shopping.cart", {"shopping"}),
    "nothing": ("price = 1  # import kafka", set()),
}


@pytest.mark.parametrize(("text", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_every_way_to_import_is_found(tree: Tree, text: str, expected: set[str]):
    others = ("kitchen/__init__.py", "kitchen/oven.py", "counter/till.py")
    root = tree({"counter/sale.py": text} | dict.fromkeys(others, ""))
    assert source.imports(root)["shop.counter.sale"] == expected


def test_a_package_imports_relative_to_itself(tree: Tree):
    root = tree({"kitchen/__init__.py": "from . import oven", "kitchen/oven.py": ""})
    assert source.imports(root) == {"shop.kitchen": {"shop.kitchen.oven"}, "shop.kitchen.oven": set()}


def test_reading_imports_runs_nothing(tree: Tree):
    assert source.imports(tree({"bomb.py": "raise SystemExit"})) == {"shop.bomb": frozenset()}


def test_copies_that_jupyter_keeps_are_not_modules(tree: Tree):
    root = tree({"till.py": "", ".ipynb_checkpoints/till-checkpoint.py": "import kafka"})
    assert source.imports(root) == {"shop.till": frozenset()}


def test_a_folder_without_python_is_refused(tmp_path: Path):
    with pytest.raises(source.NoSourceError, match="give the folder of a package"):
        source.imports(tmp_path)


def test_the_packages_own_imports_are_read_by_default():
    assert "kafka" in source.imports()["fiberlab.cluster"]


SHOP = {
    "domain.py": "",
    "till/sale.py": "import shop.domain\nfrom shop.till import receipt\nimport json",
    "till/receipt.py": "",
}


def test_who_imports_a_module_is_a_sorted_list(tree: Tree):
    root = tree(SHOP)
    assert source.who_imports("shop.domain", root) == ["shop.till.sale"]
    assert source.who_imports("shop.till", root) == ["shop.till.sale"]
    assert source.who_imports("json", root) == ["shop.till.sale"]
    assert source.who_imports("kafka", root) == []


def test_who_knows_whom_is_a_table_of_our_own_modules(tree: Tree):
    table = source.dependencies("shop.till", tree(SHOP))
    assert list(table.index) == ["receipt", "sale"]
    assert list(table.columns) == ["receipt", "sale", "domain"]
    assert list(table.loc["sale"]) == ["yes", "–", "yes"]
    assert set(table.loc["receipt"]) == {"–"}


def test_who_knows_whom_for_one_module(tree: Tree):
    table = source.dependencies("shop.till.sale", tree(SHOP))
    assert list(table.index) == ["till.sale"]
    assert list(table.columns) == ["till.sale", "domain", "till.receipt"]


def test_a_package_that_is_not_there_is_refused_with_those_that_are(tree: Tree):
    with pytest.raises(source.NoSourceError, match=r"no module 'shop\.bar'; choose one of shop\.domain"):
        source.dependencies("shop.bar", tree(SHOP))
