"""The rules of a reorganisation: which agencies end, begin and continue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.reorganisations.rules import Change, Link, Unit, errors_of, outcome_of
from app.vocabulary import AgencyKind

EXISTING = ("a", "b", "c", "d", "province")


def new(code: str) -> Unit:
    return Unit(code, f"Xã {code}", AgencyKind.COMMUNE, "province")


MERGER = Change(("a", "b"), (new("x"),))
INTO_ONE_THAT_CONTINUES = Change(("a",), (Unit("b"),))
REUSED_CODE = Change(("a", "b"), (new("a"),))
NEW_NAME = Change(("a",), (Unit("a", name="Phường A"),))
NEW_CODE = Change(("a",), (new("x"),))
DIVISION = Change(("a",), (new("x"), new("y")), whole=False)
END = Change(("a",), (), taken_over_by="province")


@pytest.mark.parametrize(
    ("change", "ended", "created", "continued", "links"),
    [
        (MERGER, "ab", "x", "", [Link("a", "x", True), Link("b", "x", True)]),
        (INTO_ONE_THAT_CONTINUES, "a", "", "b", [Link("a", "b", True)]),
        (REUSED_CODE, "ab", "a", "", [Link("a", "a", True), Link("b", "a", True)]),
        (NEW_NAME, "", "", "a", []),
        (NEW_CODE, "a", "x", "", [Link("a", "x", True)]),
        (DIVISION, "a", "xy", "", [Link("a", "x", False), Link("a", "y", False)]),
        (END, "a", "", "", []),
    ],
)
def test_what_a_change_makes_of_the_agencies(
    change: Change, ended: str, created: str, continued: str, links: list[Link]
) -> None:
    outcome = outcome_of([change], EXISTING)
    assert errors_of([change], EXISTING) == []
    assert outcome.ended == tuple(ended)
    assert [unit.code for unit in outcome.created] == list(created)
    assert [unit.code for unit in outcome.continued] == list(continued)
    assert list(outcome.links) == links


def test_parents_are_created_before_their_children() -> None:
    ward = Unit("w", "Phường W", AgencyKind.WARD, "p")
    province = Unit("p", "Tỉnh P", AgencyKind.PROVINCE, "country")
    outcome = outcome_of([Change(("a",), (ward,)), Change(("b",), (province,))], EXISTING)
    assert [unit.code for unit in outcome.created] == ["p", "w"]


def test_one_unit_can_take_from_several_changes() -> None:
    parts = [Change(("a",), (new("x"), new("y")), whole=False), Change(("b",), (Unit("x"),))]
    outcome = outcome_of(parts, EXISTING)
    assert errors_of(parts, EXISTING) == []
    assert Link("a", "x", False) in outcome.links
    assert Link("b", "x", True) in outcome.links


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ([Change(("a",), (new("x"), new("y")))], "/changes/0/whole", "several_successors"),
        ([Change(("a",), (new("x"),), whole=False)], "/changes/0/whole", "one_successor"),
        ([MERGER, Change(("b",), (new("y"),))], "/changes/0/from/1", "given_twice"),
        ([Change(("a", "a"), (new("x"),))], "/changes/0/from/0", "given_twice"),
        ([Change(("a",), (Unit("x", name="Xã X"),))], "/changes/0/to/0", "incomplete"),
        ([MERGER, Change(("c",), (Unit("x", name="Y"),))], "/changes/1/to/0", "different"),
        ([END, Change(("b",), (), taken_over_by="a")], "/changes/1/taken_over_by", "taker_ends"),
    ],
)
def test_changes_that_contradict_each_other(changes: list[Change], pointer: str, code: str) -> None:
    assert (pointer, code) in [
        (error.pointer, error.code) for error in errors_of(changes, EXISTING)
    ]


CODES = st.sampled_from("abcdwxyz")


@st.composite
def changes_of_any_kind(draw: st.DrawFn) -> list[Change]:
    """Changes without errors."""
    changes = [
        Change(
            tuple(draw(st.lists(CODES, min_size=1, max_size=3, unique=True))),
            tuple(new(code) for code in draw(st.lists(CODES, max_size=3, unique=True))),
            whole=draw(st.booleans()),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    return changes if not errors_of(changes, "abcd") else []


@given(changes_of_any_kind())
def test_every_agency_ends_begins_or_continues_once(changes: list[Change]) -> None:
    outcome = outcome_of(changes, "abcd")
    ended = set(outcome.ended)
    created = [unit.code for unit in outcome.created]
    continued = [unit.code for unit in outcome.continued]
    assert not ended & set(continued)
    assert not set(created) & set(continued)
    assert set(continued) <= set("abcd")
    # A code is in use once after it: what is created is free then.
    assert not set(created) & (set("abcd") - ended)
    assert {link.target for link in outcome.links} <= {*created, *continued}
    wholes: dict[str, set[bool]] = {}
    for link in outcome.links:
        wholes.setdefault(link.source, set()).add(link.whole)
    for link in outcome.links:
        if wholes[link.source] == {True}:
            assert len([each for each in outcome.links if each.source == link.source]) == 1
