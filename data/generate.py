"""Make the CSV files of this folder again, byte for byte.

python data/generate.py [folder]
"""

import random
import sys
from pathlib import Path

from classroom.world.company import (
    ACTION_COLUMNS,
    SHIPPED_SEED,
    action_row,
    company,
    generated_day,
    write_rows,
)

ACCOUNTS = 100
INSTALLERS = 6
CONSENT_PERCENT = 60
PLANS = {
    "Fiber 300": 3999,
    "Fiber 500": 5499,
    "Fiber 1 Gig": 6995,
    "Fiber 2 Gig": 9999,
    "Fiber 5 Gig": 14999,
}
GIVEN = (
    "Ada Ben Chloe Diego Emma Farid Grace Hana Ivan Jonas Kofi Lena Mei Noah Olga Priya Quinn Rosa Sven Tara"
)
FAMILY = (
    "Adams Bauer Castillo Dubois Eriksen Fischer Garcia Haddad Ito Jensen Kowalski Larsen Moreau Nguyen "
    "Okafor Patel Quist Rossi Silva Tanaka"
)


def main(folder: Path) -> None:
    """Write plans, accounts, installers, consents and the day into the folder."""
    rng = random.Random(SHIPPED_SEED)
    everybody = [f"{given} {family}" for given in GIVEN.split() for family in FAMILY.split()]
    names = sorted(everybody, key=lambda _: rng.random())
    numbers = range(1, ACCOUNTS + 1)
    write_rows(folder / "plans.csv", ("name", "list_price_cents"), PLANS.items())
    write_rows(
        folder / "accounts.csv",
        ("account_id", "customer_id", "name"),
        [(f"A-{number:04d}", f"C-{number:04d}", names[number]) for number in numbers],
    )
    write_rows(
        folder / "installers.csv",
        ("installer_id", "name"),
        [(f"I-{number:02d}", names[-number]) for number in range(1, INSTALLERS + 1)],
    )
    write_rows(
        folder / "consents.csv",
        ("account_id", "email", "consent"),
        [(f"A-{number:04d}", _email(names[number]), _consent(number)) for number in numbers],
    )
    day = generated_day(company(folder), seed=SHIPPED_SEED)
    write_rows(folder / "day.csv", ACTION_COLUMNS, map(action_row, day))


def _email(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@customers.example"


def _consent(number: int) -> str:
    """Drawn for itself, so that the other files stay as they were before there were consents."""
    drawn = random.Random(f"consent {SHIPPED_SEED} {number}").random()
    return "yes" if drawn * 100 < CONSENT_PERCENT else "no"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
