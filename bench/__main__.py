"""`make bench`: how fast it starts, and what it costs an agent to have and to use."""

import anyio
from rich.console import Console

from bench.cold_start import cold_start_table
from bench.tokens import result_table, tool_table


def main() -> None:
    console = Console()
    console.print(cold_start_table())
    console.print(anyio.run(tool_table))
    console.print(anyio.run(result_table))


if __name__ == "__main__":
    main()
