"""The command line. Nothing heavy is imported before a command needs it."""

import argparse
import sys
from collections.abc import Callable, Sequence

from novita_mcp import __version__
from novita_mcp.errors import NovitaMcpError, SettingsError

PROGRAM = "novita-mcp"
USAGE_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; an error of ours ends in one clear message."""
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except NovitaMcpError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="An MCP server that lets an AI agent rent GPUs on Novita AI, under a person's control.",
        epilog="Without a command it serves MCP on stdio. Settings: see the README.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.set_defaults(command=_serve, simulate=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_serving(commands)
    _add_owning(commands)
    return parser


def _add_serving(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="serve MCP on stdio (the default)")
    serve.add_argument("--simulate", action="store_true", help="against the embedded simulator: no key, no network")
    serve.set_defaults(command=_serve)
    demo = commands.add_parser("demo", help="watch a GPU being rented, end to end, against the simulator")
    demo.add_argument("--yes", action="store_true", help="answer the approval with yes")
    demo.set_defaults(command=_demo)
    simulator = commands.add_parser("simulator", help="run the simulated Novita API as an HTTP server on loopback")
    simulator.add_argument("--host", default="127.0.0.1")
    simulator.add_argument("--port", type=int, default=0, help="0 picks a free one and prints it")
    simulator.set_defaults(command=_simulator)
    doctor = commands.add_parser("doctor", help="say what is configured, reachable and allowed, and what is not")
    doctor.set_defaults(command=_doctor)


def _add_owning(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reap = commands.add_parser("reap", help="stop every instance whose lease has run out")
    reap.add_argument("--watch", action="store_true", help="for ever, every half minute")
    reap.set_defaults(command=_reap)
    ledger = commands.add_parser("ledger", help="show what was asked, approved and done")
    ledger.add_argument("--json", action="store_true", dest="as_json", help="as JSON")
    ledger.add_argument("--verify", action="store_true", help="check that no line was changed or removed")
    ledger.set_defaults(command=_ledger)


def _serve(options: argparse.Namespace) -> int:
    from novita_mcp.commands import serve

    return serve.run(simulate=options.simulate)


def _demo(options: argparse.Namespace) -> int:
    from novita_mcp.commands import demo

    return demo.run(yes=options.yes)


def _simulator(options: argparse.Namespace) -> int:
    from novita_mcp.commands import simulator

    return simulator.run(host=options.host, port=options.port)


def _doctor(options: argparse.Namespace) -> int:
    del options
    from novita_mcp.commands import doctor

    return doctor.run()


def _reap(options: argparse.Namespace) -> int:
    from novita_mcp.commands import reap

    return reap.run(watch=options.watch)


def _ledger(options: argparse.Namespace) -> int:
    from novita_mcp.commands import ledger

    return ledger.run(as_json=options.as_json, verify=options.verify)
