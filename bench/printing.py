"""The figures as a table."""

from collections.abc import Sequence

from bench.contest import BYTES, MOST_TIMES_P50, SERVICE, SQL, Outcome


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    for o in outcomes:
        print(
            f"{o.name:24} {o.rate(SERVICE):8.0f}/s p50 {o.p50(SERVICE):6.1f} p99 {o.p99(SERVICE):6.1f} x{o.spread:4.1f}"
            + "".join(
                f" | {f} {o.rate(f):.0f}/s p50 {o.p50(f):.1f} p99 {o.p99(f):.1f} ratio {o.ratio(f):.2f}"
                for f in (BYTES, SQL)
                if f in o.laps
            )
        )
