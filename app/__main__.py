"""The entry point of the command `tiendo`."""

import signal


def main() -> None:
    """Run the command. Until it handles Ctrl-C itself, Ctrl-C ends it without a stack trace."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.main import main as run  # noqa: PLC0415 - imports take longer than people wait

    run()


if __name__ == "__main__":
    main()
