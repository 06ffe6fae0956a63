"""A price in figures three lines high."""

HEIGHT = 3
FIGURES = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", "╺━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    "$": ("┏╋╸", "┗╋┓", "╺╋┛"),
    ".": (" ", " ", "▪"),
    ",": (" ", " ", "╸"),
}


def large(price: str) -> str:
    """The price in large figures; a text with any other sign stays as it is."""
    if not set(price) <= FIGURES.keys():
        return price
    return "\n".join(" ".join(FIGURES[figure][line] for figure in price) for line in range(HEIGHT))
