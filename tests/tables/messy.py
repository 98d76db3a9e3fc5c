"""A synthetic messy table with a known ground truth, generated from a seed.

House sales as exported from a spreadsheet: byte order mark, semicolons, decimal commas, German
dates, padded names, several notations of missing values, a rare category, and a skewed price.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

ROWS = 20_000
REGIONS = ("north", "south", "east", "west", "centre")
RARE_REGION = "island"
HEATINGS = ("gas", "oil", "heat pump", "district", "wood")
HEADER = (
    "id", " area ", "rooms", "built", "region", "heating", "sold on", "garden", "distance",
    "balcony", "remark", "price", "quick sale", "part",
)  # fmt: skip


@dataclass(frozen=True)
class MessyTable:
    """The file, and the values that a correct reader extracts from it.

    Attributes:
        content: the file's bytes.
        numbers: columns by name, `(rows,)`, NaN for missing values.
        texts: columns by name, `(rows,)`, empty for missing values.
        days: days of sale since 1970, `(rows,)`.
        price: positive and skewed, `(rows,)`.
        quick: whether the house was sold quickly, `(rows,)`.
        validation_rows: boolean mask of the validation rows, `(rows,)`.
    """

    content: bytes
    numbers: dict[str, NDArray[np.float64]]
    texts: dict[str, NDArray[np.str_]]
    days: NDArray[np.int64]
    price: NDArray[np.float64]
    quick: NDArray[np.bool_]
    validation_rows: NDArray[np.bool_]


def build_messy_table(rows: int = ROWS, seed: int = 0) -> MessyTable:
    """Return a table of `rows` rows; equal seeds produce equal bytes."""
    rng = np.random.default_rng(seed)
    numbers = {
        "area": np.exp(rng.normal(4.6, 0.4, rows)).round(1),
        "rooms": rng.integers(1, 9, rows).astype(float),
        "built": rng.integers(1890, 2024, rows).astype(float),
        "garden": np.where(rng.random(rows) < 0.4, 0.0, rng.exponential(300, rows)).round(0),
        "distance": rng.gamma(2.0, 6.0, rows).round(2),
    }
    region = rng.choice(REGIONS, rows, p=(0.3, 0.25, 0.2, 0.15, 0.1))
    region[rng.choice(rows, max(rows // 2500, 3), replace=False)] = RARE_REGION
    heating = rng.choice(HEATINGS, rows, p=(0.45, 0.25, 0.12, 0.1, 0.08))
    balcony = rng.random(rows) < 0.35
    days = (date(2015, 1, 1) - date(1970, 1, 1)).days + rng.integers(0, 9 * 365, rows)
    log_price, chance = _truth(numbers, region, heating, balcony, days)
    price = np.exp(log_price + rng.normal(0, 0.15, rows)).round(2)
    quick = rng.random(rows) < chance
    validation_rows = rng.random(rows) < 0.2
    gone = {
        "area": rng.random(rows) < 0.04,
        "built": rng.random(rows) < 0.08,
        "garden": rng.random(rows) < 0.12,
        # Large distances are missing more often: missingness is informative.
        "distance": rng.random(rows) < np.clip(numbers["distance"] / 80, 0, 0.6),
    }
    for name, missing in gone.items():
        numbers[name] = np.where(missing, np.nan, numbers[name])
    texts = {
        "region": region.astype("U10"),
        "heating": np.where(rng.random(rows) < 0.06, "", heating),
        "balcony": np.where(balcony, "yes", "no"),
    }
    content = _write(numbers, texts, days, price, quick, validation_rows, rng)
    return MessyTable(content, numbers, texts, days, price, quick, validation_rows)


def _truth(
    numbers: dict[str, NDArray[np.float64]],
    region: NDArray[np.str_],
    heating: NDArray[np.str_],
    balcony: NDArray[np.bool_],
    days: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the expected logarithm of the price and the probability of a quick sale."""
    of_region = dict(zip((*REGIONS, RARE_REGION), (0.1, 0.0, -0.25, 0.2, 0.5, 0.9), strict=True))
    of_heating = dict(zip(HEATINGS, (0.0, -0.05, 0.15, 0.05, -0.1), strict=True))
    years = (days - days.min()) / 365.25
    season = np.sin(2 * np.pi * years)
    age = 2024 - numbers["built"]
    log_price = (
        10.2
        + 0.8 * np.log(numbers["area"] / 100)
        + 0.04 * numbers["rooms"]
        - 0.25 * np.sin(age / 40)
        + np.vectorize(of_region.get)(region)
        + np.vectorize(of_heating.get)(heating)
        + 0.07 * years
        + 0.08 * season
        + 0.1 * np.log1p(numbers["garden"] / 100)
        - 0.02 * numbers["distance"] * (region == "centre")
        - 0.012 * numbers["distance"]
        + 0.05 * balcony
    )
    score = (
        1.6 * season
        - 0.06 * (numbers["distance"] - 12)
        + 0.9 * (heating == "heat pump")
        - 1.1 * (heating == "oil")
        + 0.8 * balcony
        - 0.8 * (log_price - log_price.mean())
    )
    return log_price, 1 / (1 + np.exp(-1.5 * score))


def _write(
    numbers: dict[str, NDArray[np.float64]],
    texts: dict[str, NDArray[np.str_]],
    days: NDArray[np.int64],
    price: NDArray[np.float64],
    quick: NDArray[np.bool_],
    validation_rows: NDArray[np.bool_],
    rng: np.random.Generator,
) -> bytes:
    rows = len(price)
    words = rng.choice(["", "NA", "n/a", "-"], rows)
    spaces = rng.random(rows) < 0.1
    remark = rng.integers(0, 10**9, rows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)

    def number(name: str, row: int) -> str:
        value = numbers[name][row]
        return str(words[row]) if np.isnan(value) else f"{value:.10g}".replace(".", ",")

    for row in range(rows):
        region = str(texts["region"][row])
        writer.writerow(
            [
                f"H-{row:06d}",
                number("area", row),
                number("rooms", row),
                number("built", row),
                f" {region} " if spaces[row] else region,
                texts["heating"][row] or words[row],
                (date(1970, 1, 1) + timedelta(days=int(days[row]))).strftime("%d.%m.%Y"),
                number("garden", row),
                number("distance", row),
                texts["balcony"][row],
                f'seen; "as is" {remark[row]}',
                f"{price[row]:.2f}".replace(".", ","),
                "quick" if quick[row] else "slow",
                "test" if validation_rows[row] else "train",
            ]
        )
    return ("\ufeff" + out.getvalue()).encode()
