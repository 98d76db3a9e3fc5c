"""Words of files for missing values and for booleans."""

# pyarrow.csv's default markers of missing values.
USUAL_MISSING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A",
    "NA", "NULL", "NaN", "n/a", "nan", "null",
)  # fmt: skip
# Further markers, used only in a column whose other cells are all numbers or times.
POSSIBLE_MISSING = (
    "?", "-", "--", "---", ".", "..", "*", "n.a.", "N.A.", "na", "Na", "n/d", "N/D", "none", "None",
    "NONE", "nil", "Null", "missing", "Missing", "MISSING", "unknown", "Unknown", "UNKNOWN", "\\N",
    "<NA>", "(null)", "NaT", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NULL!", "#NAME?",
)  # fmt: skip

# A column of such words is boolean only if the client states its kind; in any case.
STATED_TRUE = ("true", "t", "yes", "y", "on", "1", "1.0")
STATED_FALSE = ("false", "f", "no", "n", "off", "0", "0.0")
