"""What texts in bodies may hold, and how that is told."""

TEXT = r"^[^\x00]*$"
LABEL_KEY = r"^[^\x00\x1f=,]+$"
LABEL_VALUE = r"^[^\x00\x1f]*$"
LABEL = r"^[^\x00\x1f=,]+=[^\x00\x1f]*$"

WORDS = {
    TEXT: "text must not hold a NUL character",
    LABEL_KEY: "a label's key must not hold =, a comma or the control characters NUL and 0x1F",
    LABEL_VALUE: "a label's value must not hold the control characters NUL and 0x1F",
    LABEL: "give a label as key=value, with no comma in the key and no control characters NUL and 0x1F",
}
"""By pattern."""
