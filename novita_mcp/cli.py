"""The command line. Nothing heavy is imported before a command needs it."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from novita_mcp import __version__
from novita_mcp.errors import NovitaMcpError, SettingsError

PROGRAM = "novita-mcp"
USAGE_ERROR = 2
LONGEST_WINDOW = timedelta(hours=24)


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
    _add_approving(commands)
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


def _add_approving(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    pending = commands.add_parser("pending", help="list the plans that wait for a person's yes")
    pending.set_defaults(command=_pending)
    approve = commands.add_parser(
        "approve",
        help="say yes to a plan, or beforehand to a window of time",
        description="Say yes to one plan that waits, or with --for to creates and starts within limits. "
        "Needs a real terminal: the answer is typed by hand.",
    )
    approve.add_argument("plan_id", nargs="?", metavar="PLAN_ID", help="from `novita-mcp pending`")
    approve.add_argument("--for", type=_duration, dest="lasts", metavar="TIME", help="open a window: 2h, 90m, 1h30m")
    approve.add_argument("--max-hourly", type=_dollars, metavar="USD", help="most that one instance costs per hour")
    approve.add_argument("--max-total", type=_dollars, metavar="USD", help="most that the whole window costs")
    approve.add_argument("--stop", action="store_true", help="end the window")
    approve.set_defaults(command=_approve, usage_error=approve.error)
    for command in (pending, approve):
        command.add_argument("--state-dir", type=Path, metavar="FOLDER", help="the ledger of another state folder")


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(?:([0-9]{1,2})h)?(?:([0-9]{1,4})m)?", text)
    lasts = timedelta(hours=int(match[1] or 0), minutes=int(match[2] or 0)) if match else timedelta(0)
    if not timedelta(0) < lasts <= LONGEST_WINDOW:
        raise argparse.ArgumentTypeError(f"must be a time up to 24 hours like 2h, 90m or 1h30m, not {text!r}")
    return lasts


def _dollars(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", text):
        raise argparse.ArgumentTypeError(f"must be an amount in USD like 2 or 0.50, not {text!r}")
    return Decimal(text)


def _add_owning(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reap = commands.add_parser("reap", help="stop every instance whose lease has run out")
    reap.add_argument("--watch", action="store_true", help="for ever, every half minute")
    reap.set_defaults(command=_reap)
    reaper = commands.add_parser("install-reaper", help="set up a job that runs `reap` while no server does")
    reaper.add_argument(
        "--print", choices=("systemd", "launchd", "cron", "ci"), dest="show", help="print, do not write"
    )
    reaper.set_defaults(command=_install_reaper)
    login = commands.add_parser("login", help="keep the API key in the system keyring")
    login.add_argument("--file", action="store_true", dest="into_file", help="in a file that only you can read")
    login.set_defaults(command=_login)
    ssh = commands.add_parser("ssh", help="show how to log in to an instance, with its password")
    ssh.add_argument("instance_id", metavar="INSTANCE_ID", help="from list_gpu_instances")
    ssh.add_argument("--password-file", type=Path, metavar="PATH", help="keep the password in a file only you can read")
    ssh.set_defaults(command=_ssh)
    ledger = commands.add_parser("ledger", help="show what was asked, approved and done")
    ledger.add_argument("--json", action="store_true", dest="as_json", help="as JSON")
    ledger.add_argument("--verify", action="store_true", help="check that no line was changed or removed")
    ledger.set_defaults(command=_ledger)


def _serve(options: argparse.Namespace) -> int:
    from novita_mcp.settings import load_settings

    settings = load_settings(os.environ, simulate=options.simulate)  # said before the SDK is loaded

    from novita_mcp.commands import serve

    return serve.run(settings, simulate=options.simulate)


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


def _pending(options: argparse.Namespace) -> int:
    from novita_mcp.commands import pending

    return pending.run(state_dir=options.state_dir)


def _approve(options: argparse.Namespace) -> int:
    limits = (options.lasts, options.max_hourly, options.max_total)
    wanted = (options.plan_id is not None, any(limit is not None for limit in limits), options.stop)
    if sum(wanted) != 1:
        options.usage_error("name one of: a PLAN_ID; --for with --max-hourly and --max-total; --stop")
    from novita_mcp.commands import approve

    if options.stop:
        return approve.stop(state_dir=options.state_dir)
    if options.plan_id is not None:
        return approve.approve_plan(options.plan_id, state_dir=options.state_dir)
    if None in limits:
        options.usage_error("a window needs --for, --max-hourly and --max-total")
    return approve.open_for(*limits, state_dir=options.state_dir)


def _reap(options: argparse.Namespace) -> int:
    from novita_mcp.commands import reap

    return reap.run(watch=options.watch)


def _install_reaper(options: argparse.Namespace) -> int:
    from novita_mcp.commands import install_reaper

    return install_reaper.run(show=options.show)


def _login(options: argparse.Namespace) -> int:
    from novita_mcp.commands import login

    return login.run(into_file=options.into_file)


def _ssh(options: argparse.Namespace) -> int:
    from novita_mcp.commands import ssh

    return ssh.run(options.instance_id, password_file=options.password_file)


def _ledger(options: argparse.Namespace) -> int:
    from novita_mcp.commands import ledger

    return ledger.run(as_json=options.as_json, verify=options.verify)
