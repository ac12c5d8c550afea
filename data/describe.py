"""Write the contracts again: what the gateway's topic holds (AsyncAPI), and what the apps answer (OpenAPI).

python data/describe.py [folder]

They are made from the models that run, so they can be no older than these.
"""

import json
import sys
from pathlib import Path

from classroom.world.company import company
from fiberlab.coupled import backend as coupled
from fiberlab.eventdriven import gateway
from fiberlab.eventdriven.contract import Json, asyncapi
from fiberlab.monolith import backend as monolith

FOLDER = Path(__file__).parent / "contracts"


def documents() -> dict[str, Json]:
    """Each document by the name of its file. No app is run: what it needs to work is not asked for."""
    apps = {
        "gateway": gateway.create(company(), None, ""),
        "coupled": coupled.create(company(), None, None),
        "monolith": monolith.create(company(), None),
    }
    described = {f"openapi-{name}.json": app.openapi() for name, app in apps.items()}
    return {"asyncapi.json": asyncapi(), **described}


def text(document: Json) -> str:
    """The document as its file has it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write them into the folder, which is made if it is not there."""
    folder.mkdir(exist_ok=True)
    for name, document in documents().items():
        (folder / name).write_text(text(document), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
