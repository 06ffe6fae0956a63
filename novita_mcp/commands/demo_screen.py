"""What the demo draws: plain where the output is no terminal."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from novita_mcp.commands.demo_digits import large
from novita_mcp.domain.base import clean, usd
from novita_mcp.domain.connections import Connections
from novita_mcp.domain.plans import Plan
from novita_mcp.domain.policy import Verdict
from novita_mcp.tools.account import Spending
from novita_mcp.tools.catalog import ProductRow

WIDEST = 96
INDENT = 4
MARKS = {"pass": ("✔", "green"), "warn": ("!", "yellow"), "deny": ("✘", "red")}


class Trail:
    """The states an instance passes through, drawn while they change."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("asking …", total=None)
        self.states: list[str] = []

    async def note(self, progress: float, total: float | None, message: str | None) -> None:
        """Take one progress notification of the server's."""
        state = clean((message or "").rpartition(" is ")[2])
        if state and state not in self.states:
            self.states.append(state)
        self._progress.update(self._task, description=str(self))

    def __str__(self) -> str:
        return " ▸ ".join(self.states)


class Screen:
    """The terminal, or whatever the output goes to."""

    def __init__(self, console: Console) -> None:
        self.console = console
        console.width = min(console.width, WIDEST)

    def opening(self, tools: int, protocol: str) -> None:
        """Say what is about to be seen."""
        lines = Text.assemble(
            ("An agent rents a GPU. A person decides.\n", "bold"),
            (f"A real MCP client, over stdio: {tools} tools, protocol {protocol}.\n", ""),
            ("Novita is the built-in simulator: no key, no network, no money.", "dim"),
        )
        self.console.print(Panel(lines, box=box.HEAVY, border_style="cyan", padding=(0, 2)))

    def heading(self, number: int, title: str) -> None:
        """Begin a step."""
        self.console.print()
        self.console.print(Text.assemble((f" {number} ", "bold reverse cyan"), "  ", (title, "bold")))

    def call(self, tool: str, arguments: Mapping[str, object]) -> None:
        """Show what the agent calls."""
        shown = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        self._indented(Text(f"→ {tool}({shown})", style="dim"))

    def held(self, text: str) -> None:
        """Say what was checked at the end of a step."""
        self._indented(Text.assemble(("✔ ", "bold green"), (text, "green")))

    def failure(self, text: str) -> None:
        """Say what did not hold."""
        self.console.print()
        self.console.print(Panel(Text(clean(text)), title="The demo stopped", border_style="red", box=box.HEAVY))

    def offers(self, rows: tuple[ProductRow, ...]) -> None:
        """Draw what can be rented."""
        table = Table("Product", "GPU", box=box.SIMPLE_HEAD, pad_edge=False)
        for label in ("per hour", "spot"):
            table.add_column(label, justify="right")
        table.add_column("stock")
        for row in rows:
            spot = usd(row.spot_hourly_per_gpu) if row.spot_hourly_per_gpu else "–"
            price = Text(usd(row.hourly), style="bold green")
            table.add_row(clean(row.product_id), clean(row.name), price, spot, row.stock)
        self._indented(table)

    def plan(self, plan: Plan) -> None:
        """Draw a plan, its price first and large."""
        assert plan.quote is not None
        costs = Table(box=None, show_header=False, pad_edge=False)
        costs.add_column()
        costs.add_column(justify="right")
        for line in plan.quote.lines:
            costs.add_row(clean(line.item), f"{usd(line.hourly)}/h")
        for label, amount in (("per day", plan.quote.daily), ("whole lease", plan.quote.lease_total)):
            costs.add_row(Text(label, style="dim"), Text(usd(amount, 2), style="dim"))
        content = Group(self._price(plan.quote.hourly), "", costs, "", _guardrails(plan.guardrails))
        self._indented(Panel(content, title="The plan", title_align="left", border_style="cyan", padding=(1, 2)))

    def denial(self, verdicts: tuple[Verdict, ...], advice: tuple[str, ...]) -> None:
        """Draw why the guardrails said no."""
        notes = [Text(f"• {clean(line)}", style="dim") for line in advice]
        content = Group(_guardrails(verdicts), "", *notes)
        self._indented(Panel(content, title="Denied", title_align="left", border_style="red", padding=(1, 2)))

    def question(self, text: str) -> None:
        """Draw the server's question as a person sees it."""
        headline, _, facts = text.partition("\n\n")
        panel = Panel(
            Group(Text(clean(headline), style="bold"), "", _facts(facts.splitlines())),
            title="A person is asked",
            title_align="left",
            border_style="yellow",
            box=box.DOUBLE,
            padding=(1, 2),
        )
        self._indented(panel)

    @contextmanager
    def trail(self) -> Iterator[Trail]:
        """Draw the states of an instance while it is waited for."""
        indent = TextColumn(" " * (INDENT - 1))
        columns = indent, SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        live = self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=not live) as progress:
            yield Trail(progress)

    def connections(self, found: Connections) -> None:
        """Draw the ways into the instance."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, address in (("SSH", found.ssh_command), ("Web terminal", found.web_terminal_url)):
            table.add_row(label, Text(clean(address), style="cyan"))
        for port in found.ports:
            table.add_row(f"Port {port.port}/{port.type}", Text(clean(port.endpoint), style="cyan"))
        self._indented(table)

    def totals(self, spending: Spending, seconds: float, questions: int) -> None:
        """Draw what it came to."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(justify="right", style="bold")
        table.add_row("Cost in the simulation", usd(spending.month_to_date, 6))
        table.add_row("Balance left", usd(spending.balance, 4))
        table.add_row("Still running", str(spending.running))
        table.add_row("Burn rate now", f"{usd(spending.burn_hourly)}/h")
        table.add_row("Questions to a person", str(questions))
        table.add_row("Time", f"{seconds:.0f} s")
        table.add_row("Cost in the real world", Text("$0.00", style="bold green"))
        self._indented(Panel.fit(table, title="Totals", title_align="left", border_style="green", padding=(1, 2)))

    def _price(self, hourly: Decimal | None) -> RenderableType:
        price = usd(hourly)
        if not self.console.is_terminal:
            return Text(f"{price} per hour", style="bold green")
        return Columns([Text(large(price), style="bold green"), Text("\n\nper hour", style="green")], padding=(0, 2))

    def _indented(self, drawing: RenderableType) -> None:
        self.console.print(Padding(drawing, (0, 0, 0, INDENT), expand=False))


def _facts(lines: list[str]) -> Table:
    """The question's lines as they came, in two columns, so that long values stay readable."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for line in lines:
        label, _, value = line.partition("  ")
        style = "bold green" if label == "Price" else ""
        table.add_row(clean(label), Text(clean(value).strip(), style=style))
    return table


def _guardrails(verdicts: tuple[Verdict, ...]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for verdict in verdicts:
        mark, style = MARKS[verdict.verdict]
        table.add_row(Text(mark, style=f"bold {style}"), verdict.rule, clean(verdict.message))
    return table
