"""Readable names for the till's shorthand: 'FRZN MEAT/MEAT DINNERS' → 'Frozen meat/meat dinners'.

Only labels come from here; ids stay as the data have them.
"""

from __future__ import annotations

import re

import pandas as pd

_WORDS = {
    "BEERALEMALT": "beer, ale, malt",
    "BEV": "beverage",
    "BKD": "baked",
    "BRD": "bread",
    "BRKFST": "breakfast",
    "BTL": "bottle",
    "BTR": "butter",
    "CARB": "carbonated",
    "CHIX": "chicken",
    "CHOCOCLATE": "chocolate",
    "CND": "canned",
    "CNTRL": "control",
    "CRBNTD": "carbonated",
    "DNRS": "dinners",
    "DOGFD": "dog food",
    "DRNK": "drink",
    "DRNKNG": "drinking",
    "FD": "food",
    "FEM": "feminine",
    "FLVR": "flavor",
    "FLVRD": "flavored",
    "FLAV": "flavored",
    "FRZ": "frozen",
    "FRZN": "frozen",
    "GDS": "goods",
    "GRND": "ground",
    "HNGRS": "hangers",
    "INCL": "including",
    "JCE": "juice",
    "LIQ": "liquid",
    "MLK": "milk",
    "MNRL": "mineral",
    "ORGNZRS": "organizers",
    "OTYHER": "other",
    "PKGD": "packaged",
    "PCKGD": "packaged",
    "PKLD": "pickled",
    "PK": "pack",
    "PLSTC": "plastic",
    "PREP": "prepared",
    "PREPORTND": "preportioned",
    "PRPCK": "prepacked",
    "PROTIEN": "protein",
    "PWDRS": "powders",
    "REFRGRATD": "refrigerated",
    "REFRIG": "refrigerated",
    "REG": "regular",
    "RTS": "ready-to-serve",
    "SFT": "soft",
    "SGL": "single",
    "SHERBTS": "sherbets",
    "SHLFSH": "shellfish",
    "SNGL": "single",
    "SPECILATY": "specialty",
    "SPLY": "supplies",
    "SS": "single-serve",
    "SUPPPLIES": "supplies",
    "SW": "sweet",
    "SWT": "sweet",
    "VEG": "vegetable",
    "WHLSM": "wholesome",
    "WTR": "water",
    "XPCTRNT": "expectorant",
    "BBQ": "BBQ",
    "DXM": "DXM",
    "TV": "TV",
    "OJ": "orange juice",
    "GM": "GM",
}
_UNITS = re.compile(r"\b(OZ|LB|CT|PK|ML|GAL|QT|PT|IN|FT|SQ|YDS|GR|EA)\b")


def readable(shorthand: str) -> str:
    """Sentence case, abbreviations written out, a bracket that the till cut off removed."""
    whole = re.sub(r"\s*\((?![^()]*\))[^()]*$", "", shorthand.strip()) or shorthand.strip()
    words = re.sub(r"[A-Za-z]+", lambda m: _WORDS.get(m[0].upper(), m[0].lower()), whole)
    words = re.sub(r"\s+", " ", re.sub(r":(?=\S)", ": ", words)).strip(" -/:")
    return words[:1].upper() + words[1:]


def readable_size(size: str) -> str:
    """'2 LB(32 OZ)' → '2 lb (32 oz)'."""
    text = _UNITS.sub(lambda m: m[0].lower(), re.sub(r"\s+", " ", size.strip()))
    return re.sub(r"(?<=\S)\(", " (", text)


def type_names(products: pd.DataFrame) -> pd.Series:
    """One label a product type: with its category in front where the type alone says little ('Premium').

    products   department, category, type (missing: the next wider one stands in)
    """
    wider = products["category"].fillna(products["department"])
    return pd.Series(
        [_type_name(narrow, wide) for narrow, wide in zip(products["type"].fillna(wider), wider, strict=True)],
        index=products.index,
        dtype="str",
    )


def product_names(types: pd.Series, sizes: pd.Series, ids: pd.Series) -> pd.Series:
    """Type and package size; the product's number where several would be called the same."""
    names = types + sizes.map(readable_size, na_action="ignore").radd(", ").fillna("")
    return names.where(~names.duplicated(keep=False), names + " · no. " + ids)


def _type_name(narrow: str, wide: str) -> str:
    name, category = readable(narrow), readable(wide)
    if name == category or len(re.findall(r"[A-Za-z]{3,}", name)) > 1 or _stems(name) & _stems(category):
        return name
    return f"{category}: {name[:1].lower()}{name[1:]}"


def _stems(text: str) -> set[str]:
    return {word.lower()[:5] for word in re.findall(r"[A-Za-z]{3,}", text)}
